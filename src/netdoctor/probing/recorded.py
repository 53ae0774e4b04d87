"""Checks that were made before, and a `Prober` that repeats what they saw: no probe is sent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from netdoctor.model.errors import InputError
from netdoctor.model.probe import NotTested, Observed, Probe, ProbePod
from netdoctor.model.refs import ObjectRef
from netdoctor.probing.plan import PlanOptions
from netdoctor.probing.prober import ProbeRun


class RecordedLog(msgspec.Struct, frozen=True):
    """What a pod had said."""

    pod: ObjectRef
    text: str


class RecordedCheck(msgspec.Struct, frozen=True, kw_only=True):
    """One target's check.

    Attributes:
        target: as it was asked for; so are `source`, and the `namespace` that names without one were looked up in.
        options: of the plan.
        pods: the plan; without probes it is empty.
        run: what came of it; None where no probe was to be sent.
        logs: those that were read.
    """

    target: str
    source: str | None
    namespace: str
    options: PlanOptions
    pods: tuple[ProbePod, ...] = ()
    run: ProbeRun | None = None
    logs: tuple[RecordedLog, ...] = ()

    @property
    def log_texts(self) -> Mapping[ObjectRef, str]:
        """The logs by their pods."""
        return {log.pod: log.text for log in self.logs}


def read_checks(documents: Iterable[Mapping[str, Any]], file: str) -> tuple[RecordedCheck, ...]:
    """The checks of a recording. Raises InputError where they have another form."""
    try:
        return tuple(msgspec.convert(document, RecordedCheck) for document in documents)
    except msgspec.ValidationError as error:
        raise InputError(f"{file}: its recorded checks have another form: {error}") from error


@dataclass(frozen=True, slots=True)
class RecordedProber:
    """Answers the probes of a plan with what the same probes saw when the check was recorded."""

    pods: tuple[ProbePod, ...]
    recorded: ProbeRun

    def run(self, pods: Sequence[ProbePod], progress: Callable[[str], None]) -> ProbeRun:
        """As `Prober.run` says. What is planned now and was not then, by another version, is not tested."""
        progress("repeating what was recorded")
        planned = _by_content(pods)
        then = _by_content(self.pods)
        observed = []
        for one in self.recorded.observed:
            same = planned[_content(one.position.id, one.probe)]
            if same:
                observed.append(_as_planned(one, same.pop(0)))
        new = sum(max(0, len(probes) - len(then[key])) for key, probes in _by_content(pods).items())
        not_tested = [NotTested(f"{new} probes", "they were not sent when the check was recorded")] if new else []
        return replace(self.recorded, observed=tuple(observed), not_tested=(*self.recorded.not_tested, *not_tested))


_Content = tuple[str, Probe]


def _content(position: str, probe: Probe) -> _Content:
    """What makes two probes the same; their ids depend on what else is planned."""
    return position, replace(probe, id="")


def _by_content(pods: Iterable[ProbePod]) -> defaultdict[_Content, list[Probe]]:
    probes = defaultdict[_Content, list[Probe]](list)
    for pod in pods:
        for probe in pod.probes:
            probes[_content(pod.position.id, probe)].append(probe)
    return probes


def _as_planned(seen: Observed, probe: Probe) -> Observed:
    return replace(seen, probe=probe, observation=replace(seen.observation, id=probe.id))
