"""The way through an Ingress hop by hop."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from netdoctor.diagnosis.case import Case
from netdoctor.diagnosis.seen_hop import seen_hop
from netdoctor.model.report import Hop
from netdoctor.path.ingress.way import Ask, IngressWay
from netdoctor.probing.aims import Aim


def ingress_hops(case: Case, way: IngressWay, of_part: Callable[[Case], Iterator[Hop]]) -> Iterator[Hop]:
    """Class, controller, rules, backends; `of_part` gives the hops of an ordinary way."""
    yield _class_hop(way)
    parts = case.parts
    for hop in of_part(parts[0]) if parts else ():
        yield _named("Controller", hop)
    for number, ask in enumerate(way.asks):
        seen = [s for s in case.of(Aim.RULE) if s.aimed.ask == number]
        statuses = ", ".join(dict.fromkeys(_status(s.status, own=s.own) for s in seen if s.status))
        shown = [s for s in case.of(Aim.CERTIFICATE) if s.aimed.ask == number]
        if shown:
            yield seen_hop(f"Certificate for {ask.host}", f"from Secret {_secret(ask)}", shown)
        hop = seen_hop(f"Rule {ask.label}", _leads_to(ask), seen)
        yield msgspec.structs.replace(hop, seen=statuses) if statuses else hop
    for part in parts[1:]:
        service = part.path.target.service
        for hop in of_part(part):
            yield _named(f"Service {service.name}" if service else "Backend", hop)


def _named(prefix: str, hop: Hop) -> Hop:
    return msgspec.structs.replace(hop, name=f"{prefix}: {hop.name}")


def _class_hop(way: IngressWay) -> Hop:
    chosen = way.chosen
    expected = f"a controller for class {chosen.name}" if chosen.name else "a default class"
    if way.served and way.controller is not None:
        return Hop(str(way.ingress.ref), expected, way.controller.label, ok=True)
    known = chosen.found is not None
    return Hop(str(way.ingress.ref), expected, "no controller known here" if known else "no such class", ok=None)


def _status(status: int | None, *, own: bool) -> str:
    return f"{status}, the application's own" if own else str(status)


def _leads_to(ask: Ask) -> str:
    if ask.rule is None:
        return "no rule takes it"
    service = ask.rule.backend.service
    to = f"Service {service.name}, port {service.port.label}" if service else "a resource"
    return f"{ask.rule.path_type}, leads to {to}"


def _secret(ask: Ask) -> str:
    return (ask.tls.secret_name if ask.tls else "") or "of the controller's own choice"
