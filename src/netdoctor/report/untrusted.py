r"""The one place where text from a cluster is made safe for a terminal.

Names, labels, event messages and DNS answers are chosen by whoever may write to the cluster. Unescaped, they could
move the cursor over a verdict (ESC and C1 sequences), reverse the order of what is read (bidirectional overrides,
CVE-2021-42574) or forge lines of the report (newlines).
"""

from __future__ import annotations


def printable(text: str, *, ascii_only: bool = False) -> str:
    r"""`text` on one line, every unprintable character as its Python escape (``\n``, ``\x1b``, ``\u202e``).

    Unprintable are Unicode's categories Cc, Cf, Cs, Co, Cn, Zl, Zp, and Zs but for the space: C0 and C1 controls,
    DEL, bidirectional and zero-width characters, line separators, lone surrogates. A backslash stays itself.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if c.isprintable() and (c.isascii() or not ascii_only) else _escape(c) for c in text)


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
