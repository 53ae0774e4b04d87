"""Runs many probes in one thread: each probe is a generator that says what it waits for.

A probe yields a `Wait` and is sent True when its socket is ready, False when the time is up. No asyncio: its
transports hide the error queue (type, code and sender of an ICMP error), which tells a REJECT from a DROP.
"""

from __future__ import annotations

import heapq
import itertools
import selectors
import socket
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

READ = selectors.EVENT_READ
WRITE = selectors.EVENT_WRITE

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Wait:
    """Resume me when `sock` has `events`, or at `until` (seconds of `time.monotonic`)."""

    until: float
    sock: socket.socket
    events: int


Task: TypeAlias = Generator[Wait, bool, T]


@dataclass(slots=True)
class _Running:
    task: Task[object]
    done: Callable[[object], None]
    waits_for: Wait | None = None


class Loop:
    """Tasks, their sockets and their timers."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._timers: list[tuple[float, int, _Running, Wait]] = []
        self._order = itertools.count()
        self._running: set[int] = set()

    def __len__(self) -> int:
        """How many tasks have not ended."""
        return len(self._running)

    def start(self, task: Task[T], done: Callable[[T], None]) -> None:
        """Runs a task up to its first wait. `done` gets what it returns."""
        running = _Running(task, done)  # type: ignore[arg-type]  # a task is only ever given its own callback
        self._running.add(id(running))
        self._resume(running, None)

    def step(self, until: float) -> None:
        """Sleeps until something happens, `until` at the latest, and resumes the tasks that waited for it.

        Sockets come before timers, and are asked once more when a timer has ended: an answer that arrived while this
        process was stopped, as a pod at its CPU limit is, is an answer.
        """
        while self._timers and self._timers[0][2].waits_for is not self._timers[0][3]:
            heapq.heappop(self._timers)
        first = min(until, self._timers[0][0]) if self._timers else until
        self._resume_ready(max(0.0, first - time.monotonic()))
        now = time.monotonic()
        if self._timers and self._timers[0][0] <= now:
            self._resume_ready(0.0)
        due = []  # all first: a wait that begins now is the next step's, which asks its socket before its timer
        while self._timers and self._timers[0][0] <= now:
            due.append(heapq.heappop(self._timers))
        for _, _, running, wait in due:
            if running.waits_for is wait:
                self._resume(running, False)

    def _resume_ready(self, seconds: float) -> None:
        for key, _ in self._selector.select(seconds):
            self._resume(key.data, True)

    def _resume(self, running: _Running, ready: bool | None) -> None:
        if running.waits_for is not None:
            self._selector.unregister(running.waits_for.sock)
            running.waits_for = None
        try:
            wait = next(running.task) if ready is None else running.task.send(ready)
        except StopIteration as stop:
            self._running.discard(id(running))
            running.done(stop.value)
            return
        running.waits_for = wait
        self._selector.register(wait.sock, wait.events, running)
        heapq.heappush(self._timers, (wait.until, next(self._order), running, wait))
