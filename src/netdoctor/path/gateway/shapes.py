"""What Gateways, HTTPRoutes and ReferenceGrants say, as types.

Shapes and defaults follow the reference of the Gateway API (v1.4, the same since v1beta1); unknown fields are skipped,
and null is a field that is not there.
"""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from netdoctor.cluster.nulls import without_nulls
from netdoctor.cluster.objects import Condition, Gateway, GatewayClass, HTTPRoute, LabelSelector, ReferenceGrant
from netdoctor.model.errors import InputError

GROUP = "gateway.networking.k8s.io"


class _Shape(msgspec.Struct, frozen=True, rename="camel"):
    """A part of one of the objects."""


class RouteNamespaces(_Shape, frozen=True):
    """allowedRoutes.namespaces: `from` is All, Same, Selector or None."""

    from_: str = msgspec.field(default="Same", name="from")
    selector: LabelSelector | None = None


class RouteGroupKind(_Shape, frozen=True):
    """allowedRoutes.kinds[]."""

    kind: str = ""
    group: str = GROUP


class AllowedRoutes(_Shape, frozen=True):
    """allowedRoutes of a listener; no `kinds` means those that its protocol can have."""

    namespaces: RouteNamespaces = RouteNamespaces()
    kinds: tuple[RouteGroupKind, ...] = ()


class ObjectReference(_Shape, frozen=True):
    """certificateRefs[] of a listener; no `namespace` means that of the Gateway."""

    name: str = ""
    namespace: str = ""
    kind: str = "Secret"
    group: str = ""


class ListenerTLS(_Shape, frozen=True):
    """tls of a listener: `mode` is Terminate or Passthrough."""

    mode: str = "Terminate"
    certificate_refs: tuple[ObjectReference, ...] = ()


class Listener(_Shape, frozen=True):
    """spec.listeners[]; no `hostname` means all."""

    name: str = ""
    hostname: str = ""
    port: int = 0
    protocol: str = ""
    allowed_routes: AllowedRoutes = AllowedRoutes()
    tls: ListenerTLS | None = None


class GatewaySpec(_Shape, frozen=True):
    """spec of a Gateway."""

    gateway_class_name: str = ""
    listeners: tuple[Listener, ...] = ()


class ParentRef(_Shape, frozen=True):
    """spec.parentRefs[] of a route; no `namespace` means that of the route."""

    name: str = ""
    namespace: str = ""
    section_name: str = ""
    port: int | None = None
    kind: str = "Gateway"
    group: str = GROUP


class BackendRef(_Shape, frozen=True):
    """backendRefs[] of a rule; no `namespace` means that of the route."""

    name: str = ""
    namespace: str = ""
    port: int | None = None
    kind: str = "Service"
    group: str = ""
    weight: int = 1


class PathMatch(_Shape, frozen=True):
    """path of a match: `type` is Exact, PathPrefix or RegularExpression."""

    type: str = "PathPrefix"
    value: str = "/"


class NameMatch(_Shape, frozen=True):
    """headers[] and queryParams[] of a match."""

    name: str = ""


class RouteMatch(_Shape, frozen=True):
    """matches[] of a rule; no `method` means all."""

    path: PathMatch = PathMatch()
    headers: tuple[NameMatch, ...] = ()
    query_params: tuple[NameMatch, ...] = ()
    method: str = ""


class PathModifier(_Shape, frozen=True):
    """path of a urlRewrite: `type` is ReplaceFullPath or ReplacePrefixMatch."""

    type: str = ""
    replace_full_path: str = ""
    replace_prefix_match: str = ""


class URLRewrite(_Shape, frozen=True):
    """urlRewrite of a filter."""

    hostname: str = ""
    path: PathModifier | None = None


class RouteFilter(_Shape, frozen=True):
    """filters[] of a rule, of which only what changes the request's host and path matters here."""

    type: str = ""
    url_rewrite: URLRewrite | None = None


