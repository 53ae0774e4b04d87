"""Decides one flow: which rules match on either side, and what follows from it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from netdoctor.cluster.addresses import parse_address
from netdoctor.policy.compile import CompiledPolicies
from netdoctor.policy.evaluate import Asked, Gaps, outcomes
from netdoctor.policy.flow import Endpoint, Flow
from netdoctor.policy.near import near_misses
from netdoctor.policy.pod_match import maybe_pod
from netdoctor.policy.profile import CNIProfile
from netdoctor.policy.remote import families
from netdoctor.policy.rules import Action, Direction, Rule, Ruleset
from netdoctor.policy.verdict import FlowVerdict, SideVerdict

# Of Kubernetes, but not of every network plugin; a plugin's own kinds count only where it runs.
_NOT_EVERYWHERE = frozenset({"AdminNetworkPolicy", "BaselineAdminNetworkPolicy", "ClusterNetworkPolicy"})


def decide(policies: CompiledPolicies, flow: Flow, profile: CNIProfile) -> FlowVerdict:
    """May this flow pass? With the rules that say so, or with those that nearly did."""
    if special := _unfiltered(flow):
        allowed, why = special
        egress, ingress = (SideVerdict(direction, allowed) for direction in (Direction.EGRESS, Direction.INGRESS))
        return FlowVerdict(flow, egress, ingress, (why,))
    egress, egress_notes = _side(policies, flow, Direction.EGRESS, profile)
    ingress, ingress_notes = _side(policies, flow, Direction.INGRESS, profile)
    verdict = FlowVerdict(flow, egress, ingress)
    notes = [*egress_notes, *ingress_notes]
    if any(policies.selecting(flow.ends(direction)[0], direction) for direction in Direction):
        notes += _dependencies(policies, verdict, profile)
    return replace(verdict, assumptions=tuple(dict.fromkeys(notes)))


def allows(policies: CompiledPolicies, flow: Flow, profile: CNIProfile) -> bool:
    """Whether the policies that are known certainly allow the flow: `decide` without reasons, for many flows."""
    if special := _unfiltered(flow):
        return special[0] is True
    for direction in Direction:
        local, remote = flow.ends(direction)
        if _unknown(policies, flow, direction):
            return False
        if not _exempt(direction, local, remote):
            asked = Asked.of(flow, direction, profile)
            ends = outcomes(policies.selecting(local, direction), asked, [], Gaps(policies.tiers))
            if not all(end.answer in (Action.ALLOW, Action.PASS) for end in ends):
                return False
    return True


def _unfiltered(flow: Flow) -> tuple[bool | None, str] | None:
    """Flows that no policy decides: the answer, and why."""
    source, destination = flow.source, flow.destination
    for end in (source, destination):
        if end.finished:
            return None, f"pod {end} has finished: it has no network any more"
    address = parse_address(destination.ips[0]) if destination.ips else None
    if address is not None and address.is_loopback:
        return True, f"{address} is loopback: the flow never leaves {source}"
    if destination.kind == "pod" and _identity(source) == _identity(destination):
        return True, "a pod can always reach itself"
    return None


def _identity(end: Endpoint) -> tuple[str, str, str]:
    return end.kind, end.namespace, end.name


def _exempt(direction: Direction, local: Endpoint, remote: Endpoint) -> str:
    """Why no policy applies to a side; empty where policies do."""
    if local.host_network:
        return f"pod {local} is on the host network: no policy selects it, its traffic is its node's"
    if not local.selectable:
        return f"no policy selects {local}, which is no pod"
    if direction is Direction.INGRESS and _own_node(local, remote):
        return f"node {local.node} may always reach the pods that it runs"
    return ""


def _unknown(policies: CompiledPolicies, flow: Flow, direction: Direction) -> str:
    """Why it is not known which policies a side has; empty where it is."""
    return _host_gap(policies, flow, direction) or _unread_pod(policies, flow.ends(direction)[0])


def _unread_pod(policies: CompiledPolicies, local: Endpoint) -> str:
    """Why it is not known whether policies select an end; empty where it is."""
    return (
        ""
        if local.pods_read or not policies.rulesets
        else f"cannot be known: whether policies select {maybe_pod(local)}"
    )


def _host_gap(policies: CompiledPolicies, flow: Flow, direction: Direction) -> str:
    """Why it is not known what the policies of a node do to the flow; empty where it is."""
    local, remote = flow.ends(direction)
    gap = policies.host_gap(local.node) if local.is_node and not _own_node(local, remote) else None
    always = gap is not None and (direction, flow.protocol, flow.port) in gap.open
    return "" if gap is None or always else gap.because


def _own_node(local: Endpoint, remote: Endpoint) -> bool:
    return remote.is_node and remote.node != "" and remote.node == local.node


def _side(
    policies: CompiledPolicies, flow: Flow, direction: Direction, profile: CNIProfile
) -> tuple[SideVerdict, tuple[str, ...]]:
    """One side's verdict, and what it assumes."""
    local, remote = flow.ends(direction)
    if unknown := _unknown(policies, flow, direction):
        return SideVerdict(direction, allowed=None), (unknown,)
    if exempt := _exempt(direction, local, remote):
        return SideVerdict(direction, allowed=True), (exempt,) if local.kind == "pod" else ()
    rulesets = policies.selecting(local, direction)
    side, doubts = _with_reasons(policies, rulesets, Asked.of(flow, direction, profile))
    notes = (*doubts, *_side_notes(side, remote, selected=bool(rulesets)))
    if side.allowed is False and _own_node(local, remote):
        side = replace(side, allowed=None)
        notes += (f"the API says that {local} may always reach its own node; most network plugins deny it here",)
    return side, notes


