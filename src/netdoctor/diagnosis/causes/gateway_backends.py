"""Causes in what the rules of an HTTPRoute lead to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import ClassVar

from netdoctor.diagnosis.case import Case, Seen
from netdoctor.diagnosis.cause import Found, RuledOut, certainty, ids, probe_evidence
from netdoctor.diagnosis.gateway_status import said_of_route
from netdoctor.diagnosis.grants import grant
from netdoctor.diagnosis.ingress_cause import WayCause, rule_answers
from netdoctor.diagnosis.kubectl import json_patch
from netdoctor.model.report import Evidence, Finding, Fix
from netdoctor.path.gateway.backends import RouteBackend, Unresolved
from netdoctor.path.gateway.way import GatewayWay

_NAMED = 3  # names suggested


class RouteBackendUnresolved(WayCause):
    """A rule of an HTTPRoute leads to a backend that does not exist, or that the route may not name.

    What it means: a backendRef names a Service that its namespace does not have, or a port that the Service does not
    have (its `port`, not its targetPort); or a Service of another namespace, in which no ReferenceGrant lets HTTPRoutes
    of the route's namespace name it.

    Why it breaks: the Gateway answers 500 for that share of the rule's requests which the backend's weight has; for
    all, where there is no other backend.

    How it is seen: 500 from the Gateway itself; the route's condition ResolvedRefs is False, with reason
    BackendNotFound or RefNotPermitted.

    Trap: a ReferenceGrant has to be in the namespace of the Service, not of the route, and lets the route name the
    Service, whatever policies say. A backend of weight 0 gets no requests: a warning. A Service that exists and has no
    endpoints is what its own cause says. The application's own 500.

    Fix: name a Service and a port that exist, or create the ReferenceGrant.

    References: Gateway API reference, HTTPRouteRule.backendRefs, BackendObjectReference, ReferenceGrant.
    """

    code: ClassVar[str] = "RouteBackendUnresolved"
    title: ClassVar[str] = "an HTTPRoute leads to a backend that does not exist, or that it may not name"
    would_change: ClassVar[str] = "that Service with that port, and a ReferenceGrant where it is in another namespace"

    def examine(self, case: Case) -> Found | RuledOut | None:
        """Found where Services and grants were read; a warning where no request is meant for the backend."""
        way = case.path.target.gateway
        if way is None or not way.named:
            return None
        missing = [one for one in way.named if one.problem]
        carrying = [one for one in missing if one.asked.weight > 0]
        if not missing:
            known = all(not one.unknown for one in way.named)
            return self.ruled_out(f"backends that resolve: {len(way.named)}") if known else None
        return self._found(case, way, carrying or missing, warning=not carrying)

    def _found(self, case: Case, way: GatewayWay, missing: Sequence[RouteBackend], *, warning: bool) -> Found:
        asks = [ask for ask in way.asks if any(one in ask.named for one in missing)]
        failed: list[Seen] = [s for s in rule_answers(case, asks) if s in case.failed]
        routes = dict.fromkeys(one.field.object for one in missing)
        because = " ".join(dict.fromkeys(_why(one) for one in missing))
        share = "would get none of the requests" if warning else "The Gateway answers 500 for its share of the requests"
        finding = Finding(
            code=self.code,
            title=f"{missing[0].field.object} leads to {missing[0].backend}: {missing[0].problem}",
            certainty=certainty(failed),
            objects=tuple(dict.fromkeys(one.field for one in missing)),
            explanation=f"{because} {'With weight 0 it ' if warning else ''}{share}.",
            evidence=(
                *(Evidence(str(one.field), _why(one)) for one in missing),
                *(told for route in routes for told in said_of_route(case.snapshot, route, "ResolvedRefs")),
                *probe_evidence(failed),
            ),
            fixes=tuple(fix for one in missing for fix in _corrections(case, one))[:_NAMED],
        )
        return Found(finding, ids(failed), warning=warning)


def _why(one: RouteBackend) -> str:
    if one.problem is Unresolved.NO_SERVICE:
        return f"Namespace {one.backend.namespace} has no Service {one.backend.name}."
    if one.problem is Unresolved.NO_PORT and one.service is not None:
        ports = ", ".join(str(port.port) for port in one.service.spec.ports)
        if one.asked.port is None:
            return f"The reference to {one.backend} names no port, and a Service needs one; it has {ports or 'none'}."
        return f"{one.backend} has no port {one.asked.port}, but {ports or 'none'}."
    own, other = one.field.namespace, one.backend.namespace
    return f"No ReferenceGrant in namespace {other} lets HTTPRoutes of namespace {own} name {one.backend}."


def _corrections(case: Case, one: RouteBackend) -> Iterator[Fix]:
    route, pointer = one.field.object, "/" + one.field.path.replace("[", "/").replace("]", "").replace(".", "/")
    if one.problem is Unresolved.NOT_PERMITTED:
        yield grant(one.field, one.backend)
    elif one.problem is Unresolved.NO_PORT and one.service is not None:
        for port in one.service.spec.ports[:1]:
            change = {"op": "add", "path": f"{pointer}/port", "value": port.port}
            yield json_patch(f"use port {port.port} of it", route, change)
    else:
        names = [s.name for s in case.snapshot.services if s.namespace == one.backend.namespace]
        for name in get_close_matches(one.backend.name, names, _NAMED, 0.5):
            change = {"op": "replace", "path": f"{pointer}/name", "value": name}
            yield json_patch(f"lead it to Service {name}", route, change)
