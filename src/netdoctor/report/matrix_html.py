"""`matrix -o html`: one file without scripts; a grid where it fits a screen, else a block for each destination."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from netdoctor.policy.entities import Answer, Row
from netdoctor.policy.selection import numbers
from netdoctor.report.matrix import Selected
from netdoctor.report.naming import Names
from netdoctor.report.untrusted import in_html

_WIDEST_GRID = 60  # columns
_SIGNS = {Answer.ALLOWED: "●", Answer.PARTLY: "◐", Answer.UNKNOWN: "?", Answer.DENIED: ""}
_STYLE = """
:root { color-scheme: light dark; --line: light-dark(#ccc, #444); --head: light-dark(#f4f4f4, #222);
  --allowed: light-dark(#d3f0d8, #1d4426); --partly: light-dark(#fcefc7, #4a3f14);
  --unknown: light-dark(#e4e4f7, #33335a); }
body { font: 14px/1.4 system-ui, sans-serif; margin: 1.5rem; }
.scroll { overflow: auto; max-height: 85vh; border: 1px solid var(--line); }
table { border-collapse: collapse; }
th, td { border: 1px solid var(--line); padding: .2rem .4rem; font-weight: normal; }
thead th { position: sticky; top: 0; background: var(--head); vertical-align: bottom; }
thead th span { writing-mode: vertical-rl; transform: rotate(180deg); max-height: 18rem; }
tbody th { position: sticky; left: 0; background: var(--head); text-align: left; white-space: nowrap; }
td { text-align: center; } .allowed { background: var(--allowed); } .partly { background: var(--partly); }
.unknown { background: var(--unknown); } dt { font-weight: bold; margin-top: .8rem; } dd { margin-left: 1.5rem; }
""".strip()


def as_html(selected: Selected, head: dict[str, Any]) -> Iterator[str]:
    """The whole page."""
    yield f"<!doctype html><html lang=en><meta charset=utf-8><title>Who can reach whom</title><style>{_STYLE}</style>"
    yield '<meta name=viewport content="width=device-width, initial-scale=1"><h1>Who can reach whom</h1>'
    yield f"<p>By {in_html(head['by'])}, network plugin {in_html(head['cni'])}.</p>"
    for problem in head["problems"]:
        yield f"<p><strong>{in_html(problem['object'])}</strong>: {in_html(problem['text'])}</p>"
    grid = selected.sources.bit_count() <= _WIDEST_GRID and len(selected.destinations) <= _WIDEST_GRID
    yield from _grid(selected) if grid else _blocks(selected)
    yield "</html>\n"


def _grid(selected: Selected) -> Iterator[str]:
    """Destinations from top to bottom, sources from left to right; each cell names its ports."""
    sources = numbers(selected.sources)
    yield "<p>● every pair, ◐ some pods only, ? cannot be known; the ports are those of the destination.</p>"
    yield "<div class=scroll><table><thead><tr><th>to \\ from</th>"
    yield "".join(f"<th scope=col><span>{in_html(selected.name(source))}</span></th>" for source in sources)
    yield "</tr></thead><tbody>"
    for destination in selected.destinations:
        rows = [row for row in selected.rows(destination) if row.answer is not Answer.DENIED]
        yield f"<tr><th scope=row>{in_html(selected.name(destination))}</th>"
        yield "".join(_cell(selected, source, destination, rows) for source in sources)
        yield "</tr>\n"
    yield "</tbody></table></div>"


def _cell(selected: Selected, source: int, destination: int, rows: list[Row]) -> str:
    mine = [row for row in rows if row.sources >> source & 1]
    if not mine:
        return "<td></td>"
    said = "; ".join(f"{row.answer}: {selected.ports_text(row.ports)}" for row in mine)
    pair = f"{selected.name(source)} → {selected.name(destination)}"
    ports = ", ".join(dict.fromkeys(selected.ports_text(row.ports) for row in mine))
    answer = mine[0].answer
    return f'<td class={answer} title="{in_html(f"{pair}: {said}")}">{_SIGNS[answer]} {in_html(ports)}</td>'


def _blocks(selected: Selected) -> Iterator[str]:
    names = Names(selected.view.entities, selected.sources)
    yield "<dl>"
    for destination in selected.destinations:
        yield f"<dt>{in_html(selected.name(destination))}</dt>"
        rows = [row for row in selected.rows(destination) if row.answer is not Answer.DENIED]
        for row in rows:
            told = in_html(", ".join(names.told(row.sources)))
            ports = in_html(selected.ports_text(row.ports))
            yield f"<dd class={row.answer}>{_SIGNS[row.answer]} {ports} from {told}</dd>"
        if not rows:
            yield "<dd>nothing may reach it</dd>"
        yield "\n"
    yield "</dl>"
