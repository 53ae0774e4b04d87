"""How a table may look on the terminal that it is for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Style:
    """What the output can show. The default suits a file or a pipe; nothing ever depends on `color` alone."""

    width: int = 80  # columns; prose is wrapped, commands never are
    color: bool = False
    ascii: bool = False  # the stream cannot encode ✓ and ✗
    quiet: bool = False  # the verdict, the causes and their fixes only
    verbose: bool = False  # what would change each cause, and which factor flipped what
