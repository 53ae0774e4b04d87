"""The pods that a Service is evidently meant for, where its selector matches none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher

from netdoctor.cluster.objects import Pod, Service, Workload
from netdoctor.cluster.selectors import matches_labels
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.cluster.templates import pod_to_be

_SIMILAR = 0.6  # difflib ratio from which two label values count as the same word misspelt


@dataclass(frozen=True, slots=True)
class NearMatch:
    """A workload (or bare pod) whose labels nearly match a selector, and the pairs that differ.

    `differing` maps each label key to (wanted, found); found is None where the label is absent.
    """

    owner: Workload | Pod
    differing: Mapping[str, tuple[str, str | None]]

    @property
    def labels(self) -> Mapping[str, str]:
        """The labels that its pods carry."""
        return self.owner.spec.template.labels if isinstance(self.owner, Workload) else self.owner.labels


def near_matches(snapshot: Snapshot, service: Service) -> tuple[NearMatch, ...]:
    """Workloads and bare pods of the Service's namespace that its selector nearly matches, the nearest first.

    Near means: a wanted pair is there, a wanted key has a similar value, or it bears the Service's name.
    """
    wanted = service.spec.selector
    if not wanted:
        return ()
    owners: list[Workload | Pod] = [w for w in snapshot.workloads if w.namespace == service.namespace]
    owners += [p for p in snapshot.pods_in(service.namespace) if snapshot.workload_of(p) is None and not p.finished]
    scored = [(_nearness(wanted, service.name, owner), owner) for owner in owners]
    near = sorted(((score, o) for score, o in scored if score > 0), key=lambda pair: (-pair[0], pair[1].name))
    best = near[0][0] if near else 0.0
    return tuple(NearMatch(owner, _differing(wanted, _labels(owner))) for score, owner in near if score == best)


def intended_pods(snapshot: Snapshot, service: Service) -> tuple[Pod, ...]:
    """Pods that match the selector, else those of the nearest matches; of workloads without any, the next one."""
    wanted = service.spec.selector
    if not wanted:
        return ()
    if matching := snapshot.pods_selected(service.namespace, wanted):
        return tuple(matching)
    pods: list[Pod] = []
    for owner in intended_owners(snapshot, service):
        pods += (snapshot.pods_of(owner) or [pod_to_be(owner)]) if isinstance(owner, Workload) else [owner]
    return tuple(pods)


def intended_owners(snapshot: Snapshot, service: Service) -> tuple[Workload | Pod, ...]:
    """Workloads whose pods the selector matches, whether they have any now or not; else what it nearly matches."""
    selected = selected_workloads(snapshot, service)
    return selected or tuple(match.owner for match in near_matches(snapshot, service))


def selected_workloads(snapshot: Snapshot, service: Service) -> tuple[Workload, ...]:
    """Workloads whose pods the Service's selector matches, whether they have any pods now or not."""
    wanted = service.spec.selector
    return tuple(
        w
        for w in snapshot.workloads
        if w.namespace == service.namespace and wanted and matches_labels(wanted, w.spec.template.labels)
    )


def _labels(owner: Workload | Pod) -> Mapping[str, str]:
    return owner.spec.template.labels if isinstance(owner, Workload) else owner.labels


def _differing(wanted: Mapping[str, str], labels: Mapping[str, str]) -> dict[str, tuple[str, str | None]]:
    return {key: (value, labels.get(key)) for key, value in wanted.items() if labels.get(key) != value}


def _nearness(wanted: Mapping[str, str], service_name: str, owner: Workload | Pod) -> float:
    labels = _labels(owner)
    score = 0.0
    for key, value in wanted.items():
        found = labels.get(key)
        if found == value:
            score += 2
        elif found is not None:
            ratio = SequenceMatcher(None, found, value).ratio()
            score += ratio if ratio >= _SIMILAR else 0
        elif value in labels.values():
            score += 1
    return score + (1 if owner.name == service_name else 0)
