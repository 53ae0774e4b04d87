"""The zone from its file, read again whenever the file has changed."""

from __future__ import annotations

import json
from pathlib import Path

import dns.exception

from .zone import Zone, zone_of

_NOT_A_ZONE = (KeyError, TypeError, ValueError, AttributeError, dns.exception.DNSException)


class Reloading:
    """A zone that is as new as its file; the one before counts while the file cannot be used.

    Raises:
        OSError: the file cannot be read at first.
        ValueError: it holds no zone at first.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._stamp = self._now()
        self._zone = _read(file)

    def __call__(self) -> Zone:
        """The zone as the file has it now."""
        try:
            stamp = self._now()
            if stamp != self._stamp:
                self._zone, self._stamp = _read(self._file), stamp
        except (OSError, ValueError):
            pass  # between two states of the file
        return self._zone

    def _now(self) -> tuple[int, int, int]:
        found = self._file.stat()
        return found.st_mtime_ns, found.st_size, found.st_ino


def _read(file: Path) -> Zone:
    try:
        return zone_of(json.loads(file.read_bytes()))
    except _NOT_A_ZONE as error:
        raise ValueError(f"{file}: it holds no zone: {error!r}") from error
