"""Progress on stderr: one line per step, with the seconds it took."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def step(title: str) -> Iterator[None]:
    """Names a step when it begins, and says how long it took when it has ended well."""
    note(f"{title} ...")
    start = time.monotonic()
    yield
    note(f"{time.monotonic() - start:6.1f} s  {title}")


def note(text: str) -> None:
    """Writes one line to stderr at once, even where stderr is a file."""
    print(text, file=sys.stderr, flush=True)
