"""The expected way from a source to a target: name, DNS servers, VIP, endpoints, ports."""

from __future__ import annotations

from dataclasses import dataclass, replace

from netdoctor.cluster.facts import cluster_domain, dns_service, node_local_dns
from netdoctor.cluster.objects import Pod, PodSpec, Service, ServicePort
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.model.errors import InputError
from netdoctor.model.refs import ObjectRef
from netdoctor.path.backends import Backend, listed_backends, pod_backends
from netdoctor.path.doors import backend_target, door_targets
from netdoctor.path.intended import intended_pods
from netdoctor.path.names import service_of
from netdoctor.path.outside import as_pods_see, for_outside
from netdoctor.path.resolver import Resolver, resolver_of
from netdoctor.path.source import Source, SourceKind, resolve_source, standing_for, unknown_source
from netdoctor.path.target import Target, TargetKind, resolve_target, target_namespace
from netdoctor.path.way import Way


@dataclass(frozen=True, slots=True)
class Route:
    """One port of the target, and what should answer behind it.

    `ready` is what kube-proxy uses, `unready` what the slices list besides, `intended` the pods that are
    evidently meant where no slice lists a live one: by then a policy in their way is a fault of its own.
    """

    protocol: str
    port: int
    service_port: ServicePort | None = None
    vips: tuple[str, ...] = ()
    ready: tuple[Backend, ...] = ()
    unready: tuple[Backend, ...] = ()
    intended: tuple[Backend, ...] = ()

    @property
    def backends(self) -> tuple[Backend, ...]:
        """The backends that a client is to reach, repaired or not."""
        return (
            self.living or tuple(b for b in self.unready if not b.gone) or self.intended or self.ready or self.unready
        )

    @property
    def living(self) -> tuple[Backend, ...]:
        """The ready ones, without addresses that nobody can have."""
        return tuple(backend for backend in self.ready if not backend.gone)

    @property
    def nodes_known(self) -> bool:
        """Whether there are backends, and it is known on which nodes."""
        return bool(self.backends) and all(backend.node for backend in self.backends)

    @property
    def label(self) -> str:
        """`8080/TCP`."""
        return f"{self.port}/{self.protocol}"


@dataclass(frozen=True, slots=True)
class DNSPath:
    """The name asked and the cluster's DNS servers. `service` is None where none was found.

    `addresses` are those that a nameserver line may have for the cluster's DNS: the Service's, its servers' own, and
    NodeLocal DNSCache's. `meant` are the servers that clients are to ask, repaired or not. `local` is NodeLocal
    DNSCache on the source's node, where the source asks that: then it is the node that asks the servers.
    """

    name: str
    domain: str
    service: Service | None
    udp: tuple[Backend, ...]
    tcp: tuple[Backend, ...]
    unready: tuple[Backend, ...]
    meant: tuple[Backend, ...]
    addresses: frozenset[str]
    resolver: Resolver
    local: Backend | None = None

    @property
    def asked(self) -> tuple[Backend, ...]:
        """Whom the source itself asks."""
        return (self.local,) if self.local else self.meant

    @property
    def used(self) -> bool:
        """Whether the source's resolv.conf names the cluster's DNS."""
        if self.resolver.nameservers is None:
            return False
        return self.service is None or self.resolver.asks(self.addresses)


@dataclass(frozen=True, slots=True)
class Path:
    """Everything that has to work between source and target.

    Attributes:
        parts: of the way through an Ingress or a Gateway, which has no routes of its own: to its proxy, and from there
            to each backend.
        serves: the Ingress or the route for which the source, the proxy, asks.
    """

    source: Source
    target: Target
    routes: tuple[Route, ...]
    dns: DNSPath
    parts: tuple[Path, ...] = ()
    serves: ObjectRef | None = None


def build_path(snapshot: Snapshot, target_text: str, from_text: str | None, namespace: str) -> Path:
    """The path that `check TARGET --from SOURCE -n NAMESPACE` asks about. Raises InputError, AccessError."""
    neutral_namespace = target_namespace(target_text, namespace, snapshot)
    source = resolve_source(snapshot, from_text, namespace, neutral_namespace)
    target = resolve_target(snapshot, target_text, namespace, source.namespace)
    if source.kind is SourceKind.OUTSIDE:
        target = for_outside(target)
    if target.way is not None:
        return Path(source, target, (), _dns_path(snapshot, source, target), _parts(snapshot, source, target.way))
    return _path(snapshot, source, target)


def _path(snapshot: Snapshot, source: Source, target: Target) -> Path:
    routes = _routes(snapshot, target)
    if source.kind is SourceKind.OUTSIDE:
        source = as_pods_see(source, snapshot, target.service, {b.node for route in routes for b in route.backends})
    return Path(source, target, routes, _dns_path(snapshot, source, target))


