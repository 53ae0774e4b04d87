"""Which flows a repair opens and closes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from netdoctor.cluster.selectors import stable_labels
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.model.report import Effect
from netdoctor.policy.compile import CompiledPolicies
from netdoctor.policy.diff import Comparison, Difference
from netdoctor.policy.flow import Endpoint, Flow
from netdoctor.policy.profile import CNIProfile
from netdoctor.policy.selection import numbers


def effects(
    before: CompiledPolicies, repaired: Sequence[CompiledPolicies], asked: Flow, profile: CNIProfile
) -> tuple[Effect, ...]:
    """What each repair changes: the flows between workloads, and with the outside, that differ.

    Lines like `Deployment a/b → StatefulSet c/d 80/TCP`. The pods are those of before. Ends of `asked` count too where
    they are not in the snapshot.
    """
    comparison = Comparison(before, repaired, profile, _strangers(before.snapshot, asked))
    return tuple(_effect(comparison.with_(after, same_pods=True)) for after in repaired)


def _effect(found: Difference) -> Effect:
    ports: defaultdict[tuple[bool, str], int] = defaultdict(int)
    for change in found.changes():
        to = found.parties[change.destination].name
        for source in numbers(change.sources):
            ports[change.opened, f"{found.parties[source].name} → {to}"] |= change.ports
    lines = [(opened, f"{pair} {found.ports_text(mask)}") for (opened, pair), mask in sorted(ports.items())]
    return Effect(tuple(line for opened, line in lines if opened), tuple(line for opened, line in lines if not opened))


def renewed(flow: Flow, snapshot: Snapshot) -> Flow:
    """The same flow where the namespaces have the labels of this snapshot."""
    source, destination = (
        replace(end, namespace_labels=snapshot.namespace_labels(end.namespace)) if end.kind == "pod" else end
        for end in (flow.source, flow.destination)
    )
    return replace(flow, source=source, destination=destination)


def _strangers(snapshot: Snapshot, asked: Flow) -> list[Endpoint]:
    """The pods of a flow that are not in the snapshot, nor pods like them, such as a probe."""
    return [
        end
        for end in (asked.source, asked.destination)
        if end.selectable
        and not any(stable_labels(pod.labels) == stable_labels(end.labels) for pod in snapshot.pods_in(end.namespace))
    ]
