"""The parts of the way through a proxy, as targets of their own: its door, and the Services behind it."""

from __future__ import annotations

from netdoctor.cluster.objects import Workload
from netdoctor.model.refs import ObjectRef
from netdoctor.path.gateway.proxies import GatewayProxy
from netdoctor.path.ingress.controllers import HTTP, Controller, container_ports
from netdoctor.path.target import Target, TargetKind
from netdoctor.path.way import Proxy, Way, WayBackend


def door_targets(way: Way, proxy: Proxy) -> tuple[Target, ...]:
    """The proxy: its Service, or its pods where it has none; one for each port where only an address is known."""
    service, owner = proxy.service, proxy.owner
    if service is not None:
        return (Target(TargetKind.SERVICE, str(service.ref), service.ref, service=service),)
    if owner is None:
        address = proxy.addresses[0] if isinstance(proxy, GatewayProxy) else ""
        ref = ObjectRef("Address", address)
        return tuple(Target(TargetKind.ADDRESS, f"{address}:{port}", ref, port=port) for port in sorted(way.ports))
    workload = owner if isinstance(owner, Workload) else None
    return (Target(TargetKind.PODS, str(owner.ref), owner.ref, "", _pods_port(way, proxy), None, workload, proxy.pods),)


def _pods_port(way: Way, proxy: Proxy) -> int | None:
    """The one port that pods are asked at; None for those that they declare."""
    if isinstance(proxy, Controller):
        return None if container_ports(proxy.spec) else HTTP
    ports = way.ports
    return next(iter(ports)) if len(ports) == 1 else None


def backend_target(backend: WayBackend) -> Target:
    """The Service port that a rule leads to."""
    service = backend.service
    assert service is not None
    external = service.spec.type == "ExternalName"
    name = f"{service.name}.{service.namespace}" if external else ""
    return Target(TargetKind.SERVICE, str(service.ref), service.ref, name, backend.number, service=service)
