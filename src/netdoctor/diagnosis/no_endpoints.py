"""What follows where a Service has nothing behind it, whatever the reason."""

from __future__ import annotations

from netdoctor.cluster.objects import Service
from netdoctor.diagnosis.case import Case, Seen
from netdoctor.model.probe import Outcome
from netdoctor.path.path import Route
from netdoctor.probing.plan import Aim


def routes_of_service(case: Case) -> tuple[Route, ...]:
    """The routes that lead through a port which the Service has."""
    return tuple(route for route in case.path.routes if route.service_port is not None)


def without_endpoints(case: Case) -> tuple[Service, tuple[Route, ...]] | None:
    """The Service and its routes, where objects list no ready endpoint that lives, and no probe was answered anyway."""
    service, routes = case.backing, routes_of_service(case)
    if service is None or not routes or any(route.living for route in routes):
        return None
    if any(s.ok for route in routes for s in case.through_service(route)):
        return None
    return service, routes


def symptoms(case: Case, routes: tuple[Route, ...]) -> tuple[Seen, ...]:
    """Failed probes that follow from missing endpoints; without a ClusterIP the name has no address either."""
    headless = case.backing is not None and case.backing.headless
    names = (Aim.NAME, Aim.DNS_SERVER, Aim.DNS_VIP) if headless else ()
    return tuple(
        s
        for s in case.failed
        if (s.aimed.aim in (Aim.VIP, Aim.HOST, Aim.NODE_PORT, Aim.LOAD_BALANCER) and s.aimed.route in routes)
        or (s.aimed.aim in names and s.outcome is Outcome.UNRESOLVABLE)
    )
