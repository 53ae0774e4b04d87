"""A page of its own: without scripts, without anything from elsewhere, to be sent and kept."""

from __future__ import annotations

from collections.abc import Iterator

from netdoctor.model.report import Verdict
from netdoctor.report.check_style import STYLE
from netdoctor.report.labels import well
from netdoctor.report.untrusted import in_html

#: The classes of the style by whether something is well, and their signs for those to whom colours say nothing.
KINDS = {True: "ok", False: "failed", None: "unseen"}
MARKS = {"ok": "✓", "failed": "✗", "unseen": "?"}
# Should any text ever come to be markup, it could still load and run nothing.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def head(title: str, style: str = "") -> Iterator[str]:
    """Lines of the page up to where its body begins; `style` is CSS beside that of all pages."""
    yield '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{in_html(title)}</title><style>{STYLE}{style}</style></head><body>"


def badge(verdict: Verdict) -> str:
    """A verdict as it stands in a heading."""
    kind = KINDS[well(verdict)]
    return f'<strong class="verdict {kind}">{MARKS[kind]} {verdict}</strong>'


def table(heads: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> Iterator[str]:
    """Texts in rows under their heads, which scroll by themselves."""
    yield f'<div class="scroll" tabindex="0"><table><thead><tr>{_cells("th", heads)}</tr></thead><tbody>'
    yield from (f"<tr>{_cells('td', texts)}</tr>" for texts in rows)
    yield "</tbody></table></div>"


def _cells(tag: str, texts: tuple[str, ...]) -> str:
    return "".join(f"<{tag}>{in_html(text)}</{tag}>" for text in texts)
