"""What differs between probes of the same thing that passed and that failed: where an unknown fault is to be sought."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from netdoctor.cluster.addresses import host_and_port
from netdoctor.diagnosis.case import Case, Seen
from netdoctor.diagnosis.samples import said
from netdoctor.diagnosis.served import tls_sentences
from netdoctor.model.probe import Outcome
from netdoctor.probing.aims import SAMPLES, Aim

_Asked = tuple[str, str, int, str, str]


def contrasts(case: Case, failed: Collection[str]) -> Iterator[str]:
    """A sentence for each target of failed probes (ids) that answers from elsewhere, or that somebody rejects."""
    yield from tls_sentences(case, failed)
    said: set[str] = set()
    for one in case.seen:
        if one.id in failed:
            text = _sampled(case, one) if one.aimed.aim in SAMPLES else _of_single(case, one)
            if text and text not in said:
                said.add(text)
                yield text


def _of_single(case: Case, one: Seen) -> str:
    if one.aimed.aim is Aim.SMALL:
        return _hung(one)
    same = [s for s in case.seen if _asked(s) == _asked(one) and s.tried and s.aimed.aim not in SAMPLES]
    return _between(one, [s for s in same if s.ok], [s for s in same if not s.ok]) or _rejected(one)


def _sampled(case: Case, one: Seen) -> str:
    """Which places see the failures, and which see fewer."""
    same = [s for s in case.seen if s.aimed == one.aimed and s.tried and said(s.observed)]
    seen = [f"from {s.observed.position.id} on {s.observed.node}, {said(s.observed)}" for s in same]
    return f"of what was sent to {_target(one)}: {'; '.join(seen)}"


def _asked(seen: Seen) -> _Asked:
    probe = seen.observed.probe
    return probe.kind, probe.host or probe.name, probe.port, probe.server, probe.transport


def _between(one: Seen, passed: list[Seen], failed: list[Seen]) -> str:
    """The node is named where it alone differs, the position where it does not."""
    if not passed:
        return ""
    here, there = ({s.observed.node or "" for s in group} for group in (passed, failed))
    if here.isdisjoint(there) and not any(s.neutral for s in passed):
        return f"{_target(one)} answers from {_list(here)}, and not from {_list(there)}: look at the way between nodes"
    here, there = ({s.observed.position.id for s in group} for group in (passed, failed))
    return f"{_target(one)} answers for {_list(here)}, and not for {_list(there)}"


def _hung(one: Seen) -> str:
    """The pod is Ready, so its kubelet is answered."""
    backend, path = one.aimed.backend, one.observed.probe.path
    if backend is None:
        return ""
    return (
        f"{_target(one)} takes connections from {one.observed.node} and does not answer GET {path}, which its own "
        f"kubelet on {backend.node} gets an answer to: look at the way between nodes, and at firewalls there that see "
        "one direction only"
    )


def _rejected(one: Seen) -> str:
    observation = one.observed.observation
    if observation.outcome is not Outcome.REJECTED or not observation.answered_by:
        return ""
    meaning = observation.detail.get("meaning", "ICMP error")
    return f"{observation.answered_by} rejects {_target(one)} ({meaning}): look at the firewall there"


def _target(seen: Seen) -> str:
    probe = seen.observed.probe
    if probe.kind in ("dns", "lookup", "pair"):
        return f"{probe.name} asked of {probe.server}" if probe.server else f"the lookup of {probe.name}"
    return host_and_port(probe.host or probe.name, probe.port)


def _list(names: Collection[str]) -> str:
    return ", ".join(sorted(names))
