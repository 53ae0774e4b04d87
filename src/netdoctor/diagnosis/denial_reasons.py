"""Which rule nearly admits a denied flow, and which well-known mistake keeps it from doing so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from netdoctor.policy.apart import admits, apart
from netdoctor.policy.compile import CompiledPolicies
from netdoctor.policy.flow import Endpoint, Flow
from netdoctor.policy.repair import matches_no_namespace
from netdoctor.policy.rules import PortRange
from netdoctor.policy.verdict import MissKind, NearMiss, SideVerdict


class Reason(StrEnum):
    """Why the nearest rule does not admit a flow, where that is a mistake of its own."""

    NAMESPACE_LABEL = "namespaceLabel"
    SERVICE_PORT = "servicePort"
    NAMED_PORT = "namedPort"
    BOTH_SELECTORS = "bothSelectors"  # of one peer, where two peers would admit the flow
    ADMIN = "admin"  # no mistake: a rule of a policy for the whole cluster denies it
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Behind:
    """Where a flow ends: at `port`, which a Service has behind its port `front` (None: no Service leads there)."""

    front: int | None
    port: int
    protocol: str


def nearest(
    policies: CompiledPolicies, side: SideVerdict, flow: Flow, behind: Behind
) -> tuple[NearMiss | None, Reason]:
    """The near miss that explains a denied side best: one that is a well-known mistake, else the nearest."""
    remote = flow.ends(side.direction)[1]
    judged = [(near, _reason(policies, near, remote, behind)) for near in side.near_misses]
    mistakes = ((n, r) for n, r in judged if r is not Reason.OTHER and not _meant_for_others(policies, n, r, judged))
    general = Reason.ADMIN if side.decided_by is not None else Reason.OTHER  # NetworkPolicies have no denying rules
    return next(mistakes, next(iter((near, general) for near, _ in judged), (None, general)))


def _meant_for_others(
    policies: CompiledPolicies, near: NearMiss, reason: Reason, judged: Sequence[tuple[NearMiss, Reason]]
) -> bool:
    """Whether a peer that wants a missing namespace label selects other namespaces, and another rule is as near."""
    as_near = any(r is Reason.OTHER and len(other.misses) <= len(near.misses) for other, r in judged)
    return reason is Reason.NAMESPACE_LABEL and as_near and not matches_no_namespace(policies, near)


def _reason(policies: CompiledPolicies, near: NearMiss, remote: Endpoint, behind: Behind) -> Reason:
    kinds = {miss.kind for miss in near.misses}
    if near.missed == {"peer"} and (meant := apart(policies, near.rule)) and admits(meant, remote):
        return Reason.BOTH_SELECTORS
    if kinds == {MissKind.NAMESPACE_LABEL_MISSING}:
        return Reason.NAMESPACE_LABEL
    if not kinds <= {MissKind.PORT, MissKind.PROTOCOL, MissKind.NAMED_PORT_UNRESOLVED}:
        return Reason.OTHER
    if MissKind.NAMED_PORT_UNRESOLVED in kinds:
        return Reason.NAMED_PORT
    return Reason.SERVICE_PORT if _names_service_port(policies, near, behind) else Reason.OTHER


def _names_service_port(policies: CompiledPolicies, near: NearMiss, behind: Behind) -> bool:
    """Whether a rule holds the Service's port where its pods listen on another."""
    front = behind.front
    if front is None or front == behind.port:
        return False
    return any(
        isinstance(port, PortRange) and port.protocol == behind.protocol and port.first <= front <= port.last
        for port in policies.rule(near.rule).ports
    )
