"""`mesh -o html`: one file without scripts and without anything from elsewhere, to be sent and kept."""

from __future__ import annotations

from collections.abc import Iterator

from netdoctor.model.mesh_report import MeshReport
from netdoctor.model.report import Verdict
from netdoctor.report.check_html import POLICY, finding_lines, listed_lines
from netdoctor.report.check_style import STYLE
from netdoctor.report.mesh_cells import HEADS, MOST_NODES, Cell, Grid, facts, grids, row, unexplained, wrong
from netdoctor.report.untrusted import in_html

_KINDS = {Verdict.HEALTHY: "ok", Verdict.UNHEALTHY: "failed"}
_MARKS = {"ok": "✓", "failed": "✗", "unseen": "?"}
_CELLS = """
td.ok { color: var(--ok); } td.failed { color: var(--failed); background: var(--failed-box); font-weight: bold; }
td.unseen { color: var(--unseen); background: var(--unseen-box); } tbody th { text-align: left; }
""".strip()


def mesh_html(report: MeshReport) -> Iterator[str]:
    """Lines of the whole page."""
    kind = _KINDS.get(report.verdict, "unseen")
    nodes = "1 node" if len(report.nodes) == 1 else f"{len(report.nodes)} nodes"
    title = f"{report.verdict}: mesh of {nodes}"
    yield '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{in_html(title)}</title><style>{STYLE}\n{_CELLS}</style></head><body><article>"
    yield f'<h1><strong class="verdict {kind}">{_MARKS[kind]} {report.verdict}</strong> Mesh of {nodes}</h1>'
    if not report.causes:
        yield f"<p>{in_html(report.summary)}</p>"
    for number, cause in enumerate(report.causes, start=1):
        label = "Cause" if len(report.causes) == 1 else f"Cause {number} of {len(report.causes)}"
        yield from finding_lines(label, cause)
    yield from listed_lines("Not explained", unexplained(report))
    if len(report.nodes) <= MOST_NODES:
        for grid in grids(report):
            yield from _grid(grid)
    listed = wrong(report)
    if listed.rows:
        yield from _table("What is not as it should be", HEADS, listed.rows)
    if listed.more:
        yield f"<p>and {listed.more}</p>"
    yield from listed_lines("What was tested", facts(report))
    yield from listed_lines("Not tested", ((item.what, item.because) for item in report.not_tested))
    if len(report.nodes) <= MOST_NODES:
        yield f"<details><summary>{len(report.pairs)} pairs</summary>"
        yield from _table("", HEADS, tuple(map(row, report.pairs)))
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
    kind = {True: "ok", False: "failed", None: "unseen"}[cell.ok]
    return f'<td class="{kind}">{_MARKS[kind]} {in_html(cell.text)}</td>'


def _table(heading: str, heads: tuple[str, ...], rows: tuple[tuple[str, ...], ...]) -> Iterator[str]:
    if heading:
        yield f"<h3>{heading}</h3>"
    yield f'<div class="scroll" tabindex="0"><table><thead><tr>{_cells("th", heads)}</tr></thead><tbody>'
    yield from (f"<tr>{_cells('td', texts)}</tr>" for texts in rows)
    yield "</tbody></table></div>"


def _cells(tag: str, texts: tuple[str, ...]) -> str:
    return "".join(f"<{tag}>{in_html(text)}</{tag}>" for text in texts)
