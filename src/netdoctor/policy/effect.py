"""Which flows a change opens and closes, computed by deciding them before and after.

Pods that no policy can tell apart stand for each other: same namespace, labels, ports, node network and membership
in every ipBlock. Ports are those that the pods declare and that the policies in question name.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice

from netdoctor.cluster.snapshot import Snapshot
from netdoctor.model.report import Effect
from netdoctor.policy.compile import CompiledPolicies
from netdoctor.policy.decide import allows
from netdoctor.policy.flow import Endpoint, Flow, parse_address, pod_endpoint
from netdoctor.policy.profile import CNIProfile
from netdoctor.policy.rules import BlockPeer, Direction, PortRange, Ruleset

_MOST_FLOWS = 20_000  # a few seconds' worth; that some were left out is said
_OUTSIDE = Endpoint(kind="ip", name="outside the cluster", ips=("192.0.2.1",))  # TEST-NET-1, RFC 5737
# Labels that differ between the pods of one workload, or between its revisions.
CONTROLLER_LABELS = frozenset(
    {
        "apps.kubernetes.io/pod-index",
        "batch.kubernetes.io/controller-uid",
        "batch.kubernetes.io/job-completion-index",
        "batch.kubernetes.io/job-name",
        "controller-revision-hash",
        "controller-uid",
        "job-name",
        "pod-template-generation",
        "pod-template-hash",
        "statefulset.kubernetes.io/pod-name",
    }
)


@dataclass(frozen=True, slots=True)
class _Group:
    """Endpoints that policies cannot tell apart: one, another one where there is one, and what they are called."""

    first: Endpoint
    second: Endpoint | None
    names: tuple[str, ...]


def effect(before: CompiledPolicies, after: CompiledPolicies, asked: Flow, profile: CNIProfile) -> Effect:
    """The flows between workloads, and with the outside, that differ: `Deployment a/b → StatefulSet c/d 80/TCP`.

    `asked` is looked at too, where it is about an end that is not in the snapshot.
    """
    groups = _groups(before, after, asked)
    opens: dict[str, set[str]] = defaultdict(set)
    closes: dict[str, set[str]] = defaultdict(set)
    candidates = _candidates(groups, before, after, asked)
    for flow, names in islice(candidates, _MOST_FLOWS):
        now = allows(after, renewed(flow, after.snapshot), profile)
        if now != allows(before, flow, profile):
            for name in names:
                (opens if now else closes)[name].add(flow.port_text)
    more = ("more, not computed: too many flows are concerned",) if next(candidates, None) else ()
    return Effect((*_lines(opens), *more), (*_lines(closes), *more))


def renewed(flow: Flow, snapshot: Snapshot) -> Flow:
    """The same flow where the namespaces have the labels of this snapshot."""
    source, destination = (
        replace(end, namespace_labels=snapshot.namespace_labels(end.namespace)) if end.kind == "pod" else end
        for end in (flow.source, flow.destination)
    )
    return replace(flow, source=source, destination=destination)


def stable_labels(endpoint: Endpoint) -> dict[str, str]:
    """Those labels of a pod that all pods of its workload share."""
    return {key: value for key, value in endpoint.labels.items() if key not in CONTROLLER_LABELS}


def _lines(flows: dict[str, set[str]]) -> tuple[str, ...]:
    return tuple(f"{name} {', '.join(sorted(ports))}" for name, ports in sorted(flows.items()))


def _groups(before: CompiledPolicies, after: CompiledPolicies, asked: Flow) -> tuple[_Group, ...]:
    snapshot = before.snapshot
    blocks = {peer for policies in (before, after) for peer in _blocks(policies)}
    members: dict[object, list[Endpoint]] = defaultdict(list)
    names: dict[object, set[str]] = defaultdict(set)
    for pod in snapshot.pods:
        if pod.finished or pod.spec.host_network:
            continue
        endpoint = pod_endpoint(pod, snapshot)
        key = (endpoint.namespace, frozenset(endpoint.labels.items()), endpoint.ports, _inside(endpoint, blocks))
        members[key].append(endpoint)
        workload = snapshot.workload_of(pod)
        names[key].add(str((workload or pod).ref))
    groups = [_Group(ends[0], next(iter(ends[1:]), None), tuple(names[key])) for key, ends in members.items()]
    known = [(group.first.namespace, stable_labels(group.first)) for group in groups]
    for end in (asked.source, asked.destination):
        if end.kind != "pod" or (end.namespace, stable_labels(end)) not in known:
            groups.append(_Group(end, None, (str(end),)))
    return (*groups, _Group(_OUTSIDE, None, (_OUTSIDE.name,)))


def _blocks(policies: CompiledPolicies) -> Iterator[BlockPeer]:
    for rulesets in policies.rulesets.values():
        peers = (peer for ruleset in rulesets for rule in ruleset.rules for peer in rule.peers)
        yield from (replace(peer, path="") for peer in peers if isinstance(peer, BlockPeer))


def _inside(endpoint: Endpoint, blocks: Iterable[BlockPeer]) -> frozenset[BlockPeer]:
    addresses = [a for a in map(parse_address, endpoint.ips) if a]
    return frozenset(
        b for b in blocks if any(a in b.block and not any(a in n for n in b.excepted) for a in addresses)
    )


def _candidates(
    groups: tuple[_Group, ...], before: CompiledPolicies, after: CompiledPolicies, asked: Flow
) -> Iterator[tuple[Flow, tuple[str, ...]]]:
    """Flows that the change may concern, with the names of both ends."""
    touched = [_touched(group.first, before, after) for group in groups]
    selecting = [{d: _both(group.first, d, before, after) for d in Direction} for group in groups]
    for s, source in enumerate(groups):
        for d, destination in enumerate(groups):
            first = source.first
            second = destination.second if s == d else destination.first
            egress, ingress = selecting[s][Direction.EGRESS], selecting[d][Direction.INGRESS]
            concerned = (touched[s][0] or touched[d][0]) and (egress or ingress)
            if second is None or not (concerned or touched[s][1] or touched[d][2]):
                continue
            names = tuple(f"{a} → {b}" for a in source.names for b in destination.names)
            ports = {(asked.protocol, asked.port), *_declared(second), *_named(egress), *_named(ingress)}
            for protocol, port in sorted(ports):
                yield Flow(first, second, protocol, port), names
