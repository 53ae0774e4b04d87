"""The smallest changes that admit a denied flow, and what else each of them opens."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from netdoctor.cluster.addresses import parse_address
from netdoctor.cluster.objects import NetworkPolicy
from netdoctor.cluster.selectors import stable_labels
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.model.refs import ObjectRef
from netdoctor.model.report import Effect
from netdoctor.policy.change import Change, CreatePolicy, LabelNamespace, PatchPolicy
from netdoctor.policy.compile import CompiledPolicies, compile_policies
from netdoctor.policy.decide import decide
from netdoctor.policy.effect import effects, renewed
from netdoctor.policy.expressions import selects
from netdoctor.policy.flow import Endpoint, Flow
from netdoctor.policy.plugin_changes import plugin_changes
from netdoctor.policy.profile import CNIProfile
from netdoctor.policy.rules import Direction, PodPeer
from netdoctor.policy.verdict import FlowVerdict, MissKind, NearMiss, SideVerdict

_NAME_LABEL = "kubernetes.io/metadata.name"
_NEAREST = 3  # rules of one side that are worth changing
_MOST_LISTED = 20  # flows of a repair that are worth reading
_LABEL_KINDS = frozenset({MissKind.NAMESPACE_LABEL_MISSING, MissKind.NAMESPACE_LABEL_VALUE})


@dataclass(frozen=True, slots=True)
class Repair:
    """A change that makes one side of a denied flow pass.

    `patch` is what the command sends: a merge patch of a Namespace, one JSON patch operation on a policy, or the
    manifest of a new NetworkPolicy. `opens` and `closes` are the flows that differ then, computed by the engine:
    `opened` and `closed` lines of them, of which the first are listed.
    """

    title: str
    command: str
    patch: dict[str, Any] | None
    object: ObjectRef
    direction: Direction
    opens: tuple[str, ...]
    closes: tuple[str, ...]
    opened: int
    closed: int


@dataclass(frozen=True, slots=True)
class _Proposal:
    """A change that may help, not tried yet."""

    title: str
    change: Change


def repairs(policies: CompiledPolicies, verdict: FlowVerdict, profile: CNIProfile) -> tuple[Repair, ...]:
    """Changes for each side that denies: those that close nothing first, then by how little else they open."""
    helping = [
        (side.direction, proposal, after)
        for side in (verdict.egress, verdict.ingress)
        if side.allowed is False
        for proposal in _proposals(policies, verdict.flow, side)
        if (after := _tried(policies, verdict.flow, side.direction, proposal, profile))
    ]
    found = effects(policies, [after for *_, after in helping], verdict.flow, profile) if helping else ()
    made = (
        _repair(direction, proposal, effect) for (direction, proposal, _), effect in zip(helping, found, strict=True)
    )
    return tuple(sorted(made, key=lambda repair: (repair.closed, repair.opened)))


def repair_by(
    policies: CompiledPolicies,
    verdict: FlowVerdict,
    side: SideVerdict,
    profile: CNIProfile,
    proposed: tuple[str, Change],
) -> Repair | None:
    """A change (its title, and itself) that the caller knows of; None where it does not help the side."""
    proposal = _Proposal(*proposed)
    after = _tried(policies, verdict.flow, side.direction, proposal, profile)
    if after is None:
        return None
    return _repair(side.direction, proposal, effects(policies, [after], verdict.flow, profile)[0])


def _tried(
    policies: CompiledPolicies, flow: Flow, direction: Direction, proposal: _Proposal, profile: CNIProfile
) -> CompiledPolicies | None:
    """The policies after a change; None if the engine finds that it does not help."""
    after = compile_policies(proposal.change.apply(policies.snapshot), policies)
    verdict = decide(after, renewed(flow, after.snapshot), profile)
    side = verdict.egress if direction is Direction.EGRESS else verdict.ingress
    return after if side.allowed else None


def _repair(direction: Direction, proposal: _Proposal, effect: Effect) -> Repair:
    change = proposal.change
    return Repair(
        title=proposal.title,
        command=change.command,
        patch=change.patch,
        object=change.object,
        direction=direction,
        opens=_first(effect.opens),
        closes=_first(effect.closes),
        opened=len(effect.opens),
        closed=len(effect.closes),
    )


def _first(lines: tuple[str, ...]) -> tuple[str, ...]:
    left = len(lines) - _MOST_LISTED
    return (*lines[:_MOST_LISTED], f"and {left} more") if left > 0 else lines


def _proposals(policies: CompiledPolicies, flow: Flow, side: SideVerdict) -> Iterator[_Proposal]:
    local, remote = flow.ends(side.direction)
    peer = _peer(remote, local.namespace)
    changed: set[ObjectRef] = set()
    for near in side.near_misses:
        if len(near.missed) > 1 or len(changed) == _NEAREST:
            continue  # where nothing of a rule fits, a rule of its own says better what is meant
        rule = policies.rule(near.rule).ref
        if "peer" in near.missed:
            yield from _namespace_changes(policies, near, remote)
        if rule in changed or rule.kind != "NetworkPolicy":
            continue  # rules for the whole cluster are not changed for one flow
        changed.add(rule)
        if "peer" not in near.missed:
            ports = rule.at(f"{rule.path}.ports")
            yield _Proposal(f"add port {flow.port_text} to {rule}", PatchPolicy(ports, "append", _port(flow)))
        elif peer:
            peers = rule.at(f"{rule.path}.{side.direction.peers_field}")
            yield _Proposal(f"add {remote} as a peer to {rule}", PatchPolicy(peers, "append", peer))
    yield from (_Proposal(title, change) for title, change in plugin_changes(policies, flow, side))
    if peer:
        create = CreatePolicy(_manifest(policies.snapshot, flow, side.direction, peer))
        yield _Proposal(f"create {create.object} for this flow alone", create)
    if side.direction is Direction.INGRESS:
        yield from (_egress_only(ref) for ref in side.isolated_by if isolates_by_default(policies, ref))


def isolates_by_default(policies: CompiledPolicies, ref: ObjectRef) -> bool:
    """Whether a NetworkPolicy has egress rules only and isolates for ingress too: policyTypes were forgotten."""
    policy = policies.snapshot.find(ref)
    return isinstance(policy, NetworkPolicy) and bool(policy.spec.egress) and not policy.spec.ingress


def _egress_only(ref: ObjectRef) -> _Proposal:
    types = ref.at("spec.policyTypes")
    return _Proposal(f"leave ingress to other policies in {types}", PatchPolicy(types, "replace", ["Egress"]))


def _namespace_changes(policies: CompiledPolicies, near: NearMiss, remote: Endpoint) -> Iterator[_Proposal]:
    """Where nothing but a namespace's label misses: name the namespace in a NetworkPolicy, or give it the label."""
    if not {miss.kind for miss in near.misses} <= _LABEL_KINDS:
        return
    selector = near.rule.at(f"{near.rule.path}.namespaceSelector")
    missing = any(miss.kind is MissKind.NAMESPACE_LABEL_MISSING for miss in near.misses)
    if near.rule.kind == "NetworkPolicy" and missing and matches_no_namespace(policies, near):
        by_name = {"matchLabels": {_NAME_LABEL: remote.namespace}}
        title = f"select namespace {remote.namespace} by its name in {selector}"
        yield _Proposal(title, PatchPolicy(selector, "replace", by_name))
    wanted = near.misses[0].requirement
    settable = wanted and wanted.operator in ("In", "Exists") and wanted.key != _NAME_LABEL
    if len(near.misses) == 1 and wanted and settable:
        value = next(iter(wanted.values), "")
        overwrite = wanted.key in remote.namespace_labels
        label = LabelNamespace(remote.namespace, wanted.key, value, overwrite)
        yield _Proposal(f"label namespace {remote.namespace} {wanted.key}={value}", label)


