"""Which probes to send, from where: pairs that differ in one factor, so that a difference tells where the fault is.

The pairs: name or address; VIP or endpoint; as the source or neutral; the same node as an endpoint or another;
UDP or TCP; the port asked for or another that the pod declares.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from netdoctor.cluster.snapshot import Snapshot
from netdoctor.model.chance import SAMPLES
from netdoctor.model.probe import NotTested, Position, Probe, ProbeKind, ProbePod, Role
from netdoctor.path.backends import Backend
from netdoctor.path.egress import leaves_cluster
from netdoctor.path.entrances import not_swept
from netdoctor.path.expectation import Expectation
from netdoctor.path.path import Path, Route
from netdoctor.path.target import TargetKind
from netdoctor.probing.aims import BY_NAME, Aim, Aimed
from netdoctor.probing.dns import dns_probes
from netdoctor.probing.egress import egress_probes
from netdoctor.probing.entrances import entrance_probes
from netdoctor.probing.ingress import PATIENCE, controller_positions, direct_probes, ingress_left_out, rule_probes
from netdoctor.probing.nodes import node_probes, node_target_probes
from netdoctor.probing.positions import itself_among, positions
from netdoctor.probing.reaching import MAX_BACKENDS, reach, settling
from netdoctor.probing.sampling import fixed_port_probes, sample_probes
from netdoctor.probing.urls import url_probes

__all__ = ["BY_NAME", "Aim", "Aimed", "PlanOptions", "ProbePlan", "make_plan"]

MAX_OTHER_PORTS = 4  # per backend
_SPOKEN = ("TCP", "UDP")  # an SCTP association is another thing than a connection to a TCP port of that number
_PAST_SERVICE = (Aim.VIP, Aim.HEADLESS_PORT)  # ports of Services, which an Ingress controller does not use
_FROM_NODES = (Aim.HOST, Aim.VIP, Aim.BACKEND)


@dataclass(frozen=True, slots=True)
class ProbePlan:
    """The pods to run, and what each probe (by id) is for."""

    pods: tuple[ProbePod, ...]
    aims: Mapping[str, Aimed]
    not_tested: tuple[NotTested, ...] = ()


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """Bounds of single probes: seconds per attempt, attempts; how often what chance may decide is tried.

    `source_port` is one from which UDP probes are sent as well; 0 = none. `ca`: whom certificates must come from (PEM).
    """

    timeout: float = 1.0
    attempts: int = 3
    attach: bool = False
    samples: int = SAMPLES
    source_port: int = 0
    ca: str = ""


def make_plan(snapshot: Snapshot, path: Path, expectation: Expectation, options: PlanOptions) -> ProbePlan:
    """Plan a whole check. Pure: nothing is sent."""
    pods: list[ProbePod] = []
    aims: dict[str, Aimed] = {}
    for position, planned in _planned(snapshot, path, expectation, attach=options.attach):
        probes = []
        sampled = sample_probes(path, expectation, position, options.samples)
        fixed = fixed_port_probes(path, position, options.source_port, options.timeout)
        for number, (aimed, probe) in enumerate(chain(planned, sampled, fixed)):
            if aimed.route is not None and aimed.route.protocol not in _SPOKEN:
                continue
            name = f"{position.id}-{number}"
            probes.append(_bounded(aimed, replace(probe, id=name), options))
            aims[name] = replace(aimed, required=aimed.required and position.role is Role.SOURCE)
        pods.append(ProbePod(position, tuple(probes)))
    not_tested = [one for part in (path, *path.parts) for one in _not_tested(snapshot, part)]
    return ProbePlan(tuple(pods), aims, (*not_tested, *_itself(path, pods)))


def _planned(
    snapshot: Snapshot, path: Path, expectation: Expectation, *, attach: bool
) -> Iterator[tuple[Position, Iterator[tuple[Aimed, Probe]]]]:
    """Each position with its probes; of the way through a proxy, those of its parts."""
    if path.target.kind in (TargetKind.HTTP_ROUTE, TargetKind.GATEWAY) and not path.parts:
        return  # there is no proxy to ask
    if path.target.way is None:
        for position in positions(snapshot, path, attach=attach):
            yield position, _all_probes(snapshot, path, expectation, position)
    elif path.parts:
        door = path.parts[0]
        for position in positions(snapshot, door, attach=attach):
            probes = _all_probes(snapshot, door, expectation.parts[0], position)
            rules = rule_probes(snapshot, path) if position.role is Role.SOURCE else ()
            yield position, chain(probes, rules)
        for position in controller_positions(path):
            yield position, _leg_probes(path, expectation, position)


def _leg_probes(path: Path, expectation: Expectation, position: Position) -> Iterator[tuple[Aimed, Probe]]:
    """What the proxy needs: the endpoints of all backends, to which it goes without their ClusterIPs."""
    for number, leg in enumerate(path.parts[1:], 1):
        probes = _probes(leg, expectation.parts[number], position)
        needed = (one for one in probes if one[0].aim not in _PAST_SERVICE and (leg.dns.name or one[0].route))
        for aimed, probe in chain(needed, direct_probes(path, number)):
            yield replace(aimed, part=number), probe


def _not_tested(snapshot: Snapshot, path: Path) -> Iterator[NotTested]:
    yield from _left_out(path)
    yield from (NotTested(what, because) for what, because in not_swept(snapshot, path))
    yield from ingress_left_out(path)


def _bounded(aimed: Aimed, probe: Probe, options: PlanOptions) -> Probe:
    """Only what tells by its silence is repeated; an expected denial has had its time to settle."""
    if aimed.aim is Aim.RULE:
        return replace(probe, timeout=max(options.timeout, PATIENCE), attempts=1)
    if aimed.aim in (Aim.SMALL, Aim.LARGE):
        options = replace(options, timeout=max(options.timeout, probe.timeout))
    once = probe.delay or not (aimed.required or aimed.aim is Aim.LARGE)
    if options.ca and probe.kind is ProbeKind.TLS:
        probe = replace(probe, ca=options.ca, trust="roots")
    return replace(probe, timeout=options.timeout, attempts=1 if once else options.attempts)


def _left_out(path: Path) -> Iterator[NotTested]:
    for route in path.routes:
        if route.protocol not in _SPOKEN:
            yield NotTested(f"{route.label}: whether it answers", f"probes speak {' and '.join(_SPOKEN)} only")
        elif len(route.ready) > MAX_BACKENDS:
            yield NotTested(
                f"{len(route.ready) - MAX_BACKENDS} of {len(route.ready)} endpoints of {route.label}",
                f"a check probes at most {MAX_BACKENDS} endpoints per port",
            )


def _itself(path: Path, pods: Sequence[ProbePod]) -> Iterator[NotTested]:
    """A stand-in for a pod is no endpoint, and so never meets itself behind the ClusterIP."""
    attached = any(pod.position.attach_to for pod in pods if pod.position.role is Role.SOURCE)
    if not attached and itself_among(path, *(pod.ref for pod in path.source.pods)):
        yield NotTested(
            f"whether a pod of {path.source.ref} reaches itself through {path.target.ref}",
            "that shows only inside an endpoint's own pod: --from pod/NAME --attach",
        )


def _all_probes(
    snapshot: Snapshot, path: Path, expectation: Expectation, position: Position
) -> Iterator[tuple[Aimed, Probe]]:
    """The way inside the cluster, which is not for those outside, and the ways into it and out of it.

    Strangers outside the cluster are asked for what was asked for, and nothing else.
    """
    if path.target.kind is TargetKind.NODE:
        yield from node_target_probes(snapshot, path, expectation, position)
        return
    leaving = leaves_cluster(snapshot, path.target)
    if not position.outside or path.target.kind is TargetKind.ADDRESS:
        probes = _probes(path, expectation, position)
        yield from (one for one in probes if not leaving or one[0].aim is not Aim.OTHER_PROTOCOL)
    if position.role in (Role.SOURCE, Role.NEUTRAL):
        yield from entrance_probes(snapshot, path, expectation, position)
        yield from egress_probes(snapshot, path, position)
        denied = any(expectation.denied_backends(route) for route in path.routes)
        yield from url_probes(snapshot, path, position, settling(denied))
    if position.role is Role.SOURCE and not position.outside and not leaving:
        yield from node_probes(snapshot, path, expectation, position)


def _probes(path: Path, expectation: Expectation, position: Position) -> Iterator[tuple[Aimed, Probe]]:
    if position.role is Role.ENDPOINT:
        yield Aimed(Aim.SOCKETS), Probe("", ProbeKind.SOCKETS)
        return
    if position.role is Role.NODE:
        routed = (found for route in path.routes for found in _route_probes(path, route, expectation))
        yield from ((aimed, probe) for aimed, probe in routed if aimed.aim in _FROM_NODES or _own(aimed, position))
        return
    yield Aimed(Aim.RESOLV_CONF), Probe("", ProbeKind.RESOLV_CONF)
    yield from dns_probes(path, expectation)
    for route in path.routes:
        for aimed, probe in _route_probes(path, route, expectation):
            if position.role is Role.SOURCE or aimed.aim not in (Aim.OTHER_PORT, Aim.OTHER_PROTOCOL):
                yield aimed, probe


def _own(aimed: Aimed, position: Position) -> bool:
    """Whether it is for a pod of the node itself that is not ready, which its kubelet probes from there."""
    return aimed.aim is Aim.UNREADY and aimed.backend is not None and aimed.backend.node == position.node


def _route_probes(path: Path, route: Route, expectation: Expectation) -> Iterator[tuple[Aimed, Probe]]:
    if path.dns.name and not route.vips and not route.backends:
        yield (
            Aimed(Aim.HOST, required=True, route=route),
            reach(route.protocol, "", route.port, name=path.dns.name),
        )
        return
    delay = settling(bool(expectation.denied_backends(route)))
    for vip in route.vips:
        yield Aimed(Aim.VIP, True, route), reach(route.protocol, vip, route.port, delay)
    headless = path.target.service is not None and path.target.service.headless
    for backend in route.ready[:MAX_BACKENDS]:
        delay = settling(expectation.denied(backend, route.protocol))
        yield (
            Aimed(Aim.BACKEND, True, route, backend),
            reach(route.protocol, backend.address, backend.port, delay),
        )
        if headless and backend.port != route.port:
            aimed = Aimed(Aim.HEADLESS_PORT, True, route, backend)
            yield aimed, reach(route.protocol, backend.address, route.port)
        yield from _contrasts(route, backend)
    for backend in [b for b in (*route.unready, *route.intended) if b.address][:MAX_BACKENDS]:
        delay = settling(expectation.denied(backend, route.protocol))
        yield (
            Aimed(Aim.UNREADY, path.target.kind is TargetKind.PODS, route, backend),
            reach(route.protocol, backend.address, backend.port, delay),
        )
        yield from _contrasts(route, backend)


def _contrasts(route: Route, backend: Backend) -> Iterator[tuple[Aimed, Probe]]:
    other = "UDP" if route.protocol == "TCP" else "TCP"
    yield (
        Aimed(Aim.OTHER_PROTOCOL, route=route, backend=backend),
        reach(other, backend.address, backend.port),
    )
    ports = [
        port.container_port
        for port in (backend.pod.ports if backend.pod else ())
        if port.protocol == route.protocol and port.container_port != backend.port
    ]
    for port in ports[:MAX_OTHER_PORTS]:
        yield Aimed(Aim.OTHER_PORT, route=route, backend=backend), reach(route.protocol, backend.address, port)
