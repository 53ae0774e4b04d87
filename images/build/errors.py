"""The one error of this package, told in three lines."""

from __future__ import annotations


class BuildError(Exception):
    """An image cannot be built: what failed, why, and what to try next."""

    def __init__(self, what: str, why: str, advice: str) -> None:
        super().__init__(f"{what}\n  why: {why}\n  try: {advice}")
