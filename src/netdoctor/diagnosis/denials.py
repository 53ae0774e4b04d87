"""The flows of a path that policies deny, each with its nearest rule, and whether packets agree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from netdoctor.diagnosis.case import Case, Seen
from netdoctor.diagnosis.denial_reasons import Behind, Reason, nearest
from netdoctor.diagnosis.target_ports import meant_ports
from netdoctor.model.probe import Outcome
from netdoctor.path.backends import Backend
from netdoctor.path.egress import is_api_server, leaves_cluster
from netdoctor.path.path import Route
from netdoctor.path.source import SourceKind
from netdoctor.policy.rules import Direction
from netdoctor.policy.verdict import FlowVerdict, NearMiss, SideVerdict
from netdoctor.probing.plan import Aim

__all__ = ["Area", "Denial", "Reason", "denials", "dns_denials_over_tcp", "enforced_denials"]

_DNS_PORT = 53  # of the cluster's DNS Service


class Area(StrEnum):
    """Where a denied flow leads: some have a code of their own."""

    INSIDE = "inside"
    DNS = "dns"
    API_SERVER = "apiServer"
    OUTSIDE = "outside"
    LOCAL_DNS = "localDNS"  # NodeLocal DNSCache, where the DNS servers themselves are allowed
    BEHIND_INGRESS = "behindIngress"


@dataclass(frozen=True, slots=True)
class Denial:
    """One side of one flow that policies deny. `route` is None for a flow to a DNS server."""

    route: Route | None
    backend: Backend
    verdict: FlowVerdict
    side: SideVerdict
    near: NearMiss | None
    reason: Reason
    probes: tuple[Seen, ...]
    area: Area = Area.INSIDE

    @property
    def named_by_area(self) -> bool:
        """Whether where it leads names it, whatever the mistake in the policy."""
        return self.area is Area.BEHIND_INGRESS or (self.egress and self.area in (Area.API_SERVER, Area.OUTSIDE))

    @property
    def egress(self) -> bool:
        """Whether the source's side denies it."""
        return self.side.direction is Direction.EGRESS

    @property
    def passed(self) -> tuple[Seen, ...]:
        """Probes that got through all the same: an answer, or a RST from the far end."""
        return tuple(s for s in self.probes if s.outcome in (Outcome.OK, Outcome.REFUSED))

    @property
    def dropped(self) -> tuple[Seen, ...]:
        """Probes that agree with the denial; silence on UDP proves nothing alone."""
        agreeing = (s for s in self.probes if s.outcome in (Outcome.TIMEOUT, Outcome.REJECTED))
        return tuple(s for s in agreeing if not s.inconclusive)

    @property
    def contradicted(self) -> bool:
        """Whether a packet got through."""
        return bool(self.passed)


def denials(case: Case) -> tuple[Denial, ...]:
    """Every denied side of every flow that the path needs."""
    return tuple(_denials(case))


def enforced_denials(case: Case) -> tuple[Denial, ...]:
    """Those that packets do not contradict, on a network that enforces policies as far as is known."""
    if case.expectation.cni.enforces_policy is False:
        return tuple(d for d in denials(case) if d.dropped and not d.contradicted)
    return tuple(d for d in denials(case) if not d.contradicted)


def _denials(case: Case) -> Iterator[Denial]:
    for route in case.path.routes:
        for backend in route.backends:
            if backend.gone or meant_ports(case, route, backend):
                continue  # the policy is right: it is the Service that sends to a wrong address or port
            probes = tuple(s for s in (*case.to_backend(route, backend), *_entering(case, route, backend)) if s.tried)
            yield from _sides(case, route, backend, route.protocol, probes)
    dns = case.path.dns
    if dns.used and dns.name:
        for backend in dns.asked:
            yield from _dns_sides(case, backend, "UDP")


def dns_denials_over_tcp(case: Case) -> tuple[Denial, ...]:
    """The denied sides of the flows to DNS servers that the source may ask over UDP, but not over TCP."""
    dns = case.path.dns
    reached = {(b.address, b.port) for b in dns.udp if case.expectation.of(b, "UDP").allowed}
    direct = dns.used and dns.name and dns.local is None
    asked = [b for b in dns.tcp if (b.address, b.port) in reached] if direct else []
    return tuple(denial for backend in asked for denial in _dns_sides(case, backend, "TCP"))


def _entering(case: Case, route: Route, backend: Backend) -> tuple[Seen, ...]:
    """What a client outside sends to other nodes than the backend's own, which may always reach it."""
    if case.path.source.kind is not SourceKind.OUTSIDE or len(route.backends) > 1:
        return ()
    return tuple(s for s in case.through_entrances(route) if s.aimed.entrance and s.aimed.entrance.node != backend.node)


def _dns_sides(case: Case, backend: Backend, protocol: str) -> Iterator[Denial]:
    probes = case.of(Aim.DNS_SERVER, Aim.DNS_LOCAL, backend=backend, transport=protocol.lower())
    yield from _sides(case, None, backend, protocol, tuple(s for s in probes if s.tried))


def _sides(
    case: Case, route: Route | None, backend: Backend, protocol: str, probes: tuple[Seen, ...]
) -> Iterator[Denial]:
    verdict = case.expectation.of(backend, protocol)
    behind = Behind(_front(case, route), backend.port, protocol, route.vips if route else (), _translated(case))
    for side in (verdict.egress, verdict.ingress):
        if side.allowed is False:
            near, reason = nearest(case.expectation.policies, side, verdict.flow, behind)
            yield Denial(route, backend, verdict, side, near, reason, probes, _area(case, route))


def _translated(case: Case) -> bool:
    """Whether the source is outside, and the node by which its packets come in gives them its own address."""
    source = case.path.source
    return source.kind is SourceKind.OUTSIDE and source.endpoint.is_node


def _front(case: Case, route: Route | None) -> int | None:
    """The port of the Service that a route leads through, or of the DNS Service; None where there is none."""
    if route is not None:
        return route.service_port.port if route.service_port else None
    return _DNS_PORT if case.path.dns.service else None


def _area(case: Case, route: Route | None) -> Area:
    if route is None:
        local, servers = case.path.dns.local, case.path.dns.meant
        allowed = any(case.expectation.of(server, "UDP").egress.allowed for server in servers)
        return Area.LOCAL_DNS if local and allowed else Area.DNS
    if case.path.serves is not None and case.path.serves.kind == "Ingress":
        return Area.BEHIND_INGRESS
    if is_api_server(case.snapshot, case.path.target):
        return Area.API_SERVER
    return Area.OUTSIDE if leaves_cluster(case.snapshot, case.path.target) else Area.INSIDE
