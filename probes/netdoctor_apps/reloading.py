"""A document from a file, read again whenever the file has changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Generic, TypeVar

_T = TypeVar("_T")


class Reloading(Generic[_T]):
    """What a JSON file says now; what it said before counts while the file cannot be used.

    `parse` makes something of the document, and raises ValueError where it cannot; `missing` is what counts until there
    is a file, which must be there at first without it.

    Raises:
        OSError: the file cannot be read at first.
        ValueError: it does not hold the document at first.
    """

    def __init__(self, file: Path, parse: Callable[[Any], _T], missing: _T | None = None) -> None:
        self._file, self._parse = file, parse
        self._stamp: tuple[int, int, int] | None = None
        if missing is not None and not file.exists():
            self._said = missing
            return
        self._stamp = self._now()
        self._said = self._read()

    def __call__(self) -> _T:
        """What it says now."""
        try:
            stamp = self._now()
            if stamp != self._stamp:
                self._said, self._stamp = self._read(), stamp
        except (OSError, ValueError):
            pass  # between two states of the file
        return self._said

    def _now(self) -> tuple[int, int, int]:
        found = self._file.stat()
        return found.st_mtime_ns, found.st_size, found.st_ino

    def _read(self) -> _T:
        try:
            return self._parse(json.loads(self._file.read_bytes()))
        except ValueError as error:
            raise ValueError(f"{self._file}: {error}") from error
