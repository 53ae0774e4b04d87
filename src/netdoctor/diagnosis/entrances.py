"""The ways into the cluster in a report: hop by hop, and what of them was not tested."""

from __future__ import annotations

from collections.abc import Iterator

from netdoctor.cluster.addresses import host_and_port
from netdoctor.cluster.objects import Service
from netdoctor.diagnosis.case import Case
from netdoctor.diagnosis.seen_hop import seen_hop
from netdoctor.model.report import Hop, Untested
from netdoctor.path.entrances import Entrance, Way, entrances
from netdoctor.path.path import Route
from netdoctor.path.source import SourceKind
from netdoctor.probing.plan import Aim


def entrance_hops(case: Case, route: Route) -> Iterator[Hop]:
    """NodePort, then load balancer."""
    service = case.path.target.service
    found = entrances(case.snapshot, case.path, route)
    if service is None or route.service_port is None:
        return
    ports = [entrance for entrance in found if entrance.way is Way.NODE_PORT]
    if ports:
        yield _node_port_hop(case, route, ports)
    balancers = [entrance for entrance in found if entrance.way is Way.LOAD_BALANCER]
    for entrance in balancers:
        seen = [s for s in case.of(Aim.LOAD_BALANCER, route=route) if s.aimed.entrance == entrance]
        name = f"LoadBalancer {host_and_port(entrance.host, entrance.port)}/{route.protocol}"
        yield seen_hop(name, _balancers_work(case, service, entrance), seen)
    if service.spec.type == "LoadBalancer" and not balancers:
        yield Hop("LoadBalancer", "an address", "none in status.loadBalancer", ok=False if service.vips else None)


def _node_port_hop(case: Case, route: Route, ports: list[Entrance]) -> Hop:
    dropping = sorted({entrance.node for entrance in ports if entrance.drops})
    serving = {entrance.node for entrance in ports} - set(dropping)
    expected = f"{len(serving)} nodes forward to a ready endpoint" if len(serving) != 1 else f"{min(serving)} forwards"
    if dropping:
        expected += f"; {', '.join(dropping)} drop: no endpoint of their own (externalTrafficPolicy: Local)"
    seen = [s for s in case.through_entrances(route) if s.aimed.aim is Aim.NODE_PORT]
    relevant = [s for s in seen if s.aimed.entrance and not s.aimed.entrance.drops]
    return seen_hop(f"NodePort {ports[0].port}/{route.protocol}", expected, relevant)


def _balancers_work(case: Case, service: Service, entrance: Entrance) -> str:
    ranges = ", ".join(service.spec.load_balancer_source_ranges)
    if ranges:
        return f"forwards what comes from {ranges}"
    if case.path.source.kind is not SourceKind.OUTSIDE and not entrance.proxied:
        return "kube-proxy forwards to a ready endpoint; from inside, the load balancer itself is not asked"
    return "forwards to a ready endpoint"


def untested_entrances(case: Case) -> Iterator[Untested]:
    """NodePorts of which no probe from elsewhere tells anything."""
    for route in case.path.routes if case.probed else ():
        ports = [e for e in entrances(case.snapshot, case.path, route) if e.way is Way.NODE_PORT and not e.drops]
        if not ports or not route.ready or _behind_balancer(case):
            continue
        asked = [s for s in case.through_entrances(route) if s.tried and s.aimed.entrance]
        tried = {s.aimed.entrance.node for s in asked if s.aimed.entrance}
        told = {s.aimed.entrance.node for s in asked if s.aimed.entrance and (s.ok or s.aimed.required)}
        nodes = sorted({entrance.node for entrance in ports})
        own = [node for node in nodes if node not in tried]
        if own:
            yield Untested(
                f"NodePort {ports[0].port} of {', '.join(own)}",
                "no probe ran on another node, and a node serves its own pods whatever a firewall does to others",
            )
        open_ = [node for node in nodes if node in tried and node not in told]
        if open_:
            yield Untested(
                f"NodePort {ports[0].port} of {', '.join(open_)}",
                "what pods see there does not tell: policies may stop what comes by way of a node, or (with "
                "externalTrafficPolicy: Local) answers take another way; --from outside tells",
            )


def _behind_balancer(case: Case) -> bool:
    """Whether nobody outside needs the NodePorts, as a load balancer stands before them."""
    service = case.path.target.service
    outside = case.path.source.kind is SourceKind.OUTSIDE
    return outside and service is not None and service.spec.type == "LoadBalancer"
