"""Which rule nearly admits a denied flow, and which well-known mistake keeps it from doing so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from netdoctor.cluster.addresses import Network, holds, parse_address
from netdoctor.cluster.calico_objects import CALICO_POLICIES
from netdoctor.cluster.cilium_objects import CILIUM_POLICIES
from netdoctor.policy.apart import admits, apart
from netdoctor.policy.compile import CompiledPolicies
from netdoctor.policy.flow import Endpoint, Flow
from netdoctor.policy.repair import matches_no_namespace
from netdoctor.policy.rules import BlockPeer, PortRange
from netdoctor.policy.verdict import MissKind, NearMiss, SideVerdict


class Reason(StrEnum):
    """Why the nearest rule does not admit a flow, where that is a mistake of its own."""

    NAMESPACE_LABEL = "namespaceLabel"
    SERVICE_PORT = "servicePort"
    NAMED_PORT = "namedPort"
    BOTH_SELECTORS = "bothSelectors"  # of one peer, where two peers would admit the flow
    BLOCK = "block"  # an ipBlock that is meant for pods, Services or nodes
    CLIENT_BLOCK = "clientBlock"  # an ipBlock that is meant for clients, whose addresses nodes have replaced
    ADMIN = "admin"  # no mistake: a rule of a policy for the whole cluster denies it
    CALICO = "calico"  # no mistake: a policy of Calico's denies it
    CILIUM = "cilium"  # no mistake: a policy of Cilium's denies it
    OTHER = "other"


_NO_MISTAKE = (Reason.OTHER, Reason.CALICO, Reason.CILIUM)
# Whose policies deny, by their kinds; Cilium isolates by its configuration, too.
_OF_PLUGINS = {
    **dict.fromkeys(CALICO_POLICIES, Reason.CALICO),
    **dict.fromkeys((*CILIUM_POLICIES, "ConfigMap"), Reason.CILIUM),
}
_BLOCK_KINDS = frozenset({MissKind.IP_BLOCK, MissKind.PEER_IS_POD, MissKind.HOST_NETWORK})


@dataclass(frozen=True, slots=True)
class Behind:
    """Where a flow ends: at `port`, which a Service has behind its port `front` (None: no Service leads there).

    `vips` are the Service's addresses; `translated` tells that a node has put its own address for the client's.
    """

    front: int | None
    port: int
    protocol: str
    vips: tuple[str, ...] = ()
    translated: bool = False


def nearest(
    policies: CompiledPolicies, side: SideVerdict, flow: Flow, behind: Behind
) -> tuple[NearMiss | None, Reason]:
    """The near miss that explains a denied side best: one that is a well-known mistake, else the nearest."""
    remote = flow.ends(side.direction)[1]
    judged = [
        (near, _OF_PLUGINS.get(near.rule.kind) or _reason(policies, near, remote, behind)) for near in side.near_misses
    ]
    mistakes = ((n, r) for n, r in judged if r not in _NO_MISTAKE and not _meant_for_others(policies, n, r, judged))
    general = _general(side, judged)
    return next(mistakes, next(iter((near, general) for near, _ in judged), (None, general)))


def _general(side: SideVerdict, judged: Sequence[tuple[NearMiss, Reason]]) -> Reason:
    """Whose policies deny. Where those of Kubernetes and of a network plugin isolate together, the nearest rule's."""
    if side.decided_by is not None:  # NetworkPolicies have no denying rules
        return _OF_PLUGINS.get(side.decided_by.kind, Reason.ADMIN)
    if judged:
        return judged[0][1] if judged[0][1] in _NO_MISTAKE else Reason.OTHER
    isolating = {_OF_PLUGINS.get(ref.kind, Reason.OTHER) for ref in side.isolated_by}
    return isolating.pop() if len(isolating) == 1 else Reason.OTHER


def _meant_for_others(
    policies: CompiledPolicies, near: NearMiss, reason: Reason, judged: Sequence[tuple[NearMiss, Reason]]
) -> bool:
    """Whether another rule is as near, and a peer has a use: namespaces that it selects, or other pods' addresses."""
    as_near = [n for n, r in judged if r is Reason.OTHER and len(n.misses) <= len(near.misses)]
    if reason is Reason.BLOCK:
        return any(other.missed == {"peer"} for other in as_near)
    return reason is Reason.NAMESPACE_LABEL and bool(as_near) and not matches_no_namespace(policies, near)


def _reason(policies: CompiledPolicies, near: NearMiss, remote: Endpoint, behind: Behind) -> Reason:
    kinds = {miss.kind for miss in near.misses}
    if near.missed == {"peer"} and (meant := apart(policies, near.rule)) and admits(meant, remote):
        return Reason.BOTH_SELECTORS
    if near.missed == {"peer"} and (block := _block(policies, near)):
        return _block_reason(policies, near, block, behind)
    if kinds == {MissKind.NAMESPACE_LABEL_MISSING}:
        return Reason.NAMESPACE_LABEL
    if not kinds <= {MissKind.PORT, MissKind.PROTOCOL, MissKind.NAMED_PORT_UNRESOLVED}:
        return Reason.OTHER
    if MissKind.NAMED_PORT_UNRESOLVED in kinds:
        return Reason.NAMED_PORT
    return Reason.SERVICE_PORT if _names_service_port(policies, near, behind) else Reason.OTHER


def _block(policies: CompiledPolicies, near: NearMiss) -> Network | None:
    """The ipBlock of a NetworkPolicy that a near miss is about, where it does not hold the address, or not that pod."""
    if near.rule.kind != "NetworkPolicy" or not {miss.kind for miss in near.misses} <= _BLOCK_KINDS:
        return None
    peers = (p for p in policies.rule(near.rule).peers if p.path == near.rule.path)
    return next((p.block for p in peers if isinstance(p, BlockPeer)), None)


def _block_reason(policies: CompiledPolicies, near: NearMiss, block: Network, behind: Behind) -> Reason:
    """Whom a block means: the client that a node hides, or what its addresses are of."""
    if any(miss.kind is not MissKind.IP_BLOCK for miss in near.misses):
        return Reason.BLOCK  # it holds the address, and the network plugin matches no pods or nodes by blocks
    vips = [address for vip in behind.vips if (address := parse_address(vip))]
    if any(address in block for address in vips) or any(holds(n, block) for n in policies.snapshot.pod_networks):
        return Reason.BLOCK
    inside = any(n.overlaps(block) for n in policies.snapshot.pod_networks)
    return Reason.CLIENT_BLOCK if behind.translated and not inside else Reason.OTHER


def _names_service_port(policies: CompiledPolicies, near: NearMiss, behind: Behind) -> bool:
    """Whether a rule holds the Service's port where its pods listen on another."""
    front = behind.front
    if front is None or front == behind.port:
        return False
    return any(
        isinstance(port, PortRange) and port.protocol == behind.protocol and port.first <= front <= port.last
        for port in policies.rule(near.rule).ports
    )
