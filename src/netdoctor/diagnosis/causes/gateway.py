"""Causes in routes of the Gateway API."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import ClassVar

from netdoctor.cluster.objects import Condition
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.diagnosis.case import Case
from netdoctor.diagnosis.cause import Found, RuledOut, certainty
from netdoctor.diagnosis.gateway_status import told
from netdoctor.diagnosis.ingress_cause import WayCause
from netdoctor.diagnosis.kubectl import json_patch, kubectl
from netdoctor.model.refs import ObjectRef
from netdoctor.model.report import Evidence, Finding, Fix
from netdoctor.path.gateway.attachment import Attachment, Refusal, Why
from netdoctor.path.gateway.shapes import spec_of_gateway
from netdoctor.probing.aims import Aim

_NAMED = 3  # names suggested


class RouteNotAttached(WayCause):
    """The HTTPRoute is not attached to a Gateway that it names.

    What it means: no listener of the Gateway takes the route. There is no such Gateway; or it has no listener of the
    name or port in the parentRef; or each listener refuses the route for its namespace (allowedRoutes.namespaces, by
    default that of the Gateway alone), for its kind, or because both have no hostname in common.

    Why it breaks: a Gateway knows nothing of routes that are not attached. Requests get its own 404, or another route.

    How it is seen: the condition Accepted in the route's status is False, with a reason such as NoMatchingParent,
    NotAllowedByListeners or NoMatchingListenerHostname; or no controller wrote any.

    Trap: a route is attached if one listener takes it, whatever others say; a wildcard hostname stands for one label
    or more, unlike in an Ingress; and a controller that has accepted the route knows better than its objects.

    Fix: correct the parentRef, or let the listener take routes from the namespace.

    References: Gateway API reference, ParentReference, AllowedRoutes, RouteNamespaces, Listener.
    """

    code: ClassVar[str] = "RouteNotAttached"
    title: ClassVar[str] = "the HTTPRoute is not attached to its Gateway"
    would_change: ClassVar[str] = "a listener of the Gateway that takes the route, or the condition Accepted"

    def examine(self, case: Case) -> Found | RuledOut | None:
        """Found where a parent surely does not take the route; a warning where another parent does.

        What a controller says counts against what the objects say, unless a request gets through.
        """
        every = case.path.target.attachments
        heard = case.path.target.way is not None and any(s.ok for s in case.of(Aim.RULE))
        refused = [one for one in every if one.attached is False or (one.attached and _rejected(one) and not heard)]
        if not refused:
            return self.ruled_out("a listener of each parent takes the route") if _all_taken(every) else None
        detached = [one for one in refused if not _accepted(one)]
        if not detached:
            return self.ruled_out("a controller has accepted the route all the same")
        elsewhere = any(one not in detached for one in every)
        return Found(self._finding(case, detached), warning=elsewhere)

    def _finding(self, case: Case, detached: list[Attachment]) -> Finding:
        ref = case.path.target.ref
        by_objects = [one for one in detached if not one.attached]
        refusals = [refusal for one in by_objects for refusal in one.refusals]
        first = detached[0]
        gateway = f"Gateway {first.parent.namespace or ref.namespace}/{first.parent.name}"
        said = [(one, condition) for one in detached for condition in one.conditions]
        return Finding(
            code=self.code,
            title=f"{ref} is not attached to {gateway}: {_because(first)}",
            certainty=certainty(()),
            objects=tuple(dict.fromkeys(field for one in detached for field in _fields(one))),
            explanation=(
                "".join(f"{refusal.field}: {refusal.why}. " for refusal in refusals)
                + "".join(f"{one.field}: {_because(one)}. " for one in detached if one.attached)
                + "What no listener takes, the Gateway does not know: requests get its own 404, or another route."
            ),
            evidence=(
                *(Evidence(str(refusal.field), str(refusal.why)) for refusal in refusals),
                *(told(one.field, condition) for one, condition in said),
            ),
            fixes=tuple(fix for one in by_objects for refusal in one.refusals for fix in _fixes(case, one, refusal)),
        )


def _rejected(one: Attachment) -> Condition | None:
    """What its controller says of a parent that it does not accept the route for, and no other controller accepts."""
    said = (said for said in one.conditions if (said.type, said.status) == ("Accepted", "False"))
    return None if _accepted(one) else next(said, None)


def _because(one: Attachment) -> str:
    """Why a parent has not the route, as a clause."""
    said = _rejected(one) if one.attached else None
    return f"its controller says {said.reason}" if said else str(one.refusals[0].why)


def _fields(one: Attachment) -> tuple[ObjectRef, ...]:
    return (one.field,) if one.attached else tuple(refusal.field for refusal in one.refusals)


def _accepted(one: Attachment) -> bool:
    return any((said.type, said.status) == ("Accepted", "True") for said in one.conditions)


def _all_taken(every: tuple[Attachment, ...]) -> bool:
    return bool(every) and all(one.attached for one in every)


def _fixes(case: Case, one: Attachment, refusal: Refusal) -> Iterator[Fix]:
    route, pointer = one.field.object, "/" + one.field.path.replace("[", "/").replace("]", "").replace(".", "/")
    if refusal.why is Why.NO_GATEWAY:
        yield from _other_gateways(case.snapshot, one, pointer)
    elif refusal.why is Why.NO_LISTENER and one.gateway is not None and one.parent.section_name:
        names = [listener.name for listener in spec_of_gateway(one.gateway).listeners]
        for name in get_close_matches(one.parent.section_name, names, _NAMED, 0.5) or names[:_NAMED]:
            change = {"op": "replace", "path": f"{pointer}/sectionName", "value": name}
            yield json_patch(f"attach it to listener {name}", route, change)
    else:
        yield Fix("look at both", kubectl("edit", refusal.field.object))


def _other_gateways(snapshot: Snapshot, one: Attachment, pointer: str) -> Iterator[Fix]:
    """The Gateway of that name elsewhere, or one of a similar name."""
    route = one.field.object
    own = one.parent.namespace or route.namespace
    for gateway in [gateway for gateway in snapshot.gateways if gateway.name == one.parent.name][:_NAMED]:
        change = {"op": "add", "path": f"{pointer}/namespace", "value": gateway.namespace}
        yield json_patch(f"name {gateway.ref}", route, change)
    names = [gateway.name for gateway in snapshot.gateways if gateway.namespace == own]
    for name in get_close_matches(one.parent.name, names, _NAMED, 0.5):
        change = {"op": "replace", "path": f"{pointer}/name", "value": name}
        yield json_patch(f"name Gateway {own}/{name}", route, change)
