"""The flows that a question of the form `FROM TO[:PORT][/PROTOCOL]` means."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from netdoctor.cluster.addresses import parse_address
from netdoctor.cluster.objects import Namespace, Node, Object, Pod, Service, Workload
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.model.errors import InputError, NetdoctorError
from netdoctor.path.backends import Backend
from netdoctor.path.expectation import destination
from netdoctor.path.path import aliased, service_route
from netdoctor.path.reference import parse_port, parse_reference, require
from netdoctor.path.target import resolve_target
from netdoctor.policy.classes import Distinctions, EndpointClass, outside_classes, pod_classes
from netdoctor.policy.compile import CompiledPolicies
from netdoctor.policy.flow import Endpoint, Flow, ip_endpoint, node_endpoint, pod_endpoint, service_account, virtual_pod
from netdoctor.policy.rules import PROTOCOLS, Protocol

EXTERNAL = "external"
_TO = re.compile(r"(?P<end>.+?)(?::(?P<port>[^:/\]]+))?(?:/(?P<protocol>tcp|udp|sctp|TCP|UDP|SCTP))?")


@dataclass(frozen=True, slots=True)
class End:
    """One end, and how many pods it stands for: policies treat these alike. `other` is another one of them."""

    endpoint: Endpoint
    count: int = 1
    label: str = ""  # of addresses outside the cluster
    other: Endpoint | None = None

    def apart_from(self, end: Endpoint) -> End:
        """The same, by another of its pods if `end` is the one: a pod that reaches itself tells nothing of its like."""
        same = (end.kind, end.namespace, end.name) == (self.endpoint.kind, self.endpoint.namespace, self.endpoint.name)
        return replace(self, endpoint=self.other, other=self.endpoint) if same and self.other else self

    def __str__(self) -> str:
        if self.label:
            return self.label
        more = f" and {self.count - 1} more" if self.count > 1 else ""
        return f"{self.endpoint}{more}"


@dataclass(frozen=True, slots=True)
class AskedFlow:
    """One flow of a question. `service` is the Service (and `service_port` its port) that leads to the destination."""

    flow: Flow
    source: End
    destination: End
    service: Service | None = None
    service_port: int | None = None


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What stands behind the destination."""

    text: str
    port: int | str | None
    protocol: Protocol | None


def asked_flows(
    policies: CompiledPolicies,
    from_text: str,
    to_text: str,
    namespace: str,
    distinctions: Distinctions | None = None,
) -> tuple[AskedFlow, ...]:
    """The flows between two ends: `KIND/NAME[.NAMESPACE]`, an address, `external`; to a Service's name, too.

    Pods that policies treat alike are one end. Without a port, those of the Service, else those that the pods declare.
    Whoever asks about many flows gives the policies' `distinctions`, which take a while to find.

    Raises:
        InputError: an end is no end of a flow, does not exist, or needs a port.
        NetdoctorError: a Service has no endpoint.
        AccessError: an object cannot be read.
    """
    distinctions = distinctions or Distinctions.of([policies])
    end_text, wanted = _parse(to_text)
    sources = _ends(policies.snapshot, from_text, namespace, distinctions)
    first = sources[0].endpoint.namespace or namespace
    flows = tuple(_flows(policies.snapshot, sources, end_text, wanted, namespace, first, distinctions))
    if not flows:
        raise InputError(f"{to_text}: no such port", hint="netdoctor can FROM TO lists the ports that it has")
    return flows


def parse_port_and_protocol(text: str, what: str) -> tuple[int, Protocol]:
    """`5432` or `53/UDP`; `what` names the flag in errors. Raises InputError."""
    number, _, protocol = text.partition("/")
    known = next((one for one in PROTOCOLS if one == (protocol or "TCP").upper()), None)
    port = parse_port(number, what)
    if known is None or not isinstance(port, int):
        raise InputError(f"{what} {text}: not PORT[/PROTOCOL]", hint="such as 5432 or 53/UDP")
    return port, known


