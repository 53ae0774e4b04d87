"""Waiting for probe pods, never in silence."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from netdoctor.probing.kube.attempt import RUNNING, Attempt, Step, place
from netdoctor.probing.kube.session import Session

TICK = 0.5  # seconds between looks at the clock
SLOW = 3.0  # seconds after which a pod that has not started is said to be slow, and again after as long


class Waiting:
    """Waits for attempts, and says what it waits for."""

    def __init__(
        self, session: Session, attempts: Sequence[Attempt], start_timeout: float, progress: Callable[[str], None]
    ) -> None:
        self._session = session
        self._attempts = attempts
        self._start_timeout = start_timeout
        self._progress = progress
        self._said: dict[tuple[str, str], str] = {}

    def wait(self, interrupted: Callable[[], bool]) -> None:
        """Until all have ended, or something interrupts."""
        next_look = time.monotonic() + SLOW
        while not interrupted() and any(attempt.step is not Step.ENDED for attempt in self._attempts):
            self._session.step(TICK)
            now = time.monotonic()
            for attempt in self._attempts:
                attempt.on_time(now, self._start_timeout)
                if attempt.step in RUNNING:
                    self._say(attempt, "probing")
                elif attempt.because:
                    self._say(attempt, f"not tested: {attempt.because}")
            if now >= next_look:
                next_look = now + SLOW
                self._look()

    def _look(self) -> None:
        for attempt in self._attempts:
            if attempt.step is Step.STARTING:
                self._say(attempt, f"waiting: {attempt.stage}")
                found = lambda text, attempt=attempt: self._found(attempt, text)  # noqa: E731
                self._session.look_for_warnings(attempt, found)

    def _found(self, attempt: Attempt, warning: str) -> None:
        attempt.stage = warning
        self._say(attempt, f"waiting: {warning}")

    def _say(self, attempt: Attempt, text: str) -> None:
        key = (attempt.name, attempt.container)
        if self._said.get(key) != text:
            self._said[key] = text
            self._progress(f"{place(attempt.pod)}: {text}")
