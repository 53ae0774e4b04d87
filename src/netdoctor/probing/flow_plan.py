"""Which probes tell what becomes of many flows: a pod for each source, a probe for each destination that it has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from netdoctor.cluster.addresses import parse_address
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.model.errors import NetdoctorError
from netdoctor.model.probe import Position, Probe, ProbePod
from netdoctor.path.expected import DecidedExpectation, DecidedFlow
from netdoctor.path.source import Source, resolve_source
from netdoctor.policy.flow import Endpoint
from netdoctor.probing.plan import PlanOptions
from netdoctor.probing.positions import position_of
from netdoctor.probing.reaching import reach, settling


@dataclass(frozen=True, slots=True)
class SentFlow:
    """A flow and the id of the probe that tells of it; without one, `because` says why."""

    decided: DecidedFlow
    probe: str = ""
    because: str = ""


@dataclass(frozen=True, slots=True)
class FlowPlan:
    """The pods to run, and for each expectation its flows, in its order."""

    pods: tuple[ProbePod, ...]
    sent: tuple[tuple[SentFlow, ...], ...]


def plan_flows(snapshot: Snapshot, expectations: Sequence[DecidedExpectation], options: PlanOptions) -> FlowPlan:
    """Plan for all expectations at once. Pure: nothing is sent."""
    planning = _Planning(snapshot, options)
    sent = tuple(tuple(_sent(planning, one)) for one in expectations)
    return FlowPlan(tuple(planning.pods()), sent)


def _sent(planning: _Planning, expectation: DecidedExpectation) -> Iterator[SentFlow]:
    for decided in expectation.flows:
        because = _why_not(decided)
        position = None if because else planning.position(expectation, decided)
        if position is None:
            yield SentFlow(decided, because=because or "no pod can take the place of its source")
        else:
            yield SentFlow(decided, planning.probe(position, decided, _by_service(expectation, decided)))


def _why_not(decided: DecidedFlow) -> str:
    """Why no probe can tell of a flow; empty if one can."""
    return next((because for because, applies in _hindrances(decided) if applies), "")


def _hindrances(decided: DecidedFlow) -> Iterator[tuple[str, bool]]:
    """What may keep a probe from telling of a flow, and whether it does."""
    asked, flow = decided.asked, decided.asked.flow
    source, destination = flow.source, flow.destination
    yield "no probe can be sent from outside the cluster", bool(asked.source.label) or source.kind == "ip"
    yield f"{asked.destination} stands for many addresses: give one to have it probed", bool(asked.destination.label)
    yield "there is no probe for SCTP", flow.protocol == "SCTP"
    yield f"{source} has finished", source.finished
    yield f"{destination} has finished", destination.finished
    yield f"{destination} has no address yet", not destination.ips
    same = (source.kind, source.namespace, source.name) == (destination.kind, destination.namespace, destination.name)
    yield f"what {source} sends to itself never leaves it, and a probe is sent from another pod", same
    address = parse_address(destination.ips[0]) if destination.ips else None
    yield f"{address} is loopback", address is not None and address.is_loopback


def _by_service(expectation: DecidedExpectation, decided: DecidedFlow) -> bool:
    """Whether the Service's own address tells: not where policies allow some of its endpoints, and others not."""
    service = decided.asked.service
    if service is None or not service.vips or decided.asked.service_port is None:
        return False
    front = service.ref, decided.asked.service_port, decided.asked.flow.protocol
    behind = [
        one.verdict.allowed
        for one in expectation.flows
        if one.asked.service
        and (one.asked.service.ref, one.asked.service_port, one.asked.flow.protocol) == front
        and one.asked.source == decided.asked.source
    ]
    return len({*behind}) == 1


@dataclass(slots=True)
class _Planning:
    """What has been planned so far: by source its position, by source and destination the probe."""

    snapshot: Snapshot
    options: PlanOptions
    _positions: dict[tuple[str, str, str], Position | None] = field(default_factory=dict)
    _probes: dict[tuple[str, str, str, int], Probe] = field(default_factory=dict)

    def position(self, expectation: DecidedExpectation, decided: DecidedFlow) -> Position | None:
        """Where the flow's source stands; None where no pod can stand there."""
        end = decided.asked.flow.source
        key = end.kind, end.namespace, end.name
        if key not in self._positions:
            source = self._source(expectation, end, decided.asked.flow.destination.namespace)
            name = f"source-{len(self._positions)}"
            self._positions[key] = position_of(source, name, source.node or None) if source else None
        return self._positions[key]

    def probe(self, position: Position, decided: DecidedFlow, by_service: bool) -> str:
        """The id of the probe that tells of the flow: a new one, or one that another flow needs too."""
        asked, flow = decided.asked, decided.asked.flow
        host, port = flow.destination.ips[0], flow.port
        if by_service and asked.service and asked.service_port:
            host, port = asked.service.vips[0], asked.service_port
        key = position.id, flow.protocol, host, port
        if key not in self._probes:
            denied = decided.verdict.allowed is False
            probe = reach(flow.protocol, host, port, settling(denied))
            attempts = 1 if denied else self.options.attempts
            name = f"{position.id}-{len(self._probes)}"
            self._probes[key] = replace(probe, id=name, timeout=self.options.timeout, attempts=attempts)
        return self._probes[key].id

    def pods(self) -> Iterator[ProbePod]:
        """Every position with its probes."""
        by_position: Mapping[str, list[Probe]] = {p.id: [] for p in self._positions.values() if p}
        for (sender, *_), probe in self._probes.items():
            by_position[sender].append(probe)
        for position in self._positions.values():
            if position:
                yield ProbePod(position, tuple(by_position[position.id]))

    def _source(self, expectation: DecidedExpectation, end: Endpoint, destination: str) -> Source | None:
        """Who the end is: the pod or node of that name, else whom the expectation names."""
        text = expectation.expected.source
        if end.kind == "node":
            text = f"node/{end.name}"
        elif self.snapshot.get("Pod", end.namespace, end.name):
            text = f"pod/{end.name}"
        namespace = end.namespace or expectation.namespace
        try:
            return resolve_source(self.snapshot, text, namespace, destination or namespace)
        except NetdoctorError:
            return None