def pods_of(snapshot: Snapshot, text: str, namespace: str, what: str) -> list[Pod | Node]:
    """The pods (or the node) that KIND/NAME[.NAMESPACE] means. Raises InputError, AccessError."""
    found = require(snapshot, parse_reference(text, what), namespace, f"{what} {text}")
    if isinstance(found, Pod | Node):
        return [found]
    if isinstance(found, Workload):
        return [*snapshot.pods_of(found)]
    if isinstance(found, Namespace):
        return [*snapshot.pods_in(found.name)]
    if isinstance(found, Service):
        return [*snapshot.pods_selected(found.namespace, found.spec.selector)]
    raise InputError(f"{what} {text}: a {found.ref.kind} has no pods")


def _parse(text: str) -> tuple[str, _Wanted]:
    if parse_address(text):  # IPv6 without a port
        return text, _Wanted(text, None, None)
    found = _TO.fullmatch(text)
    if found is None:
        raise InputError(f"{text!r} is not a destination", hint="try svc/NAME:80, deploy/NAME:80/UDP or 10.0.0.1:53")
    protocol = (found["protocol"] or "").upper()
    known = next((one for one in PROTOCOLS if one == protocol), None)
    port = parse_port(found["port"], text) if found["port"] else None
    end = found["end"]
    return end.strip("[]") if end.startswith("[") else end, _Wanted(text, port, known)


def _ends(snapshot: Snapshot, text: str, namespace: str, distinctions: Distinctions) -> tuple[End, ...]:
    """The ends that a text means, but for Services. At least one."""
    if text == EXTERNAL:
        return tuple(End(one.end, label=f"{one.name} ({one.end})") for one in outside_classes(snapshot, distinctions))
    if parse_address(text):
        return (End(ip_endpoint(text, snapshot)),)
    if "/" not in text:
        raise InputError(
            f"{text!r} is neither KIND/NAME nor an address",
            hint="try pod/NAME, deploy/NAME, ns/NAME, node/NAME, 10.0.0.1 or external",
        )
    reference = parse_reference(text, text)
    return _ends_of(snapshot, text, require(snapshot, reference, namespace, text), distinctions)


def _ends_of(snapshot: Snapshot, text: str, found: Object, distinctions: Distinctions) -> tuple[End, ...]:
    if isinstance(found, Pod):
        return (End(pod_endpoint(found, snapshot)),)
    if isinstance(found, Node):
        return (End(node_endpoint(found)),)
    if isinstance(found, Workload):
        return _of_pods(snapshot, snapshot.pods_of(found), distinctions) or (End(_to_be(found, snapshot)),)
    if isinstance(found, Namespace):
        pods = _of_pods(snapshot, snapshot.pods_in(found.name), distinctions)
        return pods or (End(virtual_pod(found.name, {}, snapshot, name="any pod")),)
    if isinstance(found, Service):
        raise InputError(f"{text}: a Service sends no traffic", hint="give the workload or the pod that sends it")
    raise InputError(f"{text}: a {found.ref.kind} is no end of a flow", hint="give a pod, a workload or a Service")


def _of_pods(snapshot: Snapshot, pods: Iterable[Pod], distinctions: Distinctions) -> tuple[End, ...]:
    running = [pod for pod in pods if not pod.finished]
    own = pod_classes([pod for pod in running if not pod.spec.host_network], snapshot, distinctions)
    hosts = (End(pod_endpoint(pod, snapshot)) for pod in running if pod.spec.host_network)
    return (*(_end(one, snapshot) for one in own), *hosts)


def _end(one: EndpointClass, snapshot: Snapshot) -> End:
    others = (pod_endpoint(member, snapshot) for member in one.members[1:2] if isinstance(member, Pod))
    return End(one.end, len(one.members), other=next(others, None))


def _to_be(workload: Workload, snapshot: Snapshot) -> Endpoint:
    """A pod of a workload that has none."""
    spec, labels = workload.spec.template.spec, workload.spec.template.labels
    pod = virtual_pod(
        workload.namespace, labels, snapshot, name=f"a pod of {workload.name}", account=service_account(spec)
    )
    ports = tuple(port for container in spec.containers for port in container.ports)
    return replace(pod, host_network=spec.host_network, ports=ports)


