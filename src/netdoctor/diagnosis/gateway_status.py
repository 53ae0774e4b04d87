"""What controllers say of Gateways and routes in their status, as evidence."""

from __future__ import annotations

from collections.abc import Iterator

from netdoctor.cluster.objects import Condition, Gateway, HTTPRoute
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.model.refs import ObjectRef
from netdoctor.model.report import Evidence
from netdoctor.path.gateway.shapes import spec_of_gateway, status_of_gateway, status_of_route


def told(ref: ObjectRef, one: Condition) -> Evidence:
    """`Accepted is False: NotAllowedByListeners: …`."""
    return Evidence(
        str(ref), ": ".join(text for text in (f"{one.type} is {one.status}", one.reason, one.message) if text)
    )


def said_of_route(snapshot: Snapshot, ref: ObjectRef, kind: str) -> Iterator[Evidence]:
    """The conditions of a type in a route's status, of each parent."""
    route = snapshot.find(ref)
    for parent in status_of_route(route).parents if isinstance(route, HTTPRoute) else ():
        yield from (told(ref.at("status.parents"), one) for one in parent.conditions if one.type == kind)


def said_of_listener(gateway: Gateway, field: ObjectRef, kind: str) -> Iterator[Evidence]:
    """The conditions of a type in the status of the listener in whose spec `field` is."""
    listeners = spec_of_gateway(gateway).listeners
    names = {one.name for number, one in enumerate(listeners) if field.path.startswith(f"spec.listeners[{number}].")}
    for number, one in enumerate(status_of_gateway(gateway).listeners):
        if one.name in names:
            ref = gateway.ref.at(f"status.listeners[{number}]")
            yield from (told(ref, said) for said in one.conditions if said.type == kind)