class RouteRule(_Shape, frozen=True):
    """spec.rules[] of an HTTPRoute; no `matches` means all requests."""

    matches: tuple[RouteMatch, ...] = ()
    filters: tuple[RouteFilter, ...] = ()
    backend_refs: tuple[BackendRef, ...] = ()


class HTTPRouteSpec(_Shape, frozen=True):
    """spec of an HTTPRoute; no `hostnames` means those of the listener."""

    parent_refs: tuple[ParentRef, ...] = ()
    hostnames: tuple[str, ...] = ()
    rules: tuple[RouteRule, ...] = ()


class GrantFrom(_Shape, frozen=True):
    """spec.from[] of a ReferenceGrant."""

    group: str = ""
    kind: str = ""
    namespace: str = ""


class GrantTo(_Shape, frozen=True):
    """spec.to[] of a ReferenceGrant; no `name` means all of the kind."""

    group: str = ""
    kind: str = ""
    name: str = ""


class GrantSpec(_Shape, frozen=True):
    """spec of a ReferenceGrant."""

    from_: tuple[GrantFrom, ...] = msgspec.field(default=(), name="from")
    to: tuple[GrantTo, ...] = ()


class RouteParentStatus(_Shape, frozen=True):
    """status.parents[]: what one controller says of one parentRef."""

    parent_ref: ParentRef = ParentRef()
    controller_name: str = ""
    conditions: tuple[Condition, ...] = ()


class RouteStatus(_Shape, frozen=True):
    """status of a route."""

    parents: tuple[RouteParentStatus, ...] = ()


class GatewayAddress(_Shape, frozen=True):
    """status.addresses[] of a Gateway: `type` is IPAddress, Hostname, or a controller's own."""

    type: str = "IPAddress"
    value: str = ""


class ListenerStatus(_Shape, frozen=True):
    """status.listeners[] of a Gateway."""

    name: str = ""
    conditions: tuple[Condition, ...] = ()


class GatewayClassStatus(_Shape, frozen=True):
    """status of a GatewayClass."""

    conditions: tuple[Condition, ...] = ()


class GatewayStatus(_Shape, frozen=True):
    """status of a Gateway."""

    addresses: tuple[GatewayAddress, ...] = ()
    conditions: tuple[Condition, ...] = ()
    listeners: tuple[ListenerStatus, ...] = ()


_T = TypeVar("_T", bound=msgspec.Struct)


def spec_of_gateway(gateway: Gateway) -> GatewaySpec:
    """The spec of a Gateway. Raises InputError: no API server would accept it."""
    return _read(gateway, gateway.spec, GatewaySpec)


def spec_of_route(route: HTTPRoute) -> HTTPRouteSpec:
    """The spec of an HTTPRoute. Raises InputError: no API server would accept it."""
    return _read(route, route.spec, HTTPRouteSpec)


def spec_of_grant(grant: ReferenceGrant) -> GrantSpec:
    """The spec of a ReferenceGrant. Raises InputError: no API server would accept it."""
    return _read(grant, grant.spec, GrantSpec)


def status_of_route(route: HTTPRoute) -> RouteStatus:
    """What controllers say of a route. Raises InputError: no API server would accept it."""
    return _read(route, route.status, RouteStatus)


def status_of_class(one: GatewayClass) -> GatewayClassStatus:
    """What its controller says of a GatewayClass. Raises InputError: no API server would accept it."""
    return _read(one, one.status, GatewayClassStatus)


def status_of_gateway(gateway: Gateway) -> GatewayStatus:
    """What its controller says of a Gateway. Raises InputError: no API server would accept it."""
    return _read(gateway, gateway.status, GatewayStatus)


def _read(read: GatewayClass | Gateway | HTTPRoute | ReferenceGrant, part: dict[str, Any], shape: type[_T]) -> _T:
    try:
        return msgspec.convert(without_nulls(part, shape), shape)
    except msgspec.ValidationError as error:
        raise InputError(f"{read.ref}: {error}") from error
