"""Policies of equal priority that select a common pod: the API does not say which of them comes first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations

from netdoctor.cluster.objects import Pod
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.model.refs import ObjectRef
from netdoctor.policy.rules import Direction, PodPeer, Priority, Ruleset, Tier


def equal_priorities(rulesets: Iterable[Ruleset], snapshot: Snapshot) -> Iterator[tuple[ObjectRef, str]]:
    """A warning for each pair of cluster-wide policies of the same tier and priority, with a pod that both select."""
    alike: defaultdict[tuple[Direction, Tier, Priority], list[Ruleset]] = defaultdict(list)
    for ruleset in rulesets:
        alike[ruleset.direction, ruleset.tier, ruleset.priority].append(ruleset)
    pods = tuple(pod for pod in snapshot.pods if not (pod.finished or pod.spec.host_network))
    said: set[tuple[ObjectRef, ObjectRef]] = set()
    for same in alike.values():
        if len(same) < 2:
            continue
        selected = {ruleset.policy: _selected(ruleset.subject, pods, snapshot) for ruleset in same}
        for first, second in combinations(same, 2):
            pair = first.policy, second.policy
            common = next((ref for ref in selected[pair[0]] if ref in selected[pair[1]]), None)
            if common and pair not in said:
                said.add(pair)
                yield pair[0], _text(pair[1], first.priority, common)


def _selected(subject: PodPeer, pods: Iterable[Pod], snapshot: Snapshot) -> Mapping[ObjectRef, None]:
    return {
        pod.ref: None
        for pod in pods
        if subject.selects(pod.namespace, pod.labels, snapshot.namespace_labels(pod.namespace))
    }


def _text(other: ObjectRef, priority: Priority, common: ObjectRef) -> str:
    return (
        f"has the tier and the priority ({priority}) of {other}, and both select {common}: "
        "the API leaves open which of them comes first"
    )
