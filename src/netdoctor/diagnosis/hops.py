"""The expected way hop by hop, with what was seen at each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from netdoctor.diagnosis.case import Case, Seen
from netdoctor.diagnosis.egress_hops import contrast_hops, outside_hops
from netdoctor.diagnosis.entrances import entrance_hops
from netdoctor.diagnosis.ingress_hops import ingress_hops
from netdoctor.diagnosis.node_hops import node_hops
from netdoctor.diagnosis.seen_hop import seen_hop
from netdoctor.diagnosis.size_hops import size_hops
from netdoctor.diagnosis.url_hops import url_hops
from netdoctor.model.report import Hop
from netdoctor.path.egress import leaves_cluster
from netdoctor.path.path import Route
from netdoctor.path.source import SourceKind
from netdoctor.path.target import TargetKind
from netdoctor.policy.rules import Direction
from netdoctor.policy.verdict import SideVerdict
from netdoctor.probing.plan import Aim


def hops(case: Case) -> tuple[Hop, ...]:
    """Name, DNS servers, then per port: policies, VIP, endpoints; for an Ingress or a Gateway those of each part."""
    way = case.path.target.way
    return tuple(_hops(case) if way is None else ingress_hops(case, way, _hops))


def _hops(case: Case) -> Iterator[Hop]:
    dns = case.path.dns
    if case.path.target.kind is TargetKind.NODE:
        yield from node_hops(case)
    if dns.name:
        lookups = case.of(Aim.NAME)
        yield seen_hop(f"DNS name {dns.name}", _expected_answer(case), lookups)
        servers = case.of(Aim.DNS_SERVER, Aim.DNS_PAIRS, Aim.DNS_SINGLES, transport="udp")
        yield seen_hop("DNS servers", f"{len(dns.udp)} ready" if dns.service else "not among the objects", servers)
    for route in case.path.routes:
        yield from _policy_hops(case, route)
        past = case.path.source.kind is SourceKind.OUTSIDE or case.path.serves is not None
        if route.vips and not past:
            vip = ", ".join(route.vips)
            asked = case.of(Aim.VIP, Aim.VIP_SAMPLE, Aim.FIXED_PORT, route=route)
            yield seen_hop(f"ClusterIP {vip}:{route.label}", "forwards to a ready endpoint", asked)
        if leaves_cluster(case.snapshot, case.path.target):
            yield from outside_hops(case, route)
        else:
            aims = (Aim.BACKEND, Aim.BACKEND_SAMPLE, Aim.HOST, Aim.HEADLESS_PORT)
            yield _endpoints_hop(case, route, case.of(*aims, route=route))
        yield from size_hops(case, route)
        yield from url_hops(case, route)
        yield from contrast_hops(case, route)
        yield from entrance_hops(case, route)


def _endpoints_hop(case: Case, route: Route, seen: Sequence[Seen]) -> Hop:
    """A port of a Service without any ready endpoint fails, whether it was probed or not."""
    name = f"Endpoints {route.label}"
    service = case.backing
    listed = service is not None and case.snapshot.was_read("EndpointSlice", service.namespace)
    if listed and not seen and not route.ready and route.service_port is not None:
        return Hop(name, "a ready endpoint", _expected_endpoints(route), ok=False)
    return seen_hop(name, _expected_endpoints(route), seen)


def _expected_answer(case: Case) -> str:
    service = case.service
    if service is None:
        return "an address"
    if service.spec.type == "ExternalName":
        return f"CNAME {service.spec.external_name}"
    return ", ".join(service.vips) or "the endpoints' addresses"


def _expected_endpoints(route: Route) -> str:
    total = len(route.ready) + len(route.unready)
    if not total:
        return "none listed"
    ports = ", ".join(sorted({str(backend.port) for backend in (*route.ready, *route.unready)}))
    return f"{len(route.ready)} of {total} ready, target port {ports}"


def _policy_hops(case: Case, route: Route) -> Iterator[Hop]:
    verdicts = [case.expectation.of(backend, route.protocol) for backend in route.backends]
    for direction in (Direction.EGRESS, Direction.INGRESS):
        sides = [v.egress if direction is Direction.EGRESS else v.ingress for v in verdicts]
        if any(side.isolated_by or side.decided_by for side in sides):
            denied = [side for side in sides if side.allowed is False]
            worst = (denied or sides)[0]
            yield policy_hop(worst, direction, route.label)


def policy_hop(side: SideVerdict, direction: Direction, port: str) -> Hop:
    """What policies say on one side."""
    return Hop(
        name=f"{_policy_kind(side)} {direction.lower()} {port}",
        expected="allowed",
        seen=_policy_text(side),
        ok=side.allowed,
    )


def _policy_kind(side: SideVerdict) -> str:
    deciding = (side.decided_by,) if side.decided_by else side.isolated_by
    return deciding[0].kind if deciding else "NetworkPolicy"


def _policy_text(side: SideVerdict) -> str:
    if side.allowed:
        return f"allowed by {side.decided_by}" if side.decided_by else "allowed"
    if side.allowed is None:
        return "cannot be known"
    if side.decided_by:
        return f"denied by {side.decided_by}"
    policies = ", ".join(f"{ref.namespace}/{ref.name}".lstrip("/") for ref in side.isolated_by)
    nearest = next(iter(side.near_misses), None)
    why = f"; the nearest, {nearest.rule.path} of {nearest.rule.object.name}, {nearest.because}" if nearest else ""
    return f"denied: isolated by {policies}, no rule admits it{why}"
