"""Bytes from the network as text that is safe to print."""

from __future__ import annotations


def printable(data: bytes) -> str:
    """UTF-8 where it is, with everything that could move a cursor or break a line escaped."""
    text = data.decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def shortened(text: str, most: int) -> str:
    """At most so many characters of it; what is left out has left a mark."""
    return text if len(text) <= most else f"{text[: most - 1]}…"