def matches_no_namespace(policies: CompiledPolicies, near: NearMiss) -> bool:
    """Whether a peer's namespaceSelector matches no namespace at all, so that nothing is lost by replacing it."""
    snapshot = policies.snapshot
    peers = (p for p in policies.rule(near.rule).peers if isinstance(p, PodPeer) and p.path == near.rule.path)
    names = {n.name for n in snapshot.namespaces} | {pod.namespace for pod in snapshot.pods}
    chosen = [p.namespace_selector for p in peers if p.namespace_selector is not None]
    return not any(selects(selector, snapshot.namespace_labels(name)) for selector in chosen for name in names)


def _peer(end: Endpoint, namespace: str) -> dict[str, Any] | None:
    """A peer that means this end and its replicas, in a policy of `namespace`; None for a node without address."""
    if not end.selectable:
        address = parse_address(end.ips[0]) if end.ips else None
        return {"ipBlock": {"cidr": f"{address}/{address.max_prefixlen}"}} if address else None
    peer: dict[str, Any] = {"podSelector": {"matchLabels": labels} if (labels := stable_labels(end.labels)) else {}}
    if end.namespace != namespace:
        peer["namespaceSelector"] = {"matchLabels": {_NAME_LABEL: end.namespace}}
    return peer


def _port(flow: Flow) -> dict[str, Any]:
    return {"port": flow.port, "protocol": flow.protocol}


def _manifest(snapshot: Snapshot, flow: Flow, direction: Direction, peer: dict[str, Any]) -> dict[str, Any]:
    local, _ = flow.ends(direction)
    labels = stable_labels(local.labels)
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": _free_name(snapshot, flow, local.namespace), "namespace": local.namespace},
        "spec": {
            "podSelector": {"matchLabels": labels} if labels else {},
            "policyTypes": [direction.value],
            direction.field: [{direction.peers_field: [peer], "ports": [_port(flow)]}],
        },
    }


def _free_name(snapshot: Snapshot, flow: Flow, namespace: str) -> str:
    taken = {policy.name for policy in snapshot.policies_in(namespace)}
    base = re.sub("[^a-z0-9.]+", "-", f"allow-{flow.source.name}-to-{flow.destination.name}")[:240].strip("-.")
    return next(name for name in (base, *(f"{base}-{n}" for n in range(2, len(taken) + 3))) if name not in taken)
