"""What is tried many times, because a single try may hide what happens to some: connections and DNS queries.

A trickle, never a load: at most `MOST_SAMPLES` tries of one thing, `PAUSE` apart, none after `ENOUGH` failures, and of
each port's endpoints at most `MAX_SAMPLED`. MySQL, as an example, shuts out who has broken off 100 handshakes
(max_connect_errors): by default a check stays far below that.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from netdoctor.model.probe import Position, Probe, ProbeKind, Role
from netdoctor.path.backends import Backend
from netdoctor.path.expectation import Expectation
from netdoctor.path.path import Path, Route
from netdoctor.probing.aims import Aim, Aimed
from netdoctor.probing.reaching import reach

PAUSE = 0.02  # seconds
FIXED_TRIES = 4  # from one source port, one after the other: the port is taken until the answer is there
ENOUGH = 20  # failures: the bounds of the rate will not get much narrower
MAX_SAMPLED = 2  # endpoints per route: one on the source's node, and one on another
_MAX_ROUTES = 4
_SETTLE = 2.0  # seconds for a CNI to let a new pod through: not the kind of loss that is looked for
_BEHIND = 0.3  # seconds: after the single probes


def sample_probes(
    path: Path, expectation: Expectation, position: Position, samples: int
) -> Iterator[tuple[Aimed, Probe]]:
    """The samples that a pod in the source's place takes; none with fewer than 2."""
    if position.role is not Role.SOURCE or position.outside or samples < 2:
        return
    settle = _SETTLE if _isolated(path, expectation) else _BEHIND
    for aimed, probe in _all(path, expectation, position):
        yield aimed, replace(probe, delay=settle, tries=samples, pause=PAUSE, enough=ENOUGH)


def fixed_port_probes(path: Path, position: Position, port: int, timeout: float) -> Iterator[tuple[Aimed, Probe]]:
    """UDP to each ClusterIP from one source port (0: none), as a client sends it that keeps its socket.

    `timeout` is of one try, in seconds.
    """
    if not port or position.role is not Role.SOURCE or position.outside:
        return
    for route in path.routes:
        for vip in route.vips if route.protocol == "UDP" else ():
            probe = replace(reach(route.protocol, vip, route.port), source_port=port)
            yield Aimed(Aim.FIXED_PORT, True, route), replace(probe, tries=FIXED_TRIES, pause=timeout + _BEHIND)


def _all(path: Path, expectation: Expectation, position: Position) -> Iterator[tuple[Aimed, Probe]]:
    yield from _dns_samples(path, expectation)
    for route in path.routes[:_MAX_ROUTES]:
        inside = [b for b in route.ready if b.pod is not None]
        if not inside or expectation.denied_backends(route):
            continue
        for vip in route.vips:
            yield Aimed(Aim.VIP_SAMPLE, True, route), reach(route.protocol, vip, route.port)
        if _keeps_clients(path) and _speaks_http(route) and len(inside) > 1:
            names = " ".join(b.pod.name for b in inside if b.pod is not None)
            for vip in route.vips:
                yield Aimed(Aim.ANSWERED_BY, route=route), Probe("", ProbeKind.HTTP, vip, route.port, payload=names)
        for backend in _chosen(inside, position):
            probe = reach(route.protocol, backend.address, backend.port)
            yield Aimed(Aim.BACKEND_SAMPLE, True, route, backend), probe


def _keeps_clients(path: Path) -> bool:
    return path.target.service is not None and path.target.service.spec.session_affinity == "ClientIP"


def _speaks_http(route: Route) -> bool:
    """By what the Service says of its port: requests are not sent to anything else."""
    port = route.service_port
    named = port is not None and (port.app_protocol == "http" or port.name == "http" or port.name.startswith("http-"))
    return named and route.protocol == "TCP"


def _chosen(backends: list[Backend], position: Position) -> list[Backend]:
    """One beside the source and one elsewhere come first."""
    beside = [b for b in backends if b.node == position.node]
    elsewhere = [b for b in backends if b.node != position.node]
    return [*beside[:1], *elsewhere[:1], *beside[1:], *elsewhere[1:]][:MAX_SAMPLED]


def _dns_samples(path: Path, expectation: Expectation) -> Iterator[tuple[Aimed, Probe]]:
    """Pairs of queries as glibc sends them, and beside them single ones, to the DNS Service."""
    dns = path.dns
    if not (dns.name and dns.used and dns.service and dns.udp):
        return
    if any(expectation.denied(backend, "UDP") for backend in dns.udp):
        return
    name = f"kubernetes.default.svc.{dns.domain}"
    for vip in dns.service.vips[:1]:
        yield Aimed(Aim.DNS_PAIRS, True), Probe("", ProbeKind.PAIR, name=name, server=vip)
        yield Aimed(Aim.DNS_SINGLES, True), Probe("", ProbeKind.DNS, name=name, server=vip)


def _isolated(path: Path, expectation: Expectation) -> bool:
    """Whether a policy has to learn of the new pod before it lets it through."""
    flows = [(b, route.protocol) for route in path.routes for b in route.ready]
    verdicts = [expectation.of(*flow) for flow in flows]
    return any(verdict.egress.isolated_by or verdict.ingress.isolated_by for verdict in verdicts)
