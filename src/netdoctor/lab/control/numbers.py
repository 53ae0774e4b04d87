"""Numbers in text that anybody may have written."""

from __future__ import annotations

import re

_DIGITS = re.compile(r"[0-9]{1,9}")


def whole_number(text: str) -> int | None:
    """The number that a few digits stand for; None for everything else (signs, other scripts, thousands of digits)."""
    return int(text) if _DIGITS.fullmatch(text) else None
