"""HostEndpoints: interfaces of nodes that Calico's policies select. What those do to a node's own traffic is not known.

They are no part of the general form, which has policies of pods alone. So a flow from or to such a node is left open,
unless Calico always lets it through (failsafe ports), or nothing filters it: a HostEndpoint that no policy selects and
whose profile allows everything, as those have that Calico makes by itself.
Source: Calico's documentation, "Protect hosts", and the reference of FelixConfiguration (failsafeInboundHostPorts).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from netdoctor.cluster.calico_objects import GlobalNetworkPolicy, HostEndpoint
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.model.refs import ObjectRef
from netdoctor.policy.calico.domains import EVERYTHING
from netdoctor.policy.calico.entities import read_selector
from netdoctor.policy.calico.scope import Labelled
from netdoctor.policy.contribution import HostGap
from netdoctor.policy.rules import Direction

_ALLOWING_PROFILE = "projectcalico-default-allow"
_BOTH = (("tcp", 179), ("tcp", 2379), ("tcp", 2380), ("tcp", 5473), ("tcp", 6443), ("tcp", 6666), ("tcp", 6667))
_FAILSAFE = {
    Direction.INGRESS: ("failsafeInboundHostPorts", (("tcp", 22), ("udp", 68), *_BOTH)),
    Direction.EGRESS: ("failsafeOutboundHostPorts", (("udp", 53), ("udp", 67), *_BOTH)),
}


def host_gaps(snapshot: Snapshot, policies: Sequence[GlobalNetworkPolicy]) -> Mapping[str, HostGap]:
    """By node, why it is not known what becomes of the node's own traffic."""
    always = frozenset(_failsafe(snapshot))
    found: dict[str, HostGap] = {}
    for host in snapshot.host_endpoints:
        selecting = [policy.ref for policy in policies if _selects(policy, host)]
        if selecting or _ALLOWING_PROFILE not in host.spec.profiles:
            by = f"which {selecting[0]} selects" if selecting else "whose profiles are not evaluated"
            because = f"node {host.spec.node} has the {host.ref}, {by}: what it does to the node's traffic is not known"
            found.setdefault(host.spec.node, HostGap(because, always))
    return found


def forwarding_remarks(snapshot: Snapshot, policies: Sequence[GlobalNetworkPolicy]) -> Iterator[tuple[ObjectRef, str]]:
    """Policies that filter what nodes forward, besides what pods have to do with them."""
    for policy in policies:
        hosts = [host.spec.node for host in snapshot.host_endpoints if _selects(policy, host)]
        if hosts and policy.spec.apply_on_forward:
            nodes = ", ".join(sorted(set(hosts))[:3])
            yield (
                policy.ref.at("spec.applyOnForward"),
                f"what it does to traffic that {nodes} forwards is not evaluated",
            )


def _selects(policy: GlobalNetworkPolicy, host: HostEndpoint) -> bool:
    """Raises SelectorError: a selector is not valid."""
    spec = policy.spec
    namespaces = read_selector(spec.namespace_selector) if spec.namespace_selector else None
    accounts = read_selector(spec.service_account_selector) if spec.service_account_selector else EVERYTHING
    bound = not spec.service_account_selector
    return bound and Labelled((), host.labels).is_meant(read_selector(spec.selector), namespaces, accounts)


def _failsafe(snapshot: Snapshot) -> Iterator[tuple[Direction, str, int]]:
    """The ports that stay open whatever policies say, for everybody."""
    found = (one for one in snapshot.felix_configurations if one.name == "default")
    spec: Mapping[str, Any] = next((one.spec for one in found), {})
    for direction, (field, usual) in _FAILSAFE.items():
        own = spec.get(field)
        if own is None:
            yield from ((direction, protocol.upper(), port) for protocol, port in usual)
            continue
        for one in own if isinstance(own, list) else ():
            if isinstance(one, Mapping) and not one.get("net") and isinstance(one.get("port"), int):
                yield direction, str(one.get("protocol", "")).upper(), one["port"]
