"""What objects alone can prove: that a flow is admitted and that its endpoints answer on the very port."""

from __future__ import annotations

from netdoctor.cluster.facts import kube_proxy
from netdoctor.cluster.objects import HealthProbe, Pod
from netdoctor.diagnosis.case import Case
from netdoctor.path.backends import Backend
from netdoctor.path.path import Route


def objects_suffice(case: Case) -> bool:
    """Whether objects and policies admit the flow and every endpoint is Ready under a probe of the port asked for."""
    way = case.path.target.way
    if way is not None:
        return way.settled and bool(case.parts) and all(map(objects_suffice, case.parts))
    routes = case.path.routes
    if case.path.target.scheme == "https":  # no object says what certificate is shown
        return False
    if any(route.vips for route in routes) and not _proxies_run(case):
        return False
    return bool(routes) and all(_route_suffices(case, route) for route in routes) and _dns_suffices(case)


def _proxies_run(case: Case) -> bool:
    """Whether each Ready node has what translates ClusterIPs, as far as the objects show how this cluster does it."""
    proxy = kube_proxy(case.snapshot)
    if proxy.replaced_by is not None or case.snapshot.get("DaemonSet", "kube-system", "kube-proxy") is None:
        return True
    running = {node for node, pods in proxy.pods.items() if any(pod.ready for pod in pods)}
    return all(node.name in running for node in case.snapshot.nodes if node.ready)


def _route_suffices(case: Case, route: Route) -> bool:
    if route.protocol != "TCP" or not route.ready or route.unready:
        return False
    if case.backing is not None and case.backing.headless and any(b.port != route.port for b in route.ready):
        return False  # a client connects to the Service's port, which nothing translates
    return all(
        case.expectation.of(backend, route.protocol).allowed is True and probes_port(backend) for backend in route.ready
    )


def _dns_suffices(case: Case) -> bool:
    dns = case.path.dns
    if not dns.name:
        return True
    if not dns.used or not dns.udp or dns.unready:
        return False
    asked = (dns.local,) if dns.local else dns.udp
    return all(case.expectation.of(backend, "UDP").allowed is True for backend in asked)


def probes_port(backend: Backend) -> bool:
    """Whether the backend's pod is Ready under a readiness probe that connects to the backend's address and port.

    Kubelet connects to the first of a pod's addresses: those of the second IP family are never probed.
    """
    pod = backend.pod
    return pod is not None and pod.ready and backend.address in pod.ips[:1] and backend.port in readiness_ports(pod)


def readiness_ports(pod: Pod) -> frozenset[int]:
    """The ports that the pod's readiness probes connect to."""
    probes = (container.readiness_probe for container in pod.spec.containers)
    return frozenset(number for probe in probes if probe is not None for number in _probed_numbers(pod, probe))


def _probed_numbers(pod: Pod, probe: HealthProbe) -> set[int]:
    """Ports that kubelet connects to at the pod's address; an exec probe or another host proves nothing."""
    numbers: set[int] = set()
    for action in (probe.http_get, probe.tcp_socket, probe.grpc):
        if action is None or action.host not in ("", *pod.ips):
            continue
        if isinstance(action.port, int):
            numbers.add(action.port)
        else:
            numbers |= {p.container_port for p in pod.ports if p.name == action.port and p.protocol == "TCP"}
    return numbers
