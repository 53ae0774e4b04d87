"""How many of a number of datagrams are answered, and how soon."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from netdoctor_probe.attempt import EndedError, Seen
from netdoctor_probe.loop import READ, Task, Wait
from netdoctor_probe.mesh.exchanges import Exchange
from netdoctor_probe.ranks import percentile

SIZE = 100  # bytes of a packet: small enough for any link


@dataclass(slots=True)
class RoundTrips:
    """What came of them. `seconds` are those from question to answer, `seen` the addresses that the other end saw."""

    sent: int = 0
    seconds: list[float] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    failed: Seen | None = None  # the last ICMP error instead of an answer

    @property
    def lost(self) -> int:
        """Questions without an answer."""
        return self.sent - len(self.seconds)

    def microseconds(self, percent: int) -> int:
        """The percentile by nearest rank; 0 without an answer."""
        return round(percentile(self.seconds, percent) * 1e6) if self.seconds else 0


def sample(exchange: Exchange, number: int, interval: float, timeout: float) -> Task[RoundTrips]:
    """Send so many datagrams, `interval` seconds apart, and wait `timeout` for the last one's answer.

    Raises EndedError if there is no way to send any.
    """
    trips = RoundTrips()
    asked: dict[int, float] = {}
    due = time.monotonic()
    for count in range(number):
        at = time.monotonic()
        if exchange.ask(count, SIZE):
            asked[count] = at
            trips.sent += 1
        due += interval
        while (yield Wait(due, exchange.sock, READ)):
            _take_in(exchange, asked, trips)
    until = time.monotonic() + timeout
    while asked and (yield Wait(until, exchange.sock, READ)):
        _take_in(exchange, asked, trips)
    return trips


def _take_in(exchange: Exchange, asked: dict[int, float], trips: RoundTrips) -> None:
    now = time.monotonic()
    try:
        answers = exchange.answers()
    except EndedError as ended:
        trips.failed = ended.seen
        return
    for number, seen in answers:
        if (begun := asked.pop(number, None)) is not None:
            trips.seconds.append(now - begun)
        if seen:
            trips.seen.add(seen)
