"""The smallest changes that admit a denied flow, and what else each of them opens."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from netdoctor.cluster.selectors import matches
from netdoctor.model.refs import ObjectRef
from netdoctor.policy.change import Change, CreatePolicy, LabelNamespace, PatchPolicy
from netdoctor.policy.compile import CompiledPolicies, compile_policies
from netdoctor.policy.decide import decide
from netdoctor.policy.effect import effect, renewed
from netdoctor.policy.flow import Endpoint, Flow
from netdoctor.policy.groups import stable_labels
from netdoctor.policy.profile import CNIProfile
from netdoctor.policy.rules import Direction, PodPeer
from netdoctor.policy.verdict import FlowVerdict, MissKind, NearMiss, SideVerdict

_NAME_LABEL = "kubernetes.io/metadata.name"
_NEAREST = 3  # rules of one side that are worth changing
_LABEL_KINDS = frozenset({MissKind.NAMESPACE_LABEL_MISSING, MissKind.NAMESPACE_LABEL_VALUE})


@dataclass(frozen=True, slots=True)
class Repair:
    """A change that makes one side of a denied flow pass.

    `patch` is what the command sends: a merge patch of a Namespace, one JSON patch operation on a NetworkPolicy, or
    the manifest of a new one. `opens` and `closes` are the flows that differ then, computed by the engine.
    """

    title: str
    command: str
    patch: dict[str, Any] | None
    object: ObjectRef
    direction: Direction
    opens: tuple[str, ...]
    closes: tuple[str, ...]


def repairs(policies: CompiledPolicies, verdict: FlowVerdict, profile: CNIProfile) -> tuple[Repair, ...]:
    """Changes for each side that denies: those that close nothing first, then by how little else they open."""
    found = [
        repair
        for side in (verdict.egress, verdict.ingress)
        if side.allowed is False
        for change, title in _changes(policies, verdict.flow, side)
        if (repair := _tried(policies, verdict.flow, side.direction, change, title, profile))
    ]
    return tuple(sorted(found, key=lambda repair: (len(repair.closes), len(repair.opens))))


def _tried(
    policies: CompiledPolicies, flow: Flow, direction: Direction, change: Change, title: str, profile: CNIProfile
) -> Repair | None:
    """The change with its effect; None if the engine finds that it does not help."""
    after = compile_policies(change.apply(policies.snapshot))
    verdict = decide(after, renewed(flow, after.snapshot), profile)
    side = verdict.egress if direction is Direction.EGRESS else verdict.ingress
    if not side.allowed:
        return None
    found = effect(policies, after, flow, profile)
    return Repair(title, change.command, change.patch, change.object, direction, found.opens, found.closes)


def _changes(policies: CompiledPolicies, flow: Flow, side: SideVerdict) -> Iterator[tuple[Change, str]]:
    egress = side.direction is Direction.EGRESS
    local, remote = (flow.source, flow.destination) if egress else (flow.destination, flow.source)
    seen: set[str] = set()
    for near in side.near_misses:
        rule = policies.rule(near.rule)
        if "peer" in near.missed and len(near.missed) > 1:
            continue  # nothing of it fits: a rule of its own says better what is meant
        if "peer" in near.missed:
            yield from _namespace_changes(policies, near, remote)
        if str(rule.ref) in seen:
            continue
        seen.add(str(rule.ref))
        if len(seen) > _NEAREST:
            break
        if "peer" in near.missed:
            peers = rule.ref.at(f"{rule.ref.path}.{side.direction.peers_field}")
            yield PatchPolicy(peers, "append", _peer(remote, local.namespace)), f"add {remote} as a peer to {rule.ref}"
        else:
            ports = rule.ref.at(f"{rule.ref.path}.ports")
            yield PatchPolicy(ports, "append", _port(flow)), f"add port {flow.port_text} to {rule.ref}"
    create = CreatePolicy(_manifest(policies, flow, side.direction, local, remote))
    yield create, f"create {create.object}, which admits this flow alone"


def _namespace_changes(policies: CompiledPolicies, near: NearMiss, remote: Endpoint) -> Iterator[tuple[Change, str]]:
    """Where nothing but a namespace's label misses: name the namespace in the policy, or give it the label."""
    if not {miss.kind for miss in near.misses} <= _LABEL_KINDS:
        return
    selector = near.rule.at(f"{near.rule.path}.namespaceSelector")
    if any(miss.kind is MissKind.NAMESPACE_LABEL_MISSING for miss in near.misses) and _matches_none(policies, near):
        by_name = {"matchLabels": {_NAME_LABEL: remote.namespace}}
        yield PatchPolicy(selector, "replace", by_name), f"select namespace {remote.namespace} by its name in {selector}"
    wanted = near.misses[0].requirement
    if len(near.misses) == 1 and wanted and wanted.operator in ("In", "Exists"):
        value = next(iter(wanted.values), "")
        overwrite = wanted.key in remote.namespace_labels
        label = LabelNamespace(remote.namespace, wanted.key, value, overwrite)
        yield label, f"label namespace {remote.namespace} {wanted.key}={value}"


def _matches_none(policies: CompiledPolicies, near: NearMiss) -> bool:
    """Whether a peer's namespaceSelector matches no namespace at all, so that nothing is lost by replacing it."""
    snapshot = policies.snapshot
    peers = (p for p in policies.rule(near.rule).peers if isinstance(p, PodPeer) and p.path == near.rule.path)
    names = {n.name for n in snapshot.namespaces} | {pod.namespace for pod in snapshot.pods}
    return not any(matches(p.namespace_selector, snapshot.namespace_labels(name)) for p in peers for name in names)


def _peer(end: Endpoint, namespace: str) -> dict[str, Any]:
    """A peer that means this end and its replicas, in a policy of `namespace`."""
    if not end.selectable:
        address = parse_address(end.ips[0]) if end.ips else None
        return {"ipBlock": {"cidr": f"{address}/{address.max_prefixlen}" if address else "0.0.0.0/0"}}
    peer: dict[str, Any] = {"podSelector": {"matchLabels": stable_labels(end)} if stable_labels(end) else {}}
    if end.namespace != namespace:
        peer["namespaceSelector"] = {"matchLabels": {_NAME_LABEL: end.namespace}}
    return peer


def _port(flow: Flow) -> dict[str, Any]:
    return {"port": flow.port, "protocol": flow.protocol}


def _manifest(
    policies: CompiledPolicies, flow: Flow, direction: Direction, local: Endpoint, remote: Endpoint
) -> dict[str, Any]:
    rule = {direction.peers_field: [_peer(remote, local.namespace)], "ports": [_port(flow)]}
    labels = stable_labels(local)
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": _free_name(policies, flow, local.namespace), "namespace": local.namespace},
        "spec": {
            "podSelector": {"matchLabels": labels} if labels else {},
            "policyTypes": [direction.value],
            direction.field: [rule],
        },
    }
