"""`mesh -o markdown`: for a ticket, a chat or a pull request."""

from __future__ import annotations

from collections.abc import Iterator

from netdoctor.model.mesh_report import MeshReport
from netdoctor.report.check_markdown import finding_lines, listed_lines, row_line
from netdoctor.report.labels import SIGNS, labelled, well
from netdoctor.report.mesh_cells import HEADS, MOST_NODES, Cell, Grid, facts, grids, nodes, unexplained, wrong
from netdoctor.report.untrusted import in_markdown


def mesh_markdown(report: MeshReport) -> Iterator[str]:
    """Lines of the report (CommonMark with tables)."""
    sign = "❔" if report.exit_code == 4 else SIGNS[well(report.verdict)]
    yield f"### {sign} {report.verdict}: mesh of {nodes(report)}"
    if not report.causes:
        yield ""
        yield in_markdown(report.summary)
    for label, cause in labelled(report.causes):
        yield from finding_lines(label, cause)
    yield from listed_lines("Not explained", unexplained(report))
    if len(report.nodes) <= MOST_NODES:
        for grid in grids(report):
            yield from _grid(grid)
    listed = wrong(report)
    if listed.rows:
        yield ""
        yield row_line(*HEADS)
        yield f"|{'---|' * len(HEADS)}"
        yield from (row_line(*cells) for cells in listed.rows)
    if listed.more:
        yield ""
        yield f"and {listed.more}"
    yield from listed_lines("What was tested", facts(report))
    yield from listed_lines("Not tested", ((item.what, item.because) for item in report.not_tested))


def _grid(grid: Grid) -> Iterator[str]:
    yield ""
    yield f"#### {grid.heading}"
    yield ""
    yield row_line("from \\ to", *grid.nodes)
    yield f"|{'---|' * (len(grid.nodes) + 1)}"
    for name, cells in zip(grid.nodes, grid.rows, strict=True):
        yield row_line(name, *(_cell(one) for one in cells))


def _cell(cell: Cell | None) -> str:
    return f"{SIGNS[cell.ok]} {cell.text}" if cell else "-"
