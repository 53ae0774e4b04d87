"""A host given by name: looked up as an application would, then probed at the first address that came back."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Protocol

from netdoctor_probe.loop import Task
from netdoctor_probe.wire import Observation, Outcome, Probe, ProbeKind


class _Runner(Protocol):
    def run(self, probe: Probe) -> Task[Observation]: ...


@dataclass(frozen=True, slots=True)
class Named:
    """Runs a probe that has a name instead of a host."""

    runner: _Runner
    lookup: _Runner

    def run(self, probe: Probe) -> Task[Observation]:
        """The lookup's outcome and detail where it gives no address; else the probe's, with detail.address."""
        question = Probe(probe.id, ProbeKind.LOOKUP, name=probe.name, timeout=probe.timeout, attempts=probe.attempts)
        found = yield from self.lookup.run(question)
        if found.outcome is not Outcome.OK:
            return found
        address = str(found.detail["answers"][0])
        seen = yield from self.runner.run(dataclasses.replace(probe, host=address))
        return dataclasses.replace(seen, detail={**seen.detail, "address": address})
