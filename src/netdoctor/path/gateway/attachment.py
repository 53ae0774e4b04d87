"""Whether an HTTPRoute is attached to its parents, and why not.

What a controller would decide is derived from the objects; what it said is kept beside that, as evidence. Rules:
Gateway API reference, ParentReference, AllowedRoutes, RouteNamespaces and Listener.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from netdoctor.cluster.objects import Condition, Gateway, HTTPRoute, LabelSelector
from netdoctor.cluster.selectors import matches
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.model.refs import ObjectRef
from netdoctor.path.gateway.hostnames import served
from netdoctor.path.gateway.shapes import (
    GROUP,
    AllowedRoutes,
    Listener,
    ParentRef,
    spec_of_gateway,
    spec_of_route,
    status_of_route,
)

_NAMESPACE_NAME = "kubernetes.io/metadata.name"
_WITHOUT_HTTP = frozenset({"TLS", "TCP", "UDP"})  # protocols whose listeners can have no HTTPRoute
_WITH_HTTP = frozenset({"HTTP", "HTTPS"})


class Why(StrEnum):
    """Why a route is not attached; the words are those for users, and the names like the reasons of conditions."""

    NO_GATEWAY = "there is no such Gateway"
    NO_LISTENER = "the Gateway has no such listener"
    NAMESPACE = "the listener takes no routes from the route's namespace"
    KIND = "the listener takes no HTTPRoutes"
    HOSTNAME = "the route and the listener have no hostname in common"


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason; `field` is that of the Gateway, or of the route, which would have to be another."""

    why: Why
    field: ObjectRef


