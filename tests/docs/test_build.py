from __future__ import annotations

from docs import build


def test_what_is_generated_is_current() -> None:
    assert build.stale() == [], "run `make docs`"