def _flows(  # noqa: PLR0913, PLR0917 - both ends, and what they mean here
    snapshot: Snapshot,
    sources: tuple[End, ...],
    text: str,
    wanted: _Wanted,
    namespace: str,
    source_namespace: str,
    distinctions: Distinctions,
) -> Iterator[AskedFlow]:
    service = _service(snapshot, text, namespace, source_namespace)
    if service is not None:
        for end, protocol, port, front in _behind(snapshot, service, wanted, distinctions):
            for source in sources:
                yield _asked(source, end, protocol, port, service, front)
        return
    for end in _ends(snapshot, text, namespace, distinctions):
        for protocol, port in _ports(end.endpoint, wanted):
            for source in sources:
                yield _asked(source, end, protocol, port)


def _asked(  # noqa: PLR0913, PLR0917 - what a flow is made of
    source: End, end: End, protocol: Protocol, port: int, service: Service | None = None, front: int | None = None
) -> AskedFlow:
    destination = end.apart_from(source.endpoint)
    return AskedFlow(Flow(source.endpoint, destination.endpoint, protocol, port), source, destination, service, front)


def _service(snapshot: Snapshot, text: str, namespace: str, source_namespace: str) -> Service | None:
    """The Service that a destination means: as an object, by its address, or by its name."""
    if parse_address(text):
        return next((service for service in snapshot.services if text in service.vips), None)
    if text == EXTERNAL:
        return None
    if "/" in text:
        reference = parse_reference(text, text)
        if reference.kind != "Service":
            return None
        found = require(snapshot, reference, namespace, text)
        return found if isinstance(found, Service) else None
    target = resolve_target(snapshot, f"{text}:1", namespace, source_namespace)
    if target.service is None:
        raise InputError(
            f"{text}: no Service of this name, and policies know addresses, not names",
            hint="give an address, external, or KIND/NAME",
        )
    return target.service


def _behind(
    snapshot: Snapshot, service: Service, wanted: _Wanted, distinctions: Distinctions
) -> Iterator[tuple[End, Protocol, int, int]]:
    """The endpoints behind a Service with protocol and port, and the port of the Service that leads there."""
    behind = aliased(snapshot, service)
    chosen = [port for port in behind.spec.ports if wanted.port in (None, port.port, port.name)]
    chosen = [port for port in chosen if wanted.protocol in (None, port.protocol)]
    if not chosen:
        ports = ", ".join(f"{port.port}/{port.protocol}" for port in behind.spec.ports) or "none"
        raise InputError(f"{wanted.text}: {service.ref} has no such port", hint=f"its ports: {ports}")
    routes = [service_route(snapshot, behind, port) for port in chosen]
    if not any(route.backends for route in routes):
        raise NetdoctorError(
            f"{wanted.text}: {service.ref} has no endpoint", hint=f"netdoctor check svc/{service.name} says why"
        )
    for route in routes:
        for port, end in _grouped(snapshot, route.backends, distinctions):
            yield end, _protocol(route.protocol), port, route.port


def _grouped(snapshot: Snapshot, backends: Iterable[Backend], distinctions: Distinctions) -> Iterator[tuple[int, End]]:
    """Backends whose pods policies treat alike are one."""
    by_port: defaultdict[int, list[Pod]] = defaultdict(list)
    for backend in backends:
        if backend.pod is not None and not backend.pod.spec.host_network:
            by_port[backend.port].append(backend.pod)
        else:
            yield backend.port, End(destination(backend, snapshot))
    for port, pods in by_port.items():
        yield from ((port, _end(one, snapshot)) for one in pod_classes(pods, snapshot, distinctions))


def _ports(end: Endpoint, wanted: _Wanted) -> Iterator[tuple[Protocol, int]]:
    """The ports asked for at an end that is no Service."""
    if isinstance(wanted.port, int):
        yield wanted.protocol or "TCP", wanted.port
        return
    declared = [port for port in end.ports if wanted.port in (None, port.name)]
    declared = [port for port in declared if wanted.protocol in (None, port.protocol)]
    if not declared and wanted.port is None:
        raise InputError(f"{wanted.text}: {end} declares no port", hint=f"name one: {wanted.text}:80")
    for port in dict.fromkeys((port.protocol, port.container_port) for port in declared):
        yield _protocol(port[0]), port[1]


def _protocol(text: str) -> Protocol:
    return next((one for one in PROTOCOLS if one == text), "TCP")
