"""What policies say about an outside name, once probes have told which address it has."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

from netdoctor.diagnosis.case import Case
from netdoctor.path.egress import leaves_cluster, with_addresses
from netdoctor.path.expectation import expect
from netdoctor.path.path import Route
from netdoctor.probing.aims import Aim, Aimed

_BY_NAME = (Aim.HOST, Aim.TLS, Aim.URL)


def addressed(case: Case) -> Case:
    """The case with the addresses that connections by name went to as backends of their routes.

    Only those are taken that the source went to: policies may well deny others that the name has, such as IPv6
    addresses in a cluster without IPv6, and nothing is wrong with that.
    """
    if not leaves_cluster(case.snapshot, case.path.target):
        return case
    found: defaultdict[Route, dict[str, None]] = defaultdict(dict)
    for seen in case.of(*_BY_NAME):
        address = seen.observed.observation.detail.get("address")
        if address and seen.aimed.route is not None:
            found[seen.aimed.route][str(address)] = None
    if not found:
        return case
    path = with_addresses(case.path, {route: tuple(addresses) for route, addresses in found.items()})
    routes = dict(zip(case.path.routes, path.routes, strict=True))
    gone_to = {o.id: str(o.observation.detail.get("address", "")) for o in case.observed}
    aims = {name: _with_backend(aimed, routes, gone_to.get(name, "")) for name, aimed in case.aims.items()}
    return replace(case, path=path, expectation=expect(case.snapshot, path), aims=aims)


def _with_backend(aimed: Aimed, routes: dict[Route, Route], address: str) -> Aimed:
    if aimed.aim not in _BY_NAME or aimed.route not in routes:
        return aimed
    route = routes[aimed.route]
    return replace(aimed, route=route, backend=next((b for b in route.ready if b.address == address), None))
