"""What AdminNetworkPolicy, BaselineAdminNetworkPolicy and ClusterNetworkPolicy have in common, to rulesets.

They select pods of the whole cluster, have ordered rules with an action, and isolate nobody. A peer without any field
that is known fails closed: its rule allows nothing, or denies everything if it denies or passes. Peers like that come
from newer versions of the API. Source: the comments on the types in kubernetes-sigs/network-policy-api.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from netdoctor.cluster.objects import (
    AdminNetworkPolicy,
    AdminPeer,
    AdminRule,
    BaselineAdminNetworkPolicy,
    ClusterNetworkPolicy,
    ClusterRule,
    LabelSelector,
    NamespacedPod,
    PolicySubject,
)
from netdoctor.model.refs import ObjectRef
from netdoctor.policy.cluster_wide_ports import WidePort, rule_port
from netdoctor.policy.invalid import parse_network
from netdoctor.policy.rules import (
    Action,
    BlockPeer,
    Direction,
    NamePeer,
    NodePeer,
    Peer,
    PodPeer,
    Priority,
    Rule,
    Ruleset,
    Tier,
    UnknownPeer,
)

ClusterWidePolicy = AdminNetworkPolicy | BaselineAdminNetworkPolicy | ClusterNetworkPolicy
_EVERY_NAMESPACE = LabelSelector()


@dataclass(frozen=True, slots=True)
class Place:
    """Where the rules of a kind of policy are evaluated, and what they call their actions and their ports."""

    tier: Tier
    actions: Mapping[str, Action]
    ports_field: str = "ports"


_ALLOW_DENY = {"Allow": Action.ALLOW, "Deny": Action.DENY}
_ADMIN = Place(Tier.ADMIN, MappingProxyType({**_ALLOW_DENY, "Pass": Action.PASS}))
_BASELINE = Place(Tier.BASELINE, MappingProxyType(_ALLOW_DENY))
_ACCEPT_DENY_PASS = MappingProxyType({"Accept": Action.ALLOW, "Deny": Action.DENY, "Pass": Action.PASS})
_BY_TIER = {
    "Admin": Place(Tier.ADMIN, _ACCEPT_DENY_PASS, "protocols"),
    "Baseline": Place(Tier.BASELINE, _ACCEPT_DENY_PASS, "protocols"),
}


def place_of(policy: ClusterWidePolicy) -> Place | None:
    """Where a policy is evaluated; None if it names a tier that does not exist."""
    match policy:
        case AdminNetworkPolicy():
            return _ADMIN
        case BaselineAdminNetworkPolicy():
            return _BASELINE
        case ClusterNetworkPolicy():
            return _BY_TIER.get(policy.spec.tier)


@dataclass(frozen=True, slots=True)
class WideRule:
    """One rule as it is written. `ports` is None where the rule is about all of them."""

    path: str
    direction: Direction
    action: str
    peers: tuple[AdminPeer, ...]
    ports: tuple[WidePort, ...] | None

    def peer_paths(self) -> Iterator[tuple[AdminPeer, str]]:
        """The peers, each with its field."""
        for index, peer in enumerate(self.peers):
            yield peer, f"{self.path}.{self.direction.peers_field}[{index}]"

    def port_paths(self, field: str) -> Iterator[tuple[WidePort, str]]:
        """The ports, each with its field."""
        for index, port in enumerate(self.ports or ()):
            yield port, f"{self.path}.{field}[{index}]"


def written_rules(policy: ClusterWidePolicy) -> Iterator[WideRule]:
    """The rules of a policy in their order, ingress first."""
    by_direction: tuple[tuple[Direction, tuple[AdminRule | ClusterRule, ...]], ...] = (
        (Direction.INGRESS, policy.spec.ingress),
        (Direction.EGRESS, policy.spec.egress),
    )
    for direction, rules in by_direction:
        for index, rule in enumerate(rules):
            peers = rule.from_ if direction is Direction.INGRESS else rule.to
            ports = rule.ports if isinstance(rule, AdminRule) else rule.protocols
            yield WideRule(f"spec.{direction.field}[{index}]", direction, rule.action, peers, ports)


def wide_rulesets(policy: ClusterWidePolicy) -> tuple[Ruleset, ...]:
    """The rulesets of a policy.

    Raises:
        ValueError: the policy is not valid.
    """
    place = place_of(policy)
    if place is None:
        raise ValueError(f"{policy.ref} names no tier")
    written = tuple(written_rules(policy))
    priority = 0 if isinstance(policy, BaselineAdminNetworkPolicy) else policy.spec.priority or 0
    return tuple(
        Ruleset(
            policy=policy.ref,
            direction=direction,
            tier=place.tier,
            priority=Priority(priority),
            isolates=False,
            subject=_subject(policy.spec.subject),
            rules=tuple(_rule(policy.ref, rule, place) for rule in mine),
        )
        for direction in Direction
        if (mine := [rule for rule in written if rule.direction is direction])
    )


def is_readable(peer: AdminPeer) -> bool:
    """Whether a peer has a field that is known."""
    return any(given is not None for given in (peer.namespaces, peer.pods, peer.nodes)) or bool(
        peer.networks or peer.domain_names
    )


def _rule(policy: ObjectRef, rule: WideRule, place: Place) -> Rule:
    action, ref = place.actions[rule.action], policy.at(rule.path)
    ports = tuple(rule_port(port, path) for port, path in rule.port_paths(place.ports_field))
    unreadable = [path for peer, path in rule.peer_paths() if not is_readable(peer)]
    if unreadable and action is Action.ALLOW:
        return Rule(ref, action, tuple(UnknownPeer(path, matches=False) for path in unreadable), ports)
    if unreadable:
        return Rule(ref, Action.DENY, tuple(UnknownPeer(path, matches=True) for path in unreadable), ())
    return Rule(ref, action, tuple(one for peer, path in rule.peer_paths() for one in _peers(peer, path)), ports)


def _peers(peer: AdminPeer, path: str) -> Iterator[Peer]:
    if peer.namespaces is not None:
        yield PodPeer(path, "", peer.namespaces, None)
    elif peer.pods is not None:
        yield _pods(peer.pods, path)
    elif peer.nodes is not None:
        yield NodePeer(path, peer.nodes)
    elif peer.networks:
        for index, cidr in enumerate(peer.networks):
            yield BlockPeer(f"{path}.networks[{index}]", parse_network(cidr), everyone=True)
    else:
        yield NamePeer(path, peer.domain_names)


def _pods(pods: NamespacedPod, path: str) -> PodPeer:
    return PodPeer(path, "", pods.namespace_selector or _EVERY_NAMESPACE, pods.pod_selector)


def _subject(subject: PolicySubject) -> PodPeer:
    if subject.pods is not None:
        return _pods(subject.pods, "spec.subject")
    return PodPeer("spec.subject", "", subject.namespaces, None)
