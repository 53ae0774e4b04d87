"""Probes of NodePorts and load balancer addresses.

A node's own pods prove nothing about its NodePorts: kube-proxy translates what they send before it gets to any
interface, so that neither a firewall nor externalTrafficPolicy touches it. Each NodePort is therefore probed from
positions on other nodes, or from outside the cluster.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from netdoctor.cluster.snapshot import Snapshot
from netdoctor.model.probe import Position, Probe, ProbeKind
from netdoctor.path.entrances import Entrance, Way, entrances, has_entrances, node_addresses, swept
from netdoctor.path.expectation import Expectation, destination
from netdoctor.path.nodes import KUBELET_PORT
from netdoctor.path.path import Path, Route
from netdoctor.path.source import SourceKind
from netdoctor.policy.decide import allows
from netdoctor.policy.flow import Flow, node_endpoint
from netdoctor.policy.rules import Protocol
from netdoctor.probing.aims import Aim, Aimed
from netdoctor.probing.reaching import reach

_HEALTH_PATH = "/healthz"  # kube-proxy, pkg/proxy/healthcheck/service_health.go
_BACKENDS = 16


def entrance_probes(
    snapshot: Snapshot, path: Path, expectation: Expectation, position: Position
) -> Iterator[tuple[Aimed, Probe]]:
    """What to ask of the entrances of the target, from one position."""
    service = path.target.service
    if service is None or not has_entrances(service):
        return
    outside = path.source.kind is SourceKind.OUTSIDE
    for route in path.routes:
        for entrance in entrances(snapshot, path, route):
            if entrance.node and entrance.node == position.node:
                continue
            aim = Aim.NODE_PORT if entrance.way is Way.NODE_PORT else Aim.LOAD_BALANCER
            required = _expected(path, route, entrance, position) and _admitted(
                snapshot, path, expectation, route, entrance
            )
            probe = reach(route.protocol, entrance.address, entrance.port, name=entrance.name)
            yield Aimed(aim, required, route, entrance=entrance), probe
    for node in swept(snapshot):
        for address in node_addresses(node, service, outside=outside) if node.name != position.node else ():
            at_node = Entrance(Way.NODE_PORT, KUBELET_PORT, address, node=node.name)
            yield Aimed(Aim.NODE, entrance=at_node), reach("TCP", address, KUBELET_PORT)
            if health := service.spec.health_check_node_port:
                probe = Probe("", ProbeKind.HTTP, host=address, port=health, path=_HEALTH_PATH)
                yield Aimed(Aim.HEALTH_CHECK, entrance=replace(at_node, port=health)), probe


def _expected(path: Path, route: Route, entrance: Entrance, position: Position) -> bool:
    """Whether an answer is to be expected, whatever policies say.

    From outside, nobody needs the NodePorts behind a load balancer. From inside, what is sent to a load balancer
    itself may come back or not, and source ranges are not about pods. With externalTrafficPolicy: Local, a node that
    sees a pod's own address may choose an endpoint beside the pod, whose answer then takes another way and is lost.
    """
    service = path.target.service
    assert service is not None
    if entrance.drops:
        return False
    if path.source.kind is SourceKind.OUTSIDE:
        return entrance.way is Way.LOAD_BALANCER or service.spec.type == "NodePort"
    if entrance.way is Way.NODE_PORT:
        local = service.spec.external_traffic_policy == "Local"
        return not local or position.host_network or position.node not in {b.node for b in route.ready}
    return not (entrance.proxied or service.spec.load_balancer_source_ranges)


def _admitted(snapshot: Snapshot, path: Path, expectation: Expectation, route: Route, entrance: Entrance) -> bool:
    """Whether policies certainly let the source reach the entrance, and what comes in there the endpoints.

    Endpoints see the source, the node by which it comes in, or the source's node (the API leaves open which): all of
    them have to be admitted, and not only because every node may reach its own pods.
    """
    if path.source.kind is SourceKind.OUTSIDE:
        return True  # the expectation is about this very flow
    source, protocol = path.source.endpoint, _protocol(route)
    node = snapshot.node(entrance.node) if entrance.node else None
    flows = [Flow(source, node_endpoint(node), protocol, entrance.port)] if node else []
    for backend in route.ready[:_BACKENDS]:
        others = [one for one in snapshot.nodes if one.name != backend.node]
        clients = [source, *map(node_endpoint, others[:1]), *([node_endpoint(node)] if node else [])]
        flows += [Flow(client, destination(backend, snapshot), protocol, backend.port) for client in clients]
    return all(allows(expectation.policies, flow, expectation.profile) for flow in flows)


def _protocol(route: Route) -> Protocol:
    return "UDP" if route.protocol == "UDP" else "SCTP" if route.protocol == "SCTP" else "TCP"
