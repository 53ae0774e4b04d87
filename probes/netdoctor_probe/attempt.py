"""One attempt of a probe: how it ends early, and when it is repeated."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from netdoctor_probe.loop import Task, Wait
from netdoctor_probe.wire import Observation, Outcome, Probe


@dataclass(frozen=True, slots=True)
class Seen:
    """What one attempt saw."""

    outcome: Outcome
    answered_by: str | None = None
    detail: dict[str, Any] = field(default_factory=dict)


class EndedError(Exception):
    """An attempt that ended before its purpose: `seen` says how."""

    def __init__(self, outcome: Outcome, answered_by: str | None = None, **detail: Any) -> None:
        super().__init__(outcome)
        self.seen = Seen(outcome, answered_by, detail)


def ready(sock: socket.socket, events: int, until: float) -> Task[None]:
    """Waits for a socket. Raises EndedError with TIMEOUT when `until` comes first."""
    if not (yield Wait(until, sock, events)):
        raise EndedError(Outcome.TIMEOUT)


def repeated(probe: Probe, attempt: Callable[[float], Task[Seen]]) -> Task[Observation]:
    """Attempts until something answers, at most `probe.attempts` times; each gets the time at which it must end.

    Only silence is repeated, always with a new socket and so a new source port: packets are lost, ICMP errors are
    rate limited (`net.ipv4.icmp_ratelimit`), and a Service sends each connection to another endpoint. A refusal
    is an answer. Detail: `attempts` made, and `lost` = how many of them were silent before one was answered.
    """
    number = 0
    while True:
        number += 1
        start = time.monotonic()
        try:
            seen = yield from attempt(start + probe.timeout)
        except EndedError as ended:
            seen = ended.seen
        if seen.outcome is not Outcome.TIMEOUT or number >= probe.attempts:
            break
    seconds = time.monotonic() - start
    lost = {"lost": number - 1} if number > 1 and seen.outcome is not Outcome.TIMEOUT else {}
    return Observation(probe.id, seen.outcome, seconds, seen.answered_by, {"attempts": number, **lost, **seen.detail})
