"""What is asked for: the target of a check, from the user's words to objects."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, replace
from enum import StrEnum
from urllib.parse import urlsplit

from netdoctor.cluster.facts import cluster_domain
from netdoctor.cluster.objects import Gateway, HTTPRoute, Ingress, Node, Object, Pod, Service, Workload
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.model.errors import InputError
from netdoctor.model.refs import ObjectRef
from netdoctor.path.gateway.attachment import Attachment, attachments
from netdoctor.path.gateway.way import GatewayWay, way_of_gateway, way_of_route, way_of_route_url
from netdoctor.path.ingress.way import IngressWay, way_of_ingress, way_of_url
from netdoctor.path.names import ServiceName, candidates, search_list, service_of
from netdoctor.path.nodes import internal_addresses
from netdoctor.path.reference import Reference, locate, parse_port, parse_reference, require
from netdoctor.path.way import Way


class TargetKind(StrEnum):
    """How a client reaches the target."""

    SERVICE = "service"  # by name and VIP
    PODS = "pods"  # by pod address
    ADDRESS = "address"  # by an address that is neither
    HOST = "host"  # by a name that is no Service's
    INGRESS = "ingress"  # by an Ingress controller
    HTTP_ROUTE = "httpRoute"  # by Gateways
    GATEWAY = "gateway"  # a Gateway itself, by what its routes take
    NODE = "node"  # a node itself, and the pods on it


@dataclass(frozen=True, slots=True)
class Target:
    """The target asked about. `service` is None where the Service does not exist.

    `dns_name` is the name as an application would use it; empty where no name is involved.
    """

    kind: TargetKind
    text: str
    ref: ObjectRef
    dns_name: str = ""
    port: int | str | None = None
    service: Service | None = None
    workload: Workload | None = None
    pods: tuple[Pod, ...] = ()
    url_path: str = ""
    scheme: str = ""  # of a URL: http or https
    by_name: bool = False  # given as a DNS name, not as KIND/NAME
    ingress: IngressWay | None = None  # of an Ingress, or of a URL that one serves
    gateway: GatewayWay | None = None  # of a Gateway, of an HTTPRoute that one takes, or of a URL that one serves
    attachments: tuple[Attachment, ...] = ()  # of an HTTPRoute

    @property
    def way(self) -> Way | None:
        """The way through a proxy, where there is one: an Ingress controller's or a Gateway's."""
        return self.ingress or self.gateway

    @property
    def host(self) -> str:
        """The host of a URL, as it was given; else the object's name."""
        return (urlsplit(self.text).hostname if self.scheme else None) or self.ref.name


def target_namespace(text: str, namespace: str, snapshot: Snapshot) -> str:
    """The namespace in which a neutral source for this target stands."""
    if "/" in text and "://" not in text:
        return locate(snapshot, parse_reference(text, text), namespace)[0] or namespace
    host = _host_and_port(text)[0]
    found = _service_by_name(host, namespace, snapshot)
    return found.namespace if found and snapshot.get("Service", found.namespace, found.name) else namespace


def resolve_target(snapshot: Snapshot, text: str, namespace: str, source_namespace: str) -> Target:
    """The target that a user's words mean, seen from the source's namespace. Raises InputError, AccessError."""
    if "/" in text and "://" not in text:
        return _object_target(snapshot, text, namespace, source_namespace)
    host, port, path = _host_and_port(text)
    scheme = text.partition("://")[0] if "://" in text else ""
    if _is_address(host):
        return replace(_address_target(snapshot, text, host, port), url_path=path, scheme=scheme)
    meant = _service_by_name(host, source_namespace, snapshot)
    if meant is None:
        through = _through_proxy(snapshot, text, (scheme, host, port, path))
        if through is not None:
            return through
        if port is None:
            raise InputError(f"{text}: an outside name needs a port", hint=f"try {text}:443")
        ref = ObjectRef("Host", host)
        return Target(TargetKind.HOST, text, ref, host, port, url_path=path, scheme=scheme, by_name=True)
    service = snapshot.get("Service", meant.namespace, meant.name)
    return Target(
        TargetKind.SERVICE,
        text,
        ObjectRef("Service", meant.name, meant.namespace),
        dns_name=host,
        port=port,
        service=service if isinstance(service, Service) else None,
        url_path=path,
        scheme=scheme,
        by_name=True,
    )


def _through_proxy(snapshot: Snapshot, text: str, url: tuple[str, str, int | str | None, str]) -> Target | None:
    """The target for a URL (scheme, host, port, path) of which an Ingress or a Gateway of the cluster has the host."""
    scheme, host, port, path = url
    if not scheme or not isinstance(port, int):
        return None
    way = way_of_url(snapshot, scheme, host, path) if port in (80, 443) else None
    if way is not None:
        return Target(TargetKind.INGRESS, text, way.ref, url_path=path, scheme=scheme, ingress=way)
    served = way_of_route_url(snapshot, (scheme, host, port, path))
    if served is None:
        return None
    return Target(TargetKind.HTTP_ROUTE, text, served.ref, url_path=path, scheme=scheme, gateway=served)