@dataclass(frozen=True, slots=True)
class Taken:
    """A listener that takes the route, and the hostnames for which it does; ("",) is all."""

    listener: str
    hostnames: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Attachment:
    """What is between a route and one of its parents.

    Attributes:
        field: the parentRef.
        gateway: None where there is none, or where it is not known.
        taken: the listeners that take the route.
        refusals: one of each other listener that the parentRef means; or one of all.
        unknown: why it cannot be told whether one more would take it; empty where it can.
        conditions: what controllers say of the parentRef, in the order of the status.
    """

    field: ObjectRef
    parent: ParentRef
    gateway: Gateway | None = None
    taken: tuple[Taken, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    unknown: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()

    @property
    def attached(self) -> bool | None:
        """Whether at least one listener takes the route, which is enough; None where that is not known."""
        return True if self.taken else None if self.unknown else False


def attachments(snapshot: Snapshot, route: HTTPRoute) -> tuple[Attachment, ...]:
    """One for each parentRef, in their order. Raises InputError where an object is none that could be stored."""
    return tuple(_attachment(snapshot, route, *numbered) for numbered in enumerate(spec_of_route(route).parent_refs))


def _attachment(snapshot: Snapshot, route: HTTPRoute, number: int, parent: ParentRef) -> Attachment:
    field, said = route.ref.at(f"spec.parentRefs[{number}]"), tuple(_said(route, parent))
    if (parent.group, parent.kind) != (GROUP, "Gateway"):
        unknown = f"a parent of kind {parent.kind} is not understood"
        return Attachment(field, parent, unknown=(unknown,), conditions=said)
    namespace = parent.namespace or route.namespace
    gateway = snapshot.get("Gateway", namespace, parent.name)
    if not isinstance(gateway, Gateway):
        unread = snapshot.unread_for("Gateway", namespace)
        if unread:
            return Attachment(field, parent, unknown=(unread.because,), conditions=said)
        return Attachment(field, parent, refusals=(Refusal(Why.NO_GATEWAY, field),), conditions=said)
    listeners = spec_of_gateway(gateway).listeners
    answers: list[Taken | Refusal | str] = [
        _answer(snapshot, route, gateway.ref.at(f"spec.listeners[{number}]"), listener)
        for number, listener in enumerate(listeners)
        if _meant(parent, listener)
    ]
    answers = answers or [Refusal(Why.NO_LISTENER, _misnamed(field, parent, gateway, listeners))]
    return Attachment(
        field,
        parent,
        gateway,
        taken=tuple(one for one in answers if isinstance(one, Taken)),
        refusals=tuple(one for one in answers if isinstance(one, Refusal)),
        unknown=tuple(one for one in answers if isinstance(one, str)),
        conditions=said,
    )


def _meant(parent: ParentRef, listener: Listener) -> bool:
    """Both must match where both are given; where neither is, every listener is meant."""
    return parent.section_name in ("", listener.name) and parent.port in (None, listener.port)


def _misnamed(field: ObjectRef, parent: ParentRef, gateway: Gateway, listeners: Sequence[Listener]) -> ObjectRef:
    """The field because of which no listener is meant."""
    if parent.section_name and all(one.name != parent.section_name for one in listeners):
        return field.at(f"{field.path}.sectionName")
    return gateway.ref.at("spec.listeners") if parent.port is None else field.at(f"{field.path}.port")


def _said(route: HTTPRoute, parent: ParentRef) -> Iterator[Condition]:
    for status in status_of_route(route).parents:
        about = status.parent_ref
        if _key(route, about) == _key(route, parent):
            yield from status.conditions


def _key(route: HTTPRoute, parent: ParentRef) -> tuple[str, str, str, str, str, int | None]:
    namespace = parent.namespace or route.namespace
    return parent.group, parent.kind, namespace, parent.name, parent.section_name, parent.port


def _answer(snapshot: Snapshot, route: HTTPRoute, field: ObjectRef, listener: Listener) -> Taken | Refusal | str:
    """What the listener in `field` says to a route; text where that is not known, and why.

    A listener that surely refuses for one reason does so whatever the others are.
    """
    hostnames = served(listener.hostname, spec_of_route(route).hostnames)
    kind = _takes_kind(listener)
    namespace = _takes_namespace(snapshot, listener.allowed_routes, route.namespace, field.namespace)
    if kind is False:
        part = "protocol" if listener.protocol in _WITHOUT_HTTP else "allowedRoutes.kinds"
        return Refusal(Why.KIND, field.at(f"{field.path}.{part}"))
    if namespace is False:
        return Refusal(Why.NAMESPACE, field.at(f"{field.path}.allowedRoutes.namespaces"))
    if not hostnames:
        return Refusal(Why.HOSTNAME, field.at(f"{field.path}.hostname"))
    if kind is None:
        return f"which routes a listener of protocol {listener.protocol!r} takes depends on the controller"
    if namespace is None:
        return f"whether {field} selects namespace {route.namespace} cannot be told"
    return Taken(listener.name, hostnames)


def _takes_kind(listener: Listener) -> bool | None:
    """Whether an HTTPRoute may be attached: its protocol must have such routes, and `kinds` must not leave them out."""
    if listener.protocol in _WITHOUT_HTTP:
        return False
    kinds = listener.allowed_routes.kinds
    if kinds:
        return any((one.group, one.kind) == (GROUP, "HTTPRoute") for one in kinds)
    return True if listener.protocol in _WITH_HTTP else None


def _takes_namespace(snapshot: Snapshot, allowed: AllowedRoutes, namespace: str, own: str) -> bool | None:
    match allowed.namespaces.from_:
        case "All":
            return True
        case "Same" | "":
            return namespace == own
        case "None":
            return False
        case "Selector":
            return _selects(snapshot, allowed.namespaces.selector, namespace)
        case _:
            return None


def _selects(snapshot: Snapshot, selector: LabelSelector | None, namespace: str) -> bool | None:
    """No selector selects nothing. The API server's own label is known of a namespace that is not there, too."""
    keys = {*selector.match_labels, *(one.key for one in selector.match_expressions)} if selector else set()
    if snapshot.get("Namespace", "", namespace) is None and keys - {_NAMESPACE_NAME}:
        return None
    return matches(selector, snapshot.namespace_labels(namespace))
