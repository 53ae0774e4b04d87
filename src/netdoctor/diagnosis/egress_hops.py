"""The last steps of a way out of the cluster, and the same from the nodes themselves."""

from __future__ import annotations

from collections.abc import Iterator

from netdoctor.diagnosis.case import Case
from netdoctor.diagnosis.seen_hop import seen_hop
from netdoctor.model.probe import Role
from netdoctor.model.report import Hop
from netdoctor.path.egress import is_api_server, leaves_cluster
from netdoctor.path.path import Route
from netdoctor.probing.aims import Aim


def outside_hops(case: Case, route: Route) -> Iterator[Hop]:
    """The address outside."""
    where = ", ".join(b.address for b in route.ready) or case.path.target.ref.name
    yield seen_hop(f"Outside {where}:{route.label}", "answers", case.of(Aim.BACKEND, Aim.HOST, route=route))


def contrast_hops(case: Case, route: Route) -> Iterator[Hop]:
    """The same without policies about pods and without translation."""
    if not (leaves_cluster(case.snapshot, case.path.target) or is_api_server(case.snapshot, case.path.target)):
        return
    seen = case.of(Aim.BACKEND, Aim.HOST, route=route, role=Role.NODE)
    for node in dict.fromkeys(s.observed.node or "its node" for s in seen):
        mine = [s for s in seen if (s.observed.node or "its node") == node]
        yield seen_hop(f"The same from {node} itself", "answers", mine)
