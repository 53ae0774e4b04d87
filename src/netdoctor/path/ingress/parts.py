"""The parts of the way through an Ingress, as targets of their own."""

from __future__ import annotations

from netdoctor.cluster.objects import Ingress, Workload
from netdoctor.path.ingress.controllers import Controller, container_ports, web_ports
from netdoctor.path.ingress.rules import NGINX
from netdoctor.path.ingress.way import IngressBackendPort, IngressWay
from netdoctor.path.target import Target, TargetKind

_HTTP = 80


def door_target(controller: Controller) -> Target:
    """The controller: its Service, or its pods where it has none."""
    service, owner = controller.service, controller.owner
    if service is not None:
        return Target(TargetKind.SERVICE, str(service.ref), service.ref, service=service)
    workload = owner if isinstance(owner, Workload) else None
    port = None if container_ports(controller.spec) else _HTTP
    return Target(TargetKind.PODS, str(owner.ref), owner.ref, port=port, workload=workload, pods=controller.pods)


def door_ports(controller: Controller) -> dict[str, int]:
    """Where it takes requests, by scheme: ports of its Service, or of its pods."""
    if controller.service is not None:
        return web_ports(controller.service)
    return container_ports(controller.spec) or {"http": _HTTP}


def asked_ports(way: IngressWay, controller: Controller) -> frozenset[int]:
    """The ports that requests of this way go to; all where nothing is asked for."""
    schemes = {"https" if ask.secured else "http" for ask in way.asks}
    ports = door_ports(controller)
    return frozenset(number for scheme, number in ports.items() if not schemes or scheme in schemes)


def backend_target(backend: IngressBackendPort) -> Target:
    """The Service port that a rule leads to."""
    service = backend.service
    assert service is not None
    external = service.spec.type == "ExternalName"
    name = f"{service.name}.{service.namespace}" if external else ""
    port = backend.port.port if backend.port else int(backend.asked)
    return Target(TargetKind.SERVICE, str(service.ref), service.ref, name, port, service=service)


def speaks_tls(ingress: Ingress) -> bool:
    """Whether the controller speaks TLS to the backends."""
    annotations = ingress.metadata.annotations
    return annotations.get(f"{NGINX}/backend-protocol", "").upper() in ("HTTPS", "GRPCS")
