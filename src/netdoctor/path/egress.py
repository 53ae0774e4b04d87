"""Ways that leave the cluster, and the way to its API server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from netdoctor.cluster.addresses import parse_address
from netdoctor.cluster.facts import cluster_domain
from netdoctor.cluster.objects import Service
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.path.backends import Backend, listed_backends
from netdoctor.path.names import service_of
from netdoctor.path.path import Path, Route, aliased
from netdoctor.path.target import Target, TargetKind

METADATA = "169.254.169.254"  # where clouds tell a machine about itself; Kubernetes names no other
METADATA_PORT = 80


def leaves_cluster(snapshot: Snapshot, target: Target) -> bool:
    """Whether a target is outside the cluster: an address there, or a name that is none of the cluster's."""
    if target.kind is TargetKind.HOST:
        return True
    if target.kind is TargetKind.ADDRESS:
        return is_outside(snapshot, target.ref.name)
    service = target.service
    if service is None or service.spec.type != "ExternalName" or aliased(snapshot, service) is not service:
        return False
    return service_of(service.spec.external_name.rstrip("."), cluster_domain(snapshot)) is None


def is_outside(snapshot: Snapshot, address: str) -> bool:
    """Whether an address is no node's, no pod's and no Service's, nor one that means the machine itself.

    Link-local addresses lead no further than the node (NodeLocal DNSCache has one), but for the metadata service's.
    """
    parsed = parse_address(address)
    if parsed is None or parsed.is_loopback or parsed.is_unspecified or parsed.is_multicast:
        return False
    if parsed.is_link_local and address != METADATA:
        return False
    nodes = (parse_address(one.address) for node in snapshot.nodes for one in node.status.addresses)
    if parsed in nodes or snapshot.pod_by_ip(address) is not None:
        return False
    inside = (network for network in snapshot.pod_networks if network.version == parsed.version)
    return not any(parsed in network for network in inside) and not any(address in s.vips for s in snapshot.services)


def is_api_server(snapshot: Snapshot, target: Target) -> bool:
    """Whether a target is the API server: Service default/kubernetes, its ClusterIP, or one of its endpoints."""
    if target.service is not None:
        return (target.service.namespace, target.service.name) == ("default", "kubernetes")
    service = snapshot.get("Service", "default", "kubernetes")
    if target.kind is not TargetKind.ADDRESS or not isinstance(service, Service):
        return False
    listed = (b for port in service.spec.ports for b in listed_backends(snapshot, service, port))
    return any((b.address, b.port) == (target.ref.name, target.port) for b in listed)


def with_addresses(path: Path, addresses: Mapping[Route, Sequence[str]]) -> Path:
    """The path once it is known which addresses its outside name has: policies know addresses, not names."""
    routes = (
        replace(route, ready=_at(route, addresses.get(route, ()))) if not route.backends else route
        for route in path.routes
    )
    return replace(path, routes=tuple(routes))


def _at(route: Route, addresses: Sequence[str]) -> tuple[Backend, ...]:
    return tuple(Backend(address, route.port, True, None, "", None) for address in addresses)
