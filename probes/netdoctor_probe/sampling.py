"""One probe tried many times: its tries, and the one observation that they make.

A sample is a trickle, never a load: so many tries, so far apart, and no more after `enough` of them have failed.
"""

from __future__ import annotations

import dataclasses
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from netdoctor_probe.ranks import percentile
from netdoctor_probe.wire import Observation, Outcome, Probe

_NO_ANSWER = {Outcome.TIMEOUT, Outcome.REFUSED, Outcome.REJECTED, Outcome.RESET}
_NOT_MADE = {Outcome.SKIPPED, Outcome.ERROR}
_PERCENT = {"min": 0, "p50": 50, "p95": 95, "max": 100}


class Samples:
    """The samples of a plan. `emit` gets one observation for each, and every other one as it is."""

    def __init__(self, emit: Callable[[Observation], None]) -> None:
        self._emit = emit
        self._by_try: dict[str, _Sample] = {}

    def __contains__(self, name: str) -> bool:
        """Whether this is the id of a sample's try."""
        return name in self._by_try

    def queue(self, probes: Iterable[Probe]) -> deque[Probe]:
        """What is to be run, by the time at which it begins: probes, and each try of a sample."""
        tries = [one for probe in probes for one in self._tries(probe)]
        return deque(sorted(tries, key=lambda probe: probe.delay))

    def _tries(self, probe: Probe) -> Iterator[Probe]:
        if probe.tries == 1:
            yield probe
            return
        sample = _Sample(probe)
        for number in range(probe.tries):
            name = f"{probe.id}#{number}"
            self._by_try[name] = sample
            begins = probe.delay + number * probe.pause
            yield dataclasses.replace(probe, id=name, tries=1, attempts=1, delay=begins)

    def next(self, queue: deque[Probe], seconds: float) -> Probe | None:
        """Takes the next to begin out of the queue, so many seconds after the start; None while it is too early.

        Tries of samples that have failed often enough go too, and count as ended.
        """
        while queue and (sample := self._by_try.get(queue[0].id)) and sample.is_settled:
            queue.popleft()
            self._end(sample)
        return queue.popleft() if queue and queue[0].delay <= seconds else None

    def emit(self, seen: Observation) -> None:
        """Passes an observation on; that of a try, as part of its sample's, once this has ended."""
        sample = self._by_try.get(seen.id)
        if sample is None:
            self._emit(seen)
            return
        sample.seen.append(seen)
        self._end(sample)

    def _end(self, sample: _Sample) -> None:
        sample.left -= 1
        if not sample.left:
            self._emit(sample.observation())


class _Sample:
    def __init__(self, probe: Probe) -> None:
        self._probe = probe
        self.left = probe.tries
        self.seen: list[Observation] = []

    @property
    def is_settled(self) -> bool:
        failed = sum(one.outcome in _NO_ANSWER for one in self.seen)
        return bool(self._probe.enough and failed >= self._probe.enough) or any(
            one.outcome is Outcome.SKIPPED for one in self.seen
        )

    def observation(self) -> Observation:
        """The most frequent failure, or that of all; ok without any."""
        made = [one for one in self.seen if one.outcome not in _NOT_MADE]
        if not made:
            return dataclasses.replace(self.seen[0], id=self._probe.id)
        outcomes = Counter(one.outcome for one in made)
        failed = [one for one in outcomes.most_common() if one[0] is not Outcome.OK]
        outcome = failed[0][0] if failed else Outcome.OK
        passed = [one.seconds for one in made if one.outcome is Outcome.OK]
        deciding = next(one for one in made if one.outcome is outcome)
        detail: dict[str, Any] = {
            "tries": len(made),
            "passed": len(passed),
            "outcomes": {str(kind): count for kind, count in outcomes.most_common()},
        }
        if halves := Counter(str(one.detail["lost"]) for one in made if "lost" in one.detail):
            detail["lost"] = dict(halves.most_common())
        if named := Counter(str(one.detail["endpoint"]) for one in made if "endpoint" in one.detail):
            detail["endpoints"] = dict(named.most_common())
        if passed:
            detail["seconds"] = {name: round(percentile(passed, of), 6) for name, of in _PERCENT.items()}
        seconds = percentile(passed, 50) if passed else deciding.seconds
        return Observation(self._probe.id, outcome, seconds, deciding.answered_by, detail)
