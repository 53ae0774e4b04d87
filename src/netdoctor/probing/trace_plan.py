"""Which probes tell the way hop by hop: by TTL to each endpoint, and as an application sends it to the Service."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from netdoctor.cluster.snapshot import Snapshot
from netdoctor.model.probe import Position, Probe, ProbeKind, ProbePod, Role
from netdoctor.path.backends import Backend
from netdoctor.path.expectation import Expectation
from netdoctor.path.path import Path, Route
from netdoctor.probing.positions import positions
from netdoctor.probing.reaching import reach, settling

MOST_ENDS = 4  # endpoints of a port, those on different nodes first


@dataclass(frozen=True, slots=True)
class Traced:
    """What a probe is for: the way to a backend (`hops`), whether it answers, or whether a ClusterIP does."""

    route: Route
    backend: Backend | None = None
    vip: str = ""
    hops: bool = False


@dataclass(frozen=True, slots=True)
class TracePlan:
    """The pods to run, and what each probe (by id) is for."""

    pods: tuple[ProbePod, ...]
    aims: Mapping[str, Traced]


def plan_trace(snapshot: Snapshot, path: Path, expectation: Expectation, timeout: float, *, attach: bool) -> TracePlan:
    """Plan it; `timeout` (seconds) is of one packet. Pure: nothing is sent."""
    pods: list[ProbePod] = []
    aims: dict[str, Traced] = {}
    sources = [one for one in positions(snapshot, path, attach=attach) if one.role is Role.SOURCE]
    for position in sources:
        probes = []
        for number, (traced, probe) in enumerate(_probes(path, expectation, position)):
            name = f"{position.id}-{number}"
            aims[name] = traced
            probes.append(replace(probe, id=name, timeout=timeout))
        if probes:
            pods.append(ProbePod(position, tuple(probes)))
    return TracePlan(tuple(pods), aims)


def _probes(path: Path, expectation: Expectation, position: Position) -> Iterator[tuple[Traced, Probe]]:
    for route in path.routes:
        delay = settling(bool(expectation.denied_backends(route)))
        for vip in route.vips if not position.outside else ():
            yield Traced(route, vip=vip), reach(route.protocol, vip, route.port, delay)
        for backend in ends(route):
            asked = reach(route.protocol, backend.address, backend.port, delay)
            yield Traced(route, backend), asked
            traced = replace(asked, kind=ProbeKind.TRACE, transport="udp" if route.protocol == "UDP" else "tcp")
            yield Traced(route, backend, hops=True), traced


def ends(route: Route) -> tuple[Backend, ...]:
    """The endpoints to which the way is looked at."""
    by_node: dict[str, Backend] = {}
    for backend in route.backends:
        by_node.setdefault(backend.node, backend)
    first = list(by_node.values())
    return tuple([*first, *(one for one in route.backends if one not in first)][:MOST_ENDS])
