"""What an API server would refuse in a cluster-wide policy: files may hold it all the same.

Source: the validation markers on the types in kubernetes-sigs/network-policy-api.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from netdoctor.cluster.objects import (
    AdminPeer,
    BaselineAdminNetworkPolicy,
    ClusterNetworkPolicy,
    LabelSelector,
    NamespacedPod,
    PolicySubject,
)
from netdoctor.model.refs import ObjectRef
from netdoctor.policy.cluster_wide import ClusterWidePolicy, Place, WideRule, is_readable, place_of, written_rules
from netdoctor.policy.cluster_wide_ports import port_name, wide_port_problems
from netdoctor.policy.invalid import Problem, is_network, selector_problems
from netdoctor.policy.rules import Action, Direction

_LABEL = r"[A-Za-z0-9](?:[-\w]*[A-Za-z0-9])?"
_DOMAIN_NAME = re.compile(rf"(?:\*\.)?(?:{_LABEL}\.)+{_LABEL}\.?", re.ASCII)
_NO_NAMES = "a BaselineAdminNetworkPolicy has no domainNames"


def unreadable_peers(policy: ClusterWidePolicy) -> Iterator[tuple[ObjectRef, str]]:
    """Peers that fail closed, and what becomes of their rules."""
    for rule in written_rules(policy):
        for peer, path in rule.peer_paths():
            if not is_readable(peer):
                effect = "allows nothing" if rule.action in ("Allow", "Accept") else "denies everything"
                yield policy.ref.at(path), f"this peer has no field that netdoctor knows, so its rule {effect}"


def wide_problems(policy: ClusterWidePolicy) -> Iterator[tuple[ObjectRef, str]]:
    """Everything that is wrong with a policy, each with the field that it is about."""
    yield from ((policy.ref.at(path), text) for path, text in _in_policy(policy))


def _in_policy(policy: ClusterWidePolicy) -> Iterator[Problem]:
    if isinstance(policy, BaselineAdminNetworkPolicy):
        if policy.name != "default":
            yield "metadata.name", "a BaselineAdminNetworkPolicy has to be named default"
    else:
        yield from _in_priority(policy.spec.priority)
    yield from _in_subject(policy.spec.subject)
    place = place_of(policy)
    if place is None:
        tier = policy.spec.tier if isinstance(policy, ClusterNetworkPolicy) else ""
        yield "spec.tier", f"{tier!r} is neither Admin nor Baseline"
        return
    for rule in written_rules(policy):
        yield from _in_rule(rule, place)
        if isinstance(policy, BaselineAdminNetworkPolicy):
            yield from ((f"{p}.domainNames", _NO_NAMES) for peer, p in rule.peer_paths() if peer.domain_names)


def _in_priority(priority: int | None) -> Iterator[Problem]:
    if priority is None:
        yield "spec.priority", "the priority is missing"
    elif not 0 <= priority <= 1000:
        yield "spec.priority", f"{priority} is not between 0 and 1000"


def _in_subject(subject: PolicySubject) -> Iterator[Problem]:
    if (subject.namespaces is None) == (subject.pods is None):
        yield "spec.subject", "a subject needs either namespaces or pods"
    yield from _in_selector(subject.namespaces, "spec.subject.namespaces")
    yield from _in_pods(subject.pods, "spec.subject.pods")


def _in_rule(rule: WideRule, place: Place) -> Iterator[Problem]:
    if rule.action not in place.actions:
        yield f"{rule.path}.action", f"{rule.action!r} is none of {', '.join(place.actions)}"
    if not rule.peers:
        yield f"{rule.path}.{rule.direction.peers_field}", "a rule needs at least one peer"
    if rule.ports == ():
        yield f"{rule.path}.{place.ports_field}", "the list is empty; leave it out to mean all ports"
    for port, path in rule.port_paths(place.ports_field):
        yield from wide_port_problems(port, path)
    for peer, path in rule.peer_paths():
        yield from _in_peer(peer, path)
        yield from _in_place(peer, path, rule, place)


def _in_peer(peer: AdminPeer, path: str) -> Iterator[Problem]:
    selectors = (peer.namespaces, peer.pods, peer.nodes)
    if sum(given is not None for given in selectors) + bool(peer.networks) + bool(peer.domain_names) > 1:
        yield path, "a peer must have exactly one field"
    yield from _in_selector(peer.namespaces, f"{path}.namespaces")
    yield from _in_pods(peer.pods, f"{path}.pods")
    yield from _in_selector(peer.nodes, f"{path}.nodes")
    for index, cidr in enumerate(peer.networks):
        if not is_network(cidr):
            yield f"{path}.networks[{index}]", f"{cidr!r} is no CIDR"
    for index, name in enumerate(peer.domain_names):
        if not _DOMAIN_NAME.fullmatch(name):
            yield f"{path}.domainNames[{index}]", f"{name!r} is no domain name"


def _in_place(peer: AdminPeer, path: str, rule: WideRule, place: Place) -> Iterator[Problem]:
    """Peers that are valid, but not in such a rule."""
    by_address = peer.nodes is not None or bool(peer.networks or peer.domain_names)
    if by_address and rule.direction is Direction.INGRESS:
        yield path, "nodes, networks and domainNames are for egress rules only"
    if by_address and any(map(port_name, rule.ports or ())):
        yield path, "only pods have named ports: nodes, networks and domainNames cannot stand beside one"
    if peer.domain_names and place.actions.get(rule.action) is not Action.ALLOW:
        yield f"{path}.domainNames", "domainNames are for rules that allow only"


def _in_pods(pods: NamespacedPod | None, path: str) -> Iterator[Problem]:
    if pods is None:
        return
    if pods.pod_selector is None:
        yield f"{path}.podSelector", "the podSelector is missing; an empty one means all pods"
    yield from _in_selector(pods.namespace_selector, f"{path}.namespaceSelector")
    yield from _in_selector(pods.pod_selector, f"{path}.podSelector")


def _in_selector(selector: LabelSelector | None, path: str) -> Iterator[Problem]:
    if selector is not None:
        yield from selector_problems(selector, path)