def _object_target(snapshot: Snapshot, text: str, namespace: str, source_namespace: str) -> Target:
    reference = parse_reference(text, text)
    if reference.kind == "Service":
        where, name, found = locate(snapshot, reference, namespace)
        if found is None and not snapshot.was_read("Service", where):
            require(snapshot, reference, namespace, text)
        return Target(
            TargetKind.SERVICE,
            text,
            ObjectRef("Service", name, where),
            dns_name=name if where == source_namespace else f"{name}.{where}",
            port=reference.port,
            service=found if isinstance(found, Service) else None,
        )
    return _pods_target(snapshot, text, reference, require(snapshot, reference, namespace, text))


def _pods_target(snapshot: Snapshot, text: str, reference: Reference, found: Object) -> Target:
    if isinstance(found, Pod):
        return Target(TargetKind.PODS, text, found.ref, port=reference.port, pods=(found,))
    if isinstance(found, Workload):
        pods = tuple(pod for pod in snapshot.pods_of(found) if not pod.finished)
        return Target(TargetKind.PODS, text, found.ref, port=reference.port, workload=found, pods=pods)
    if isinstance(found, Ingress):
        return Target(TargetKind.INGRESS, text, found.ref, ingress=way_of_ingress(snapshot, found))
    if isinstance(found, HTTPRoute):
        attached = attachments(snapshot, found)
        way = way_of_route(snapshot, found, attached)
        return Target(TargetKind.HTTP_ROUTE, text, found.ref, gateway=way, attachments=attached)
    if isinstance(found, Gateway):
        return Target(TargetKind.GATEWAY, text, found.ref, gateway=way_of_gateway(snapshot, found))
    if isinstance(found, Node):
        return _node_target(text, reference, found)
    raise InputError(
        f"{text}: checking a {reference.kind} is not supported yet",
        hint="check the Service behind it: netdoctor check svc/NAME",
    )


def _node_target(text: str, reference: Reference, node: Node) -> Target:
    """A port of a node is any address's; without one it is the node that is asked about."""
    if reference.port is None:
        return Target(TargetKind.NODE, text, node.ref)
    address = next(iter(internal_addresses(node)), None)
    if address is None or not isinstance(reference.port, int):
        raise InputError(f"{text}: a node has no port of that name, or no address", hint=f"try node/{node.name}")
    return Target(TargetKind.ADDRESS, text, ObjectRef("Address", address), port=reference.port)


def _address_target(snapshot: Snapshot, text: str, address: str, port: int | str | None) -> Target:
    if not isinstance(port, int):
        raise InputError(f"{text}: an address needs a port number", hint=f"try {address}:443")
    for service in snapshot.services:
        if address in service.vips:
            return Target(TargetKind.SERVICE, text, service.ref, port=port, service=service)
    pod = snapshot.pod_by_ip(address)
    if pod is not None and not pod.spec.host_network:
        return Target(TargetKind.PODS, text, pod.ref, port=port, pods=(pod,))
    return Target(TargetKind.ADDRESS, text, ObjectRef("Address", address), port=port)


def _service_by_name(host: str, namespace: str, snapshot: Snapshot) -> ServiceName | None:
    """The Service that a name means from a namespace, existing or not; None for an outside name.

    Existing Services win in the order of the search list. Of names that reach none, a single label and
    anything under svc.DOMAIN can only have meant a Service, and NAME.NS where NS is a namespace too.
    """
    domain = cluster_domain(snapshot)
    host = host.removesuffix(".")
    fqdn = f"{host}.{domain}" if host.endswith(".svc") else host
    meanings = [
        meant
        for candidate in candidates(fqdn, search_list(namespace, domain))
        if (meant := service_of(candidate, domain)) is not None
    ]
    for meant in meanings:
        if snapshot.get("Service", meant.namespace, meant.name) is not None:
            return meant
    explicit = service_of(fqdn, domain)
    if explicit is not None:
        return explicit
    name, dot, suffix = host.partition(".")
    if not dot:
        return ServiceName(name, namespace)
    return ServiceName(name, suffix) if snapshot.get("Namespace", "", suffix) is not None else None


def _host_and_port(text: str) -> tuple[str, int | str | None, str]:
    """(host, port, URL path) of HOST[:PORT], [IPv6]:PORT or a URL. Raises InputError."""
    if "://" in text:
        url = urlsplit(text)
        if url.scheme not in ("http", "https") or not url.hostname:
            raise InputError(f"{text}: not an http:// or https:// URL")
        try:
            port = url.port
        except ValueError as error:
            raise InputError(f"{text}: {error}") from error
        return url.hostname, port or (443 if url.scheme == "https" else 80), url.path or "/"
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        return host, parse_port(rest[1:], text) if rest.startswith(":") else None, ""
    if _is_address(text):
        return text, None, ""
    host, colon, port_text = text.partition(":")
    if not host or not all(part.replace("-", "").replace("_", "").isalnum() for part in host.rstrip(".").split(".")):
        raise InputError(
            f"{text!r} is not a target", hint="try svc/NAME, pod/NAME, deploy/NAME, NAME.NAMESPACE or HOST:PORT"
        )
    return host, parse_port(port_text, text) if colon else None, ""


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
