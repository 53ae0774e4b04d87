r"""The one place where text from a cluster is made safe for a terminal, a web page or Markdown.

Names, labels, event messages and DNS answers are chosen by whoever may write to the cluster. Unescaped, they could
move the cursor over a verdict (ESC and C1 sequences), reverse the order of what is read (bidirectional overrides,
CVE-2021-42574), forge lines of the report (newlines), or run scripts where a report is shown.
"""

from __future__ import annotations

import re
from html import escape

_MARKUP = frozenset("\\`*_{}[]()#+!|~$")
_BEGINS_BLOCK = re.compile(r"(?:\d{1,9}(?=[.)](?:\s|$))|(?=[-=]))")
# What sites act on after Markdown is rendered, so that no backslash helps: links, mentions, issues.
_BEGINS_LINK = re.compile(r"(?<=:)(?=//)|(?<=www)(?=\.)|(?<=@)|(?<=#)(?=\d)", re.IGNORECASE)


def printable(text: str, *, ascii_only: bool = False) -> str:
    r"""`text` on one line, every unprintable character as its Python escape (``\n``, ``\x1b``, ``\u202e``).

    Unprintable are Unicode's categories Cc, Cf, Cs, Co, Cn, Zl, Zp, and Zs but for the space: C0 and C1 controls,
    DEL, bidirectional and zero-width characters, line separators, lone surrogates. A backslash stays itself.
    What is left is also what XML 1.0 can hold.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if c.isprintable() and (c.isascii() or not ascii_only) else _escape(c) for c in text)


def in_html(text: str) -> str:
    """Any text as text between tags of HTML, or in a quoted attribute."""
    return escape(printable(text))


def in_markdown(text: str) -> str:
    """Any text as plain text of Markdown, also in a table: no markup, mention, link or HTML of its own."""
    plain = escape(printable(text), quote=False).strip()
    escaped = "".join(f"\\{c}" if c in _MARKUP else c for c in plain)
    begin = _BEGINS_BLOCK.match(escaped)
    if begin:
        escaped = f"{begin[0]}\\{escaped[begin.end() :]}"
    return _BEGINS_LINK.sub("\u200b", escaped)


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
