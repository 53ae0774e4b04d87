"""How a table may look on the terminal that it is for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Style:
    """What the output can show. The default suits a file or a pipe; nothing ever depends on `color` alone."""

    width: int = 80  # columns; prose is wrapped, commands never are
    color: bool = False
    ascii: bool = False  # the stream cannot encode ✓ and ✗
    quiet: bool = False  # the verdict, the causes and their fixes only
    verbose: bool = False  # what would change each cause, and which factor flipped what

    def marked_up(self, lines: Iterable[str]) -> str:
        """Lines of Markdown or HTML as one text, in which characters may be written by their numbers."""
        text = "".join(f"{line}\n" for line in lines)
        return text.encode("ascii", "xmlcharrefreplace").decode() if self.ascii else text
