"""How clients outside the cluster get in: the NodePorts and load balancer addresses of a Service's port.

Rules: Kubernetes documentation, Service ("type: NodePort", "type: LoadBalancer") and "Virtual IPs and Service Proxies"
(externalTrafficPolicy); KEP-1860 (ipMode of a load balancer's address).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from netdoctor.cluster.addresses import parse_address
from netdoctor.cluster.objects import Node, Service
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.path.path import Path, Route
from netdoctor.path.source import SourceKind

MAX_NODES = 16  # enough to see a pattern, never a load
ENTERED = ("NodePort", "LoadBalancer")  # types of Services that have entrances
# Nodes that external load balancers leave out (KEP-1143); kubeadm labels its control plane so.
_LEFT_OUT = ("node.kubernetes.io/exclude-from-external-load-balancers", "node-role.kubernetes.io/control-plane")


class Way(StrEnum):
    """What kind of entrance it is."""

    NODE_PORT = "nodePort"
    LOAD_BALANCER = "loadBalancer"


@dataclass(frozen=True, slots=True)
class Entrance:
    """One address and port.

    Attributes:
        way: what it is.
        port: at that address; a NodePort differs from the Service's own port.
        address: an IP address; empty where there is a name only.
        name: a load balancer's host name.
        node: whose address it is; empty for a load balancer's.
        drops: whether the node drops in good order, for want of an endpoint of its own (externalTrafficPolicy: Local).
        proxied: whether packets from inside the cluster go to the load balancer itself (ipMode: Proxy, or a name):
            otherwise kube-proxy translates them on the client's node, and the load balancer never sees them.
    """

    way: Way
    port: int
    address: str = ""
    name: str = ""
    node: str = ""
    drops: bool = False
    proxied: bool = False

    @property
    def host(self) -> str:
        """The address, or the name."""
        return self.address or self.name


def has_entrances(service: Service | None) -> bool:
    """Whether a Service is of a type that clients outside the cluster can reach."""
    return service is not None and service.spec.type in ENTERED


def entrances(snapshot: Snapshot, path: Path, route: Route) -> tuple[Entrance, ...]:
    """The entrances to a port of the target: load balancers, then the NodePort at each Ready node, at most 16."""
    service = path.target.service
    if service is None or not has_entrances(service) or route.service_port is None:
        return ()
    balancers = _balancers(service, route) if service.spec.type == "LoadBalancer" else ()
    return (*balancers, *_node_ports(snapshot, path, service, route))


def _balancers(service: Service, route: Route) -> Iterator[Entrance]:
    for one in service.status.load_balancer.ingress:
        if one.ip or one.hostname:
            proxied = not one.ip or one.ip_mode == "Proxy"
            yield Entrance(Way.LOAD_BALANCER, route.port, one.ip, "" if one.ip else one.hostname, proxied=proxied)


def _node_ports(snapshot: Snapshot, path: Path, service: Service, route: Route) -> Iterator[Entrance]:
    port = route.service_port.node_port if route.service_port else 0
    lacking = without_endpoint(snapshot, service, route)
    for node in swept(snapshot) if port else ():
        for address in node_addresses(node, service, outside=path.source.kind is SourceKind.OUTSIDE):
            yield Entrance(Way.NODE_PORT, port, address, node=node.name, drops=node.name in lacking)


def swept(snapshot: Snapshot) -> tuple[Node, ...]:
    """The nodes whose NodePorts are looked at."""
    return tuple(node for node in snapshot.nodes if node.ready)[:MAX_NODES]


def without_endpoint(snapshot: Snapshot, service: Service, route: Route) -> tuple[str, ...]:
    """Nodes that drop what clients outside send to them, as they have no ready endpoint of their own.

    None where the Service uses the endpoints of all nodes, or has none, or it is not known where they run. Where none
    is Ready, those count that are meant to be.
    """
    used = {backend.node for backend in route.backends}
    if service.spec.external_traffic_policy != "Local" or not used or "" in used:
        return ()
    return tuple(node.name for node in snapshot.nodes if node.name not in used)


def meant_to_serve(node: Node) -> bool:
    """Whether clients outside may expect an answer of a node: it is Ready, and not left out from load balancing."""
    return node.ready and not any(label in node.labels for label in _LEFT_OUT)


def node_addresses(node: Node, service: Service, *, outside: bool) -> tuple[str, ...]:
    """A node's addresses of the Service's families: from outside its external ones, where it has any."""
    families = {"IPv4": 4, "IPv6": 6}
    wanted = {families.get(family) for family in service.spec.ip_families}
    wanted = wanted or {parsed.version for vip in service.vips if (parsed := parse_address(vip))}
    by_type: dict[str, list[str]] = {"ExternalIP": [], "InternalIP": []}
    for one in node.status.addresses:
        parsed = parse_address(one.address)
        if parsed is not None and parsed.version in wanted and one.type in by_type:
            by_type[one.type].append(one.address)
    return tuple((outside and by_type["ExternalIP"]) or by_type["InternalIP"])


def not_swept(snapshot: Snapshot, path: Path) -> Iterator[tuple[str, str]]:
    """(what, why) of the NodePorts that are not looked at."""
    service = path.target.service
    if not has_entrances(service) or not any(r.service_port and r.service_port.node_port for r in path.routes):
        return
    ready = sum(node.ready for node in snapshot.nodes)
    if ready > MAX_NODES:
        yield f"the NodePorts of {ready - MAX_NODES} of {ready} nodes", f"a check probes those of {MAX_NODES} nodes"
    for node in snapshot.nodes:
        if not node.ready:
            yield f"the NodePorts of {node.ref}", "it is not Ready"
