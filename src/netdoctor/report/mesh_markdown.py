"""`mesh -o markdown`: for a ticket, a chat or a pull request."""

from __future__ import annotations

from collections.abc import Iterator

from netdoctor.model.mesh_report import MeshReport
from netdoctor.report.check_markdown import finding_lines, listed_lines
from netdoctor.report.mesh_cells import HEADS, MOST_NODES, Cell, Grid, facts, grids, unexplained, wrong
from netdoctor.report.untrusted import in_markdown

_SIGNS = {True: "✅", False: "❌", None: "❔"}


def mesh_markdown(report: MeshReport) -> Iterator[str]:
    """Lines of the report (CommonMark with tables)."""
    sign = {0: "✅", 1: "❌"}.get(report.exit_code, "❔")
    nodes = "1 node" if len(report.nodes) == 1 else f"{len(report.nodes)} nodes"
    yield f"### {sign} {report.verdict}: mesh of {nodes}"
    if not report.causes:
        yield ""
        yield in_markdown(report.summary)
    for number, cause in enumerate(report.causes, start=1):
        label = "Cause" if len(report.causes) == 1 else f"Cause {number} of {len(report.causes)}"
        yield from finding_lines(label, cause)
    yield from listed_lines("Not explained", unexplained(report))
    if len(report.nodes) <= MOST_NODES:
        for grid in grids(report):
            yield from _grid(grid)
    listed = wrong(report)
    if listed.rows:
        yield ""
        yield _row(*HEADS)
        yield f"|{'---|' * len(HEADS)}"
        yield from (_row(*cells) for cells in listed.rows)
    if listed.more:
        yield ""
        yield f"and {listed.more}"
    yield from listed_lines("What was tested", facts(report))
    yield from listed_lines("Not tested", ((item.what, item.because) for item in report.not_tested))


def _grid(grid: Grid) -> Iterator[str]:
    yield ""
    yield f"#### {grid.heading}"
    yield ""
    yield _row("from \\ to", *grid.nodes)
    yield f"|{'---|' * (len(grid.nodes) + 1)}"
    for name, cells in zip(grid.nodes, grid.rows, strict=True):
        yield _row(name, *(_cell(one) for one in cells))


def _cell(cell: Cell | None) -> str:
    return f"{_SIGNS[cell.ok]} {cell.text}" if cell else "-"


def _row(*cells: str) -> str:
    return f"| {' | '.join(map(in_markdown, cells))} |"
