"""`mesh -o html`: one file without scripts and without anything from elsewhere, to be sent and kept."""

from __future__ import annotations

from collections.abc import Iterator

from netdoctor.model.mesh_report import MeshReport
from netdoctor.report.check_html import finding_lines, listed_lines
from netdoctor.report.html_page import KINDS, MARKS, badge, head, table
from netdoctor.report.labels import labelled
from netdoctor.report.mesh_cells import HEADS, MOST_NODES, Cell, Grid, facts, grids, nodes, row, unexplained, wrong
from netdoctor.report.untrusted import in_html

_CELLS = """
td.ok { color: var(--ok); } td.failed { color: var(--failed); background: var(--failed-box); font-weight: bold; }
td.unseen { color: var(--unseen); background: var(--unseen-box); } tbody th { text-align: left; }
""".rstrip()


def mesh_html(report: MeshReport) -> Iterator[str]:
    """Lines of the whole page."""
    yield from head(f"{report.verdict}: mesh of {nodes(report)}", _CELLS)
    yield f"<article><h1>{badge(report.verdict)} Mesh of {nodes(report)}</h1>"
    if not report.causes:
        yield f"<p>{in_html(report.summary)}</p>"
    for label, cause in labelled(report.causes):
        yield from finding_lines(label, cause)
    yield from listed_lines("Not explained", unexplained(report))
    if len(report.nodes) <= MOST_NODES:
        for grid in grids(report):
            yield from _grid(grid)
    listed = wrong(report)
    if listed.rows:
        yield "<h3>What is not as it should be</h3>"
        yield from table(HEADS, iter(listed.rows))
    if listed.more:
        yield f"<p>and {listed.more}</p>"
    yield from listed_lines("What was tested", facts(report))
    yield from listed_lines("Not tested", ((item.what, item.because) for item in report.not_tested))
    if len(report.nodes) <= MOST_NODES:
        yield f"<details><summary>{len(report.pairs)} pairs</summary>"
        yield from table(HEADS, map(row, report.pairs))
        yield "</details>"
    yield "</article></body></html>"


def _grid(grid: Grid) -> Iterator[str]:
    heads = "".join(f'<th scope="col">{in_html(name)}</th>' for name in grid.nodes)
    yield f'<h3>{grid.heading}</h3><div class="scroll" tabindex="0"><table>'
    yield f"<thead><tr><th>from \\ to</th>{heads}</tr></thead><tbody>"
    for name, cells in zip(grid.nodes, grid.rows, strict=True):
        yield f'<tr><th scope="row">{in_html(name)}</th>{"".join(map(_cell, cells))}</tr>'
    yield "</tbody></table></div>"


def _cell(cell: Cell | None) -> str:
    """Its sign says it too, for those to whom colours say nothing."""
    if cell is None:
        return "<td></td>"
    kind = KINDS[cell.ok]
    return f'<td class="{kind}">{MARKS[kind]} {in_html(cell.text)}</td>'