def _with_reasons(
    policies: CompiledPolicies, rulesets: tuple[Ruleset, ...], asked: Asked
) -> tuple[SideVerdict, tuple[str, ...]]:
    """The verdict, and where it is open why."""
    reached: list[Rule] = []
    ends = tuple(outcomes(rulesets, asked, reached, _gaps(policies, asked.local.namespace)))
    answers = {end.answer for end in ends if end.answer is not Action.PASS}
    allowed = answers == {Action.ALLOW} if len(answers) == 1 and None not in answers else None
    near = () if allowed else near_misses(reached, asked)
    isolated_by = ends[-1].isolated_by or tuple(ruleset.policy for ruleset in rulesets if ruleset.isolates)
    decided_by = ends[-1].decided_by if allowed is not None else None
    doubts = tuple(doubt for end in ends for doubt in end.doubts) if allowed is None else ()
    return SideVerdict(asked.direction, allowed, isolated_by, decided_by, near), doubts


def _gaps(policies: CompiledPolicies, namespace: str) -> Gaps:
    return Gaps(
        policies.tiers,
        lambda tier: policies.gap(namespace, tier),
        lambda tier: policies.unsure(namespace, tier),
        policies.first_network_policy,
    )


def _side_notes(side: SideVerdict, remote: Endpoint, *, selected: bool) -> Iterator[str]:
    if selected and remote.host_network:
        yield f"pod {remote} is on the host network: taken as its node's address, which selectors do not match"
    if selected and side.direction is Direction.INGRESS and remote.kind == "ip":
        yield "through a NodePort or LoadBalancer the source may arrive with a node's address (SNAT)"
    if side.decided_by and side.decided_by.kind in _NOT_EVERYWHERE:
        yield f"the network plugin implements {side.decided_by.kind}, which not every one does"


def _dependencies(policies: CompiledPolicies, verdict: FlowVerdict, profile: CNIProfile) -> Iterator[str]:
    """What would turn the answer: another network plugin, the other IP family."""
    flow, allowed = verdict.flow, verdict.allowed is True
    if profile.enforces is False:
        yield f"{profile.name} enforces no NetworkPolicy: a denied flow passes all the same"
    pods = replace(profile, ipblock_matches_pods=not profile.ipblock_matches_pods)
    nodes = replace(profile, ipblock_matches_nodes=not profile.ipblock_matches_nodes)
    for what, matched, other in (
        ("pod", profile.ipblock_matches_pods, pods),
        ("node", profile.ipblock_matches_nodes, nodes),
    ):
        if allows(policies, flow, other) != allowed:
            how = "match" if matched else "do not match"
            yield f"depends on the network plugin: ipBlocks {how} {what} addresses ({profile.name})"
    for version in families(flow)[1:]:
        if allows(policies, _over(flow, version), profile) != allowed:
            yield f"holds over IPv{families(flow)[0]}; over IPv{version} the answer is the opposite"


def _over(flow: Flow, version: int) -> Flow:
    """The same flow where the destination is asked at its addresses of one family."""
    ips = tuple(ip for ip in flow.destination.ips if (a := parse_address(ip)) and a.version == version)
    return replace(flow, destination=replace(flow.destination, ips=ips))
