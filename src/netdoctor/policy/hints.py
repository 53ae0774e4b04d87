"""What newcomers to NetworkPolicy get wrong, said where it decides a flow.

Sources: https://kubernetes.io/docs/concepts/services-networking/network-policies/ and the NetworkPolicy API reference.
"""

from __future__ import annotations

from collections.abc import Iterator

from netdoctor.policy.compile import CompiledPolicies
from netdoctor.policy.denial_hints import denial_hints
from netdoctor.policy.repair import isolates_by_default
from netdoctor.policy.rules import Direction, PodPeer, PortRange, Rule
from netdoctor.policy.verdict import FlowVerdict, MissKind, NearMiss, SideVerdict

_DNS = 53
_LABELS = {MissKind.POD_LABEL, MissKind.NAMESPACE_LABEL_MISSING, MissKind.NAMESPACE_LABEL_VALUE}


def hints(policies: CompiledPolicies, verdict: FlowVerdict, service_port: int | None = None) -> tuple[str, ...]:
    """What is worth knowing about a verdict, in sentences; `service_port` is the Service's that the flow came by."""
    found = [
        text
        for side in (verdict.egress, verdict.ingress)
        for text in (*_of_side(policies, side), *_of_misses(policies, verdict, side, service_port))
    ]
    return tuple(dict.fromkeys(found))


def _of_side(policies: CompiledPolicies, side: SideVerdict) -> Iterator[str]:
    if side.allowed and side.decided_by:
        yield from _either_peer(policies, side)
    yield from denial_hints(policies, side)
    if side.allowed is False and side.direction is Direction.INGRESS:
        for ref in side.denied_by:
            if isolates_by_default(policies, ref):
                yield (
                    f"{ref} has egress rules only, and yet denies all ingress: its policyTypes name Ingress, which is "
                    "also the default where they are missing; for egress alone write policyTypes: [Egress]"
                )


def _either_peer(policies: CompiledPolicies, side: SideVerdict) -> Iterator[str]:
    """Two peers of which one has only namespaces and the other only pods: probably one was meant."""
    decided = side.decided_by
    peers = [p for p in policies.rule(decided).peers if isinstance(p, PodPeer)] if decided else []
    namespaces = [p for p in peers if p.namespace_selector is not None and p.pod_selector is None]
    pods = [p for p in peers if p.namespace_selector is None]
    if decided and namespaces and pods and decided.path in {p.path for p in (*namespaces, *pods)}:
        yield (
            f"{decided.at(decided.path.rpartition('.')[0])} lists its namespaceSelector and its podSelector as two "
            f"peers, and either is enough; to ask for both, write them as one peer: podSelector without its own dash"
        )


def _of_misses(
    policies: CompiledPolicies, verdict: FlowVerdict, side: SideVerdict, service_port: int | None
) -> Iterator[str]:
    for near in side.near_misses[:1]:
        rule = policies.rule(near.rule)
        yield from _label_hints(rule, near)
        yield from _port_hints(verdict, rule, near, service_port)


def _label_hints(rule: Rule, near: NearMiss) -> Iterator[str]:
    kinds = {miss.kind for miss in near.misses}
    if MissKind.NAMESPACE_LABEL_MISSING in kinds:
        yield (
            "a namespaceSelector looks at the labels of the Namespace object, not at its name; by its name every "
            "namespace is selected with kubernetes.io/metadata.name: NAME"
        )
    peer = next((p for p in rule.peers if isinstance(p, PodPeer) and p.path == near.rule.path), None)
    both = peer is not None and peer.namespace_selector is not None and peer.pod_selector is not None
    if both and len(kinds & _LABELS) == 1 and kinds <= _LABELS:
        yield (
            f"{near.rule} has a namespaceSelector and a podSelector in one peer: both must match; "
            "as two peers (each with its own dash) either would be enough"
        )
    if MissKind.OTHER_NAMESPACE in kinds:
        yield "a podSelector without a namespaceSelector means pods of the policy's own namespace only"


def _port_hints(verdict: FlowVerdict, rule: Rule, near: NearMiss, service_port: int | None) -> Iterator[str]:
    flow = verdict.flow
    ranges = [port for port in rule.ports if isinstance(port, PortRange)]
    if service_port not in (None, flow.port) and any(
        p.protocol == flow.protocol and p.first <= service_port <= p.last for p in ranges if service_port
    ):
        yield (
            f"{near.rule.object} names the Service's port {service_port}; policies see the pod's own port, to which "
            f"the Service's targetPort leads: {flow.port}"
        )
    if flow.port == _DNS and any(p.first <= _DNS <= p.last and p.protocol != flow.protocol for p in ranges):
        yield (
            "DNS needs port 53 over UDP and over TCP: answers too long for UDP are asked for again over TCP; "
            "a port without a protocol means TCP"
        )
    if any(miss.kind is MissKind.NAMED_PORT_UNRESOLVED for miss in near.misses):
        yield (
            "a port's name is looked up in the containers' ports of each destination pod, by name and protocol; "
            "where no container declares it, the rule matches nothing, and nothing says so"
        )
