"""What a URL adds to a check: the TLS handshake and the request, as an application would make them.

Also what certificate a Service shows at a port that is meant for TLS, which is noted only: nobody asked for it.
"""

from __future__ import annotations

from collections.abc import Iterator

from netdoctor.cluster.objects import ServicePort
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.model.probe import Position, Probe, ProbeKind, Role
from netdoctor.path.egress import leaves_cluster
from netdoctor.path.path import Path, Route
from netdoctor.path.target import TargetKind
from netdoctor.probing.aims import Aim, Aimed

_TLS_PORTS = (443, 8443)
_INSIDE = (TargetKind.SERVICE, TargetKind.PODS)
# Inside a cluster private CAs are the rule, and which of them clients trust is not known; outside, the public ones are.
_ANY_ISSUER, _KNOWN_ISSUER = "any", "roots"


def url_probes(snapshot: Snapshot, path: Path, position: Position, delay: float) -> Iterator[tuple[Aimed, Probe]]:
    """The probes of a URL; `delay` in seconds where it is expected to be denied."""
    target = path.target
    if position.outside and target.kind in _INSIDE:
        return
    for route in path.routes if target.scheme else ():
        backend = next(iter(route.ready), None) if target.kind is TargetKind.ADDRESS else None
        trust = _KNOWN_ISSUER if leaves_cluster(snapshot, target) else _ANY_ISSUER
        for aim, probe in _asked(path, route, trust, path.dns.name, delay):
            yield Aimed(aim, True, route, backend), probe
        for aim, probe in _asked(path, route, trust, _alias(path), delay) if _alias(path) else ():
            yield Aimed(_BY_ALIAS[aim], False, route), probe
    if position.role is Role.SOURCE and not target.scheme:
        yield from _noted(path)


_BY_ALIAS = {Aim.TLS: Aim.TLS_ALIAS, Aim.URL: Aim.URL_ALIAS}


def _alias(path: Path) -> str:
    """The name that an ExternalName Service stands for: whether the far end would know the client by it."""
    service = path.target.service
    return service.spec.external_name.rstrip(".") if service and service.spec.type == "ExternalName" else ""


def _asked(path: Path, route: Route, trust: str, name: str, delay: float) -> Iterator[tuple[Aim, Probe]]:
    """By name, a probe looks it up itself and goes to its first address."""
    target = path.target
    host = "" if name else target.host
    if target.scheme == "https":
        yield Aim.TLS, Probe("", ProbeKind.TLS, host=host, port=route.port, name=name, trust=trust, delay=delay)
    kind = ProbeKind.HTTPS if target.scheme == "https" else ProbeKind.HTTP
    url_path = target.url_path or "/"
    yield Aim.URL, Probe("", kind, host=host, port=route.port, name=name, path=url_path, delay=delay)


def _noted(path: Path) -> Iterator[tuple[Aimed, Probe]]:
    for route in path.routes:
        vip = next(iter(route.vips), "")
        if vip and route.service_port is not None and meant_for_tls(route.service_port):
            yield (
                Aimed(Aim.TLS_NOTED, route=route),
                Probe("", ProbeKind.TLS, host=vip, port=route.port, name=path.dns.name, trust=_ANY_ISSUER),
            )


def meant_for_tls(port: ServicePort) -> bool:
    """Whether a Service's port says that TLS is spoken there: by appProtocol, by its name, or by its number.

    Source: Kubernetes documentation, Service, "Application protocol".
    """
    if port.protocol != "TCP":
        return False
    if port.app_protocol:
        return port.app_protocol.lower() in {"https", "tls", "kubernetes.io/wss"}
    return port.name.startswith("https") or port.port in _TLS_PORTS
