"""Pods beside their own nodes: of what a pod does not reach, what its node reaches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from netdoctor.diagnosis.case import Case, Seen
from netdoctor.model.probe import Outcome, Role
from netdoctor.path.path import Route
from netdoctor.probing.aims import Aim

_LOST = (Outcome.TIMEOUT, Outcome.REJECTED)


@dataclass(frozen=True, slots=True)
class NodeContrast:
    """Failed probes of a pod on one node, and the same from the node; without these, `reaches` is None."""

    node: str
    failed: tuple[Seen, ...]
    from_node: tuple[Seen, ...]

    @property
    def reaches(self) -> bool | None:
        """Whether the node itself gets there."""
        return any(s.ok for s in self.from_node) if self.from_node else None


def node_contrasts(case: Case, route: Route) -> tuple[NodeContrast, ...]:
    """For each node on which a pod's packets to the addresses of a route, which policies do not deny, are lost.

    A refusal counts only where the node is not refused too: otherwise it is the target's own answer.
    """
    return tuple(_contrasts(case, route))


def _contrasts(case: Case, route: Route) -> Iterator[NodeContrast]:
    failed = [s for s in case.failed if s.aimed.route == route and _not_denied(case, s)]
    for node in dict.fromkeys(s.observed.node or "" for s in failed):
        from_node = _on(case.of(Aim.HOST, Aim.BACKEND, route=route, role=Role.NODE), node)
        reached = any(s.ok for s in from_node)
        mine = [s for s in failed if (s.observed.node or "") == node]
        lost = tuple(s for s in mine if s.outcome in _LOST or (reached and s.outcome is Outcome.REFUSED))
        if lost:
            yield NodeContrast(node, lost, from_node)


def _not_denied(case: Case, seen: Seen) -> bool:
    """Whether it went to an address that policies are not known to deny, or that nothing would enforce."""
    backend, route = seen.aimed.backend, seen.aimed.route
    if backend is None or route is None or seen.aimed.aim not in (Aim.HOST, Aim.TLS, Aim.URL, Aim.BACKEND):
        return False
    return case.expectation.cni.enforces_policy is False or not case.expectation.denied(backend, route.protocol)


def _on(seen: Sequence[Seen], node: str) -> tuple[Seen, ...]:
    return tuple(s for s in seen if s.tried and (s.observed.node or "") == node)


def policies_known(case: Case, route: Route) -> bool:
    """Whether it is known what policies say about every address of a route."""
    return all(case.expectation.of(b, route.protocol).allowed is not None for b in route.backends)
