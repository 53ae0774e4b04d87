"""Timeouts that may be rejections: Linux limits how many ICMP errors it sends to one host.

At most 6 at once, and then one a second (icmp(7), icmp_ratelimit; XRLIM_BURST_FACTOR in net/ipv4/route.c). Whoever
rejects more probes than that, such as a node whose Service has no endpoints, is silent to the others.
"""

from __future__ import annotations

import dataclasses
import time
from collections import Counter
from collections.abc import Callable, Iterator

from netdoctor_probe.wire import Observation, Outcome, Probe, ProbeKind

_REFILL = 1.0  # seconds until there is an error to be had again
_MANY = 3  # fewer than 6: some may have been spent on an earlier run
_LOOKS = 5  # at most: the run's time is bounded
#: Kinds of which one attempt ends within `timeout`.
_SINGLE = {ProbeKind.TCP, ProbeKind.UDP, ProbeKind.HTTP, ProbeKind.TLS, ProbeKind.HTTPS, ProbeKind.DNS, ProbeKind.WHO}


class Doubts:
    """Counts a run's rejections, and keeps the timeouts that are in doubt because of them."""

    def __init__(self) -> None:
        self._rejections: Counter[str] = Counter()
        self._kept: list[tuple[Probe, Observation]] = []

    def note(self, seen: Observation) -> None:
        """Counts a rejection."""
        if seen.outcome is Outcome.REJECTED and seen.answered_by:
            self._rejections[seen.answered_by] += 1

    def keeps(self, probe: Probe, seen: Observation) -> bool:
        """Whether an observation is a timeout in doubt, which `settled` will give back."""
        many = max(self._rejections.values(), default=0) >= _MANY
        doubtful = seen.outcome is Outcome.TIMEOUT and probe.kind in _SINGLE and many
        if doubtful:
            self._kept.append((probe, seen))
        return doubtful

    def settled(self, again: Callable[[Probe], Observation], deadline: float) -> Iterator[Observation]:
        """The observations kept: the first few seen once more, alone; marked where they are timeouts still."""
        for number, (probe, kept) in enumerate(self._kept):
            seen = kept
            if number < _LOOKS and time.monotonic() + _REFILL + probe.timeout < deadline:
                time.sleep(_REFILL)
                seen = again(dataclasses.replace(probe, attempts=1))
            silent = seen.outcome is Outcome.TIMEOUT
            yield dataclasses.replace(kept, detail={**kept.detail, "icmpLimited": True}) if silent else seen
