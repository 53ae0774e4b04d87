"""Lays out lines of text; the only way for a table to say anything.

Every string passes `printable` here, so that no table can forget it. Markup, emoji codes and highlighting of rich
are never interpreted: texts are `Text` objects, not strings.
"""

from __future__ import annotations

from collections.abc import Sequence
from io import StringIO

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from netdoctor.report.style import Style
from netdoctor.report.untrusted import printable


class Page:
    """Collects lines; `str(page)` is the text with its closing newline."""

    def __init__(self, style: Style) -> None:
        self._style = style
        self._buffer = StringIO()
        self._console = Console(
            file=self._buffer,
            width=style.width,
            force_terminal=style.color,
            color_system="standard" if style.color else None,
            no_color=not style.color,
            legacy_windows=False,
            _environ={},
        )

    def __str__(self) -> str:
        return self._buffer.getvalue()

    def mark(self, ok: bool | None) -> Text:
        """✓, ✗ or ?, for what was seen as expected, was not, or was not seen at all."""
        signs = {True: ("✓", "ok", "green"), False: ("✗", "!!", "bold red"), None: ("?", "? ", "yellow")}
        unicode_sign, ascii_sign, color = signs[ok]
        return Text(ascii_sign if self._style.ascii else unicode_sign, color)

    def text(self, text: str, style: str = "") -> Text:
        """`text` made safe, to be combined with others into a line."""
        return Text(printable(text, ascii_only=self._style.ascii), style)

    def blank(self) -> None:
        """An empty line."""
        self._buffer.write("\n")

    def prose(self, *parts: str | Text, indent: int = 0, hang: int = 0) -> None:
        """The parts, separated by a space and wrapped; lines after the first are indented by `hang` more."""
        line = Text(" ").join(part if isinstance(part, Text) else self.text(part) for part in parts)
        width = max(self._style.width - indent - hang, 8)
        for number, wrapped in enumerate(line.wrap(self._console, width, overflow="fold")):
            self._print(indent + (hang if number else 0), wrapped)

    def verbatim(self, text: str, indent: int, style: str = "") -> None:
        """One line that is never broken, so that it can be copied: a command."""
        self._print(indent, self.text(text, style))

    def columns(self, rows: Sequence[Sequence[str]], indent: int = 0) -> None:
        """Rows of as many cells each, the header first; aligned and never wrapped, as kubectl prints them."""
        cells = [[self.text(cell, "bold" if i == 0 else "") for cell in row] for i, row in enumerate(rows)]
        widths = [max(cell_len(cell.plain) for cell in column) for column in zip(*cells, strict=True)]
        for row in cells:
            line = Text()
            for cell, width in zip(row, widths, strict=True):
                line.append_text(cell).append(" " * (width - cell_len(cell.plain) + 3))
            self._print(indent, line)

    def _print(self, indent: int, line: Text) -> None:
        line.rstrip()
        self._console.print(Text(" " * indent) + line, soft_wrap=True, highlight=False, markup=False, emoji=False)
