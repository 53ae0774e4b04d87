"""The way from a source to a target hop by hop: what should be there, what was seen, and which hop fails."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from netdoctor.cluster.addresses import host_and_port
from netdoctor.cluster.encapsulation import Encapsulation, encapsulation
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.diagnosis.hops import policy_hop
from netdoctor.diagnosis.whose import whose
from netdoctor.model.probe import NotTested, Observed, Outcome
from netdoctor.model.report import Hop, Untested, Verdict
from netdoctor.model.trace_report import Leg, TraceReport
from netdoctor.path.backends import Backend
from netdoctor.path.expectation import Expectation
from netdoctor.path.path import Path, Route
from netdoctor.policy.rules import Direction
from netdoctor.probing.trace_plan import MOST_ENDS, Traced, ends


@dataclass(frozen=True, slots=True)
class TraceCase:
    """Everything that is known of a trace."""

    snapshot: Snapshot
    path: Path
    expectation: Expectation
    aims: Mapping[str, Traced]
    observed: tuple[Observed, ...]
    not_tested: tuple[NotTested, ...] = ()


def explain_trace(case: TraceCase) -> TraceReport:
    """Explain it. Pure: the same observations always give the same report."""
    legs = tuple(_legs(case))
    tried = [leg for leg in legs if leg.outcome not in {"", Outcome.SKIPPED, Outcome.ERROR}]
    failing = [leg for leg in tried if not leg.reached or leg.fails_at]
    silent = [leg for leg in failing if _silent_udp(leg)]
    verdict = Verdict.HEALTHY
    if not tried:
        verdict = Verdict.NOT_TESTED
    elif failing:
        verdict = Verdict.UNDETERMINED if len(silent) == len(failing) else Verdict.UNHEALTHY
    return TraceReport(
        verdict=verdict,
        source=case.path.source.ref,
        target=case.path.target.ref,
        summary=_summary(case, tried, failing),
        legs=legs,
        not_tested=(
            *_nowhere(case),
            *_left_out(case),
            *_untried(legs),
            *(Untested(one.what, one.because) for one in case.not_tested),
        ),
    )


def _nowhere(case: TraceCase) -> Iterator[Untested]:
    if not case.aims:
        yield Untested("the way", f"{case.path.target.text} has no address to go to: netdoctor check says why")


def _left_out(case: TraceCase) -> Iterator[Untested]:
    """Endpoints to which no way was looked at."""
    for route in case.path.routes:
        total = len(route.backends)
        if total > MOST_ENDS:
            what = f"the way to {total - MOST_ENDS} of {total} endpoints of {route.label}"
            yield Untested(what, f"a trace goes to {MOST_ENDS} endpoints of a port")


def _untried(legs: Sequence[Leg]) -> Iterator[Untested]:
    for leg in legs:
        if leg.outcome in {"", Outcome.SKIPPED, Outcome.ERROR}:
            yield Untested(f"the way from {leg.from_} to {leg.to}", "its probes could not be sent")


def _silent_udp(leg: Leg) -> bool:
    """Silence on UDP proves nothing: the server may have had nothing to say."""
    return leg.outcome == Outcome.TIMEOUT and leg.to.endswith("/UDP")


def _summary(case: TraceCase, tried: Sequence[Leg], failing: Sequence[Leg]) -> str:
    to = f"{case.path.source.label} to {case.path.target.text}"
    if not tried:
        return f"{to}: no way could be tried"
    if not failing:
        return f"{to}: {len(tried)} of {len(tried)} ways get there"
    places = "; ".join(dict.fromkeys(leg.fails_at for leg in failing if leg.fails_at))
    return f"{to}: {len(failing)} of {len(tried)} ways fail" + (f", at: {places}" if places else "")


def _legs(case: TraceCase) -> Iterator[Leg]:
    for position in dict.fromkeys(one.position.id for one in case.observed):
        mine = [one for one in case.observed if one.position.id == position]
        for route in case.path.routes:
            vips = [one for one in mine if case.aims[one.id].vip and case.aims[one.id].route == route]
            for backend in ends(route):
                seen = [one for one in mine if (case.aims[one.id].route, case.aims[one.id].backend) == (route, backend)]
                if seen:
                    yield _leg(case, route, backend, vips, seen)


def _leg(case: TraceCase, route: Route, backend: Backend, vips: Sequence[Observed], seen: Sequence[Observed]) -> Leg:
    trace = next((one for one in seen if case.aims[one.id].hops), None)
    asked = next((one for one in seen if not case.aims[one.id].hops), None)
    some = asked or seen[0]
    outcome = Outcome.OK if any(one.outcome is Outcome.OK for one in seen) else some.outcome
    hops = tuple(_Way(case, route, backend, some, trace, outcome).hops(vips))
    failing = next((hop.name for hop in hops if hop.ok is False), "")
    source = f"{case.path.source.label} ({some.pod_ip or 'no address'})" + (f" on {some.node}" if some.node else "")
    to = f"{backend.label}/{route.protocol}"
    return Leg(from_=source, to=to, outcome=outcome, fails_at=failing, hops=hops)


@dataclass(frozen=True, slots=True)
class _Way:
    """One way, from one place to one endpoint."""

    case: TraceCase
    route: Route
    backend: Backend
    source: Observed
    trace: Observed | None
    outcome: Outcome

    @property
    def _reached(self) -> bool:
        return self.outcome is Outcome.OK

    @property
    def _routers(self) -> list[dict[str, Any]]:
        """What answered on the way, up to the last that did."""
        hops = self.trace.observation.detail.get("hops", ()) if self.trace else ()
        return [hop for hop in hops if hop["address"] != self.backend.address]

    def hops(self, vips: Sequence[Observed]) -> Iterator[Hop]:
        """All of them."""
        egress, ingress = (list(self._policies(direction)) for direction in (Direction.EGRESS, Direction.INGRESS))
        stopped = any(hop.ok is False for hop in egress)
        yield from egress
        yield from self._translation(vips)
        yield from self._on_the_way(stopped=stopped)
        yield from ingress
        yield self._end(denied=stopped or any(hop.ok is False for hop in ingress))

    def _policies(self, direction: Direction) -> Iterator[Hop]:
        """What they say on one side, where any says anything."""
        verdict = self.case.expectation.of(self.backend, self.route.protocol)
        side = verdict.egress if direction is Direction.EGRESS else verdict.ingress
        if side.isolated_by or side.decided_by:
            hop = policy_hop(side, direction, self.route.label)
            passes = hop.ok is False and self._reached
            yield msgspec.structs.replace(hop, seen=f"{hop.seen}; and it passes", ok=None) if passes else hop

    def _translation(self, vips: Sequence[Observed]) -> Iterator[Hop]:
        """NAT, on the source's own node."""
        for one in vips:
            vip = host_and_port(one.probe.host, one.probe.port)
            count = len(self.route.ready)
            expected = f"{self.source.node or 'the node'} sends it to one of {count} endpoints"
            ok = one.outcome is Outcome.OK
            yield Hop(f"NAT of ClusterIP {vip}", expected, str(one.outcome), ok if ok or self._reached else None)

    def _on_the_way(self, *, stopped: bool) -> Iterator[Hop]:
        """The routers that answered; the step from node to node stands before the first that is not the source's."""
        here, there = self.source.node or "", self.backend.node
        crossing = bool(there) and here != there
        last = "the source"
        for hop in self._routers:
            name = self._whose(hop["address"])
            if crossing and hop["address"] and not _is_node(name, here):
                yield self._between(here, there, last, stopped=stopped)
                crossing = False
            heard = True if hop["address"] else None
            yield Hop(f"hop {hop['ttl']}: {name}", "passes it on", hop["address"] or "silent", heard)
            last = name if hop["address"] else last
        if crossing:
            yield self._between(here, there, last, stopped=stopped)

    def _between(self, here: str, there: str, last: str, *, stopped: bool) -> Hop:
        """From node to node; known where the far node, or what is behind it, was heard."""
        how = encapsulation(self.case.snapshot)
        heard = self.outcome in {Outcome.OK, Outcome.REFUSED, Outcome.RESET} or not self._lost_between
        seen = "packets arrive" if heard else f"nothing is heard from behind {last}"
        lost = self.outcome is Outcome.TIMEOUT and not stopped
        ok = True if heard else False if lost else None
        return Hop(f"from node {here} to node {there}", _expected_between(how), seen, ok)

    def _end(self, *, denied: bool) -> Hop:
        by = self.trace.observation.answered_by if self.trace and self.outcome is Outcome.REJECTED else None
        seen = str(self.outcome) + (f" by {by} ({self._whose(by)})" if by else "")
        lost_before = self.outcome is Outcome.TIMEOUT and (denied or self._lost_between)
        return Hop(self.backend.label, "answers", seen, None if lost_before else self._reached)

    @property
    def _lost_between(self) -> bool:
        """Whether nothing shows that packets get to the endpoint's node."""
        here, there = self.source.node or "", self.backend.node
        heard = any(_is_node(self._whose(hop["address"]), there) for hop in self._routers if hop["address"])
        return bool(there) and here != there and not heard

    def _whose(self, address: str | None) -> str:
        return whose(self.case.snapshot, address, self.source.node or "")


def _is_node(name: str, node: str) -> bool:
    return name.partition(",")[0] == f"node {node}"


def _expected_between(how: Encapsulation) -> str:
    if not how.known or how.name == "none":
        return "routed with the pods' own addresses" if how.known else "arrives"
    return f"inside {how.name}, which needs {', '.join(how.needs)}"
