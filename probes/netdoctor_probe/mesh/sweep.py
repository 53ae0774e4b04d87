"""The path's MTU: the largest packet that arrives in one piece, and whether larger ones are lost without a word.

A router that cannot pass a packet on says so with the size that it can (RFC 1191, RFC 8201); where that message is
lost, or is never sent, the sender goes on sending what never arrives: a black hole (RFC 2923, 2.1).

`path_mtu` asks any host, and must do with little: here both ends are ours, so that one packet is enough where all is
well, and where small packets get lost as well, large ones are sent often enough that chance does not look like a hole.
It ends in time, and says what it knows by then: the pair's other numbers must not be lost with it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from netdoctor_probe.attempt import EndedError
from netdoctor_probe.loop import READ, Task, Wait
from netdoctor_probe.mesh.exchanges import Exchange

_TRIES = 3  # of one size
_TRIES_WITH_LOSS = 12  # where small packets are lost too: of 12, one arrives though 3 of 4 are lost
_SECONDS = 0.2  # for an answer, at least
_STEP = 1  # byte
_LEAST = 100  # bytes of a packet that is known to arrive
_MOST_TOLD = 8  # routers, each with a smaller MTU than the one before
_NUMBERS = 1 << 14  # of the first question, beyond those of samples


class _TimeIsUpError(Exception):
    pass


@dataclass(frozen=True, slots=True)
class PathMTU:
    """Bytes of an IP packet: what arrives (0 = not known), and what this end believed; whether the rest vanishes."""

    mtu: int
    believed: int
    hole: bool = False


@dataclass(slots=True)
class Sweep:
    """One sweep. `slow` is the time (s) in which small packets were answered, `until` its end (monotonic)."""

    exchange: Exchange
    slow: float
    lossy: bool
    until: float
    _number: int = _NUMBERS

    def run(self) -> Task[PathMTU]:
        """Find it out; only where small packets arrive. Sends one packet where all is well."""
        size = believed = self.exchange.believed
        hole = False
        try:
            for _ in range(_MOST_TOLD):
                arrived, told = yield from self._arrives(size)
                if arrived:
                    return PathMTU(size, believed)
                if not _LEAST < told < size:
                    break
                size = told
            hole = True
            return PathMTU((yield from self._largest(size)), believed, hole)
        except _TimeIsUpError:
            return PathMTU(0, believed, hole)

    def _largest(self, too_big: int) -> Task[int]:
        fits = _LEAST
        while too_big - fits > _STEP:
            middle = (fits + too_big) // 2
            arrived, _ = yield from self._arrives(middle)
            fits, too_big = (middle, too_big) if arrived else (fits, middle)
        return fits

    def _arrives(self, size: int) -> Task[tuple[bool, int]]:
        """Whether a packet of that size is answered; and the MTU that a router tells instead, or 0."""
        for _ in range(_TRIES_WITH_LOSS if self.lossy else _TRIES):
            self._number += 1
            self.exchange.too_big()  # what was told about others
            if not self.exchange.ask(self._number, size):
                return False, 0
            answered_by = time.monotonic() + max(_SECONDS, 3 * self.slow)
            if answered_by > self.until:
                raise _TimeIsUpError
            while (yield Wait(answered_by, self.exchange.sock, READ)):
                try:
                    answers = self.exchange.answers()
                except EndedError as ended:
                    told = int(ended.seen.detail.get("mtu", 0))
                    if told:
                        return False, told
                    continue
                if any(number == self._number for number, _ in answers):
                    return True, 0
        return False, 0
