"""What the rules of an HTTPRoute lead to: whether it exists, and whether the route may name it.

Rules: Gateway API reference, BackendRef and BackendObjectReference.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from netdoctor.cluster.objects import HTTPRoute, Service, ServicePort
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.model.refs import ObjectRef
from netdoctor.path.gateway.grants import granted
from netdoctor.path.gateway.shapes import BackendRef, spec_of_route


class Unresolved(StrEnum):
    """Why a backend cannot be used; the words are those for users."""

    NOT_PERMITTED = "no ReferenceGrant of its namespace lets this route name it"
    NO_SERVICE = "there is no such Service"
    NO_PORT = "the Service has no such port"


@dataclass(frozen=True, slots=True)
class RouteBackend:
    """One backendRef.

    Attributes:
        field: the backendRef.
        rule: the number of its rule.
        backend: the Service that it names, existing or not.
        service: None where there is none, or where it is not known.
        port: of the Service; None too for one of type ExternalName that does not list it.
        problem: None where there is none.
        unknown: why it cannot be told; empty where it can.
    """

    field: ObjectRef
    rule: int
    asked: BackendRef
    backend: ObjectRef
    service: Service | None = None
    port: ServicePort | None = None
    problem: Unresolved | None = None
    unknown: str = ""

    @property
    def number(self) -> int:
        """The port's number; 0 where none is named."""
        return self.asked.port or 0

    @property
    def exists(self) -> bool:
        """Whether requests can be passed on to it, and are."""
        return self.service is not None and self.problem is None and self.asked.weight > 0

    @property
    def label(self) -> str:
        """`Service web, port 80 (weight 9)`, the weight where it is not 1."""
        weight = f" (weight {self.asked.weight})" if self.asked.weight != 1 else ""
        return f"{self.backend.kind} {self.backend.name}, port {self.asked.port or '-'}{weight}"


def route_backends(snapshot: Snapshot, route: HTTPRoute) -> tuple[RouteBackend, ...]:
    """All of a route, those of weight 0 too, which must resolve as well. Raises InputError as `spec_of_route` does."""
    return tuple(
        _backend(snapshot, route, (number, index), asked)
        for number, rule in enumerate(spec_of_route(route).rules)
        for index, asked in enumerate(rule.backend_refs)
    )


def _backend(snapshot: Snapshot, route: HTTPRoute, where: tuple[int, int], asked: BackendRef) -> RouteBackend:
    rule, index = where
    field = route.ref.at(f"spec.rules[{rule}].backendRefs[{index}]")
    ref = ObjectRef(asked.kind, asked.name, asked.namespace or route.namespace)
    if (asked.group, asked.kind) != ("", "Service"):
        return RouteBackend(field, rule, asked, ref, unknown=f"a backend of kind {asked.kind} is not understood")
    if ref.namespace != route.namespace and not granted(snapshot, route.ref, ref):
        unread = snapshot.unread_for("ReferenceGrant", ref.namespace)
        if unread:
            return RouteBackend(field, rule, asked, ref, unknown=unread.because)
        return RouteBackend(field, rule, asked, ref, problem=Unresolved.NOT_PERMITTED)
    service = snapshot.find(ref)
    if not isinstance(service, Service):
        unread = snapshot.unread_for("Service", ref.namespace)
        problem = None if unread else Unresolved.NO_SERVICE
        return RouteBackend(field, rule, asked, ref, problem=problem, unknown=unread.because if unread else "")
    port = next((one for one in service.spec.ports if one.port == asked.port), None)
    external = service.spec.type == "ExternalName" and asked.port is not None
    problem = None if port or external else Unresolved.NO_PORT
    return RouteBackend(field, rule, asked, ref, service, port, problem)
