"""What controllers say of Gateways and routes in their status, as evidence."""

from __future__ import annotations

from collections.abc import Iterator

from netdoctor.cluster.objects import Condition, HTTPRoute
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.model.refs import ObjectRef
from netdoctor.model.report import Evidence
from netdoctor.path.gateway.shapes import status_of_route


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
