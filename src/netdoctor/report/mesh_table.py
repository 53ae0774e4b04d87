"""`mesh -o table`: what is wrong and what to do first, then who reaches whom."""

from __future__ import annotations

from netdoctor.model.mesh_report import MeshReport
from netdoctor.report.labels import COLORS, labelled, well
from netdoctor.report.mesh_cells import HEADS, MOST_NODES, Grid, facts, grids, nodes, row, unexplained, wrong
from netdoctor.report.page import Page
from netdoctor.report.style import Style
from netdoctor.report.table import tell_finding, tell_reasons

_LONGEST = 16  # characters of a cell in a table from node to node


def mesh_table(report: MeshReport, style: Style, *, wide: bool = False) -> str:
    """The report; `wide` lists every pair with its numbers."""
    page = Page(style)
    ok = well(report.verdict)
    about = page.text(f"mesh of {nodes(report)}", "bold")
    page.prose(page.mark(ok), page.text(f"{report.verdict}:", COLORS[ok]), about, hang=2)
    if not report.causes:
        page.prose(report.summary, indent=2)
    for label, cause in labelled(report.causes):
        tell_finding(page, label, cause, quiet=style.quiet)
    tell_reasons(page, "Not explained", list(unexplained(report)))
    if not style.quiet:
        _pairs(page, report, style, wide=wide)
        tell_reasons(page, "What was tested", list(facts(report)))
        tell_reasons(page, "Not tested", [(item.what, item.because) for item in report.not_tested])
    return str(page)


def _pairs(page: Page, report: MeshReport, style: Style, *, wide: bool) -> None:
    if wide:
        page.blank()
        page.columns([HEADS, *(row(pair) for pair in report.pairs)])
        return
    for grid in grids(report) if len(report.nodes) <= MOST_NODES else ():
        _grid(page, grid, style)
    listed = wrong(report)
    if listed.rows:
        page.blank()
        page.columns([HEADS, *listed.rows])
    if listed.more:
        page.prose(f"and {listed.more}")


def _grid(page: Page, grid: Grid, style: Style) -> None:
    """Columns are numbered like the rows, so that the nodes' names stand there once."""
    signs = {True: "", False: "!! " if style.ascii else "✗ ", None: "? "}
    rows = [[grid.heading.upper(), *(str(number) for number in range(1, len(grid.nodes) + 1))]]
    for number, (name, cells) in enumerate(zip(grid.nodes, grid.rows, strict=True), start=1):
        texts = [f"{signs[one.ok]}{one.text}"[:_LONGEST] if one else "-" for one in cells]
        rows.append([f"{number} {name}", *texts])
    page.blank()
    page.columns(rows)