def _parts(snapshot: Snapshot, source: Source, way: Way) -> tuple[Path, ...]:
    """The way to the proxy, where there is one, and from it to each backend that exists."""
    proxy = way.proxy
    if proxy is None:
        return ()
    doors = [_path(snapshot, source, target) for target in door_targets(way, proxy)]
    if not doors:
        return ()
    door = replace(doors[0], routes=tuple(r for door in doors for r in door.routes if r.port in way.ports))
    from_there = standing_for(proxy.owner, snapshot) if proxy.owner else unknown_source(proxy.label, way.ref.namespace)
    legs = (_path(snapshot, from_there, backend_target(one)) for one in way.backends if one.exists)
    return (door, *(replace(leg, serves=way.ref) for leg in legs))


def _routes(snapshot: Snapshot, target: Target) -> tuple[Route, ...]:
    if target.kind in (TargetKind.NODE, TargetKind.HTTP_ROUTE, TargetKind.GATEWAY):
        return ()  # none has a port of its own that each client needs
    if target.kind is TargetKind.PODS:
        return _pod_routes(target)
    if target.kind is TargetKind.ADDRESS:
        port = _number(target)
        return (Route("TCP", port, ready=(Backend(target.ref.name, port, True, None, "", None),)),)
    if target.kind is TargetKind.HOST or target.service is None:
        return (Route("TCP", _number(target)),) if target.port is not None else ()
    service = aliased(snapshot, target.service)
    wanted = [port for port in service.spec.ports if target.port in (None, port.port, port.name)]
    if not wanted and isinstance(target.port, int):
        return (Route("TCP", target.port, vips=service.vips),)
    return tuple(service_route(snapshot, service, port) for port in wanted)


def aliased(snapshot: Snapshot, service: Service) -> Service:
    """The Service that an ExternalName in turn names, where it is one of this cluster; else itself."""
    if service.spec.type != "ExternalName":
        return service
    meant = service_of(service.spec.external_name.rstrip("."), cluster_domain(snapshot))
    found = snapshot.get("Service", meant.namespace, meant.name) if meant else None
    return found if isinstance(found, Service) else service


def service_route(snapshot: Snapshot, service: Service, port: ServicePort) -> Route:
    """The route through one port of a Service."""
    listed = listed_backends(snapshot, service, port)
    ready = tuple(backend for backend in listed if backend.ready)
    unready = tuple(backend for backend in listed if not backend.ready)
    living = any(not backend.gone for backend in listed)
    intended = () if living else pod_backends(intended_pods(snapshot, service), port)
    return Route(port.protocol, port.port, port, service.vips, ready, unready, intended)


def _pod_routes(target: Target) -> tuple[Route, ...]:
    pods = target.pods
    spec = target.workload.spec.template.spec if target.workload else pods[0].spec
    declared = [port for container in spec.containers for port in container.ports]
    wanted = [port for port in declared if target.port in (None, port.container_port, port.name)]
    ports = {(port.protocol, port.container_port) for port in wanted}
    if not ports:
        if not isinstance(target.port, int):
            missing = f"declares no port {target.port!r}" if target.port else "declares no port"
            raise InputError(f"{target.text}: {target.ref} {missing}", hint=f"try {target.text.split(':')[0]}:PORT")
        ports = {("TCP", target.port)}
    return tuple(
        Route(
            protocol,
            number,
            ready=_of_pods(pods, number, ready=True),
            unready=_of_pods(pods, number, ready=False),
        )
        for protocol, number in sorted(ports)
    )


def _of_pods(pods: tuple[Pod, ...], port: int, *, ready: bool) -> tuple[Backend, ...]:
    return tuple(
        Backend(pod.ips[0], port, ready, pod, pod.spec.node_name, None, pod.terminating)
        for pod in pods
        if pod.ips and pod.ready is ready
    )


def _dns_path(snapshot: Snapshot, source: Source, target: Target) -> DNSPath:
    service = dns_service(snapshot)
    routes = {
        port.protocol: service_route(snapshot, service, port)
        for port in (service.spec.ports if service else ())
        if service and port.port == 53
    }
    udp, tcp = (routes.get(protocol, Route(protocol, 53)) for protocol in ("UDP", "TCP"))
    domain = cluster_domain(snapshot)
    local = node_local_dns(snapshot)
    addresses = {
        *(service.vips if service else ()),
        *(b.address for b in udp.ready),
        *local,
    }
    resolver = resolver_of(source.spec or PodSpec(), source.namespace, domain, service.vips if service else ())
    return DNSPath(
        target.dns_name,
        domain,
        service,
        udp.ready,
        tcp.ready,
        udp.unready or tcp.unready,
        udp.backends,
        frozenset(addresses),
        resolver,
        Backend(first, 53, True, None, "", None) if (first := resolver.first) in local else None,
    )


def _number(target: Target) -> int:
    if not isinstance(target.port, int):
        raise InputError(f"{target.text}: port {target.port!r} must be a number here")
    return target.port
