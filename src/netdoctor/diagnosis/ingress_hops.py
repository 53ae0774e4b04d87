"""The way through an Ingress or a Gateway hop by hop."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from netdoctor.diagnosis.case import Case
from netdoctor.diagnosis.seen_hop import seen_hop
from netdoctor.model.report import Hop
from netdoctor.path.gateway.way import GatewayWay
from netdoctor.path.ingress.way import IngressWay
from netdoctor.path.way import Way
from netdoctor.probing.aims import Aim


def ingress_hops(case: Case, way: Way, of_part: Callable[[Case], Iterator[Hop]]) -> Iterator[Hop]:
    """What it is, proxy, rules, backends; `of_part` gives the hops of an ordinary way."""
    if isinstance(way, IngressWay):
        yield _class_hop(way)
    if isinstance(way, GatewayWay):
        yield _gateway_hop(way)
    parts = case.parts
    for hop in of_part(parts[0]) if parts else ():
        yield _named("Controller" if isinstance(way, IngressWay) else "Gateway", hop)
    for number, ask in enumerate(way.asks):
        seen = [s for s in case.of(Aim.RULE) if s.aimed.ask == number]
        statuses = ", ".join(dict.fromkeys(_status(s.status, own=s.own) for s in seen if s.status))
        shown = [s for s in case.of(Aim.CERTIFICATE) if s.aimed.ask == number]
        if shown:
            yield seen_hop(f"Certificate for {ask.host}", f"from Secret {ask.certificate}", shown)
        hop = seen_hop(f"Rule {ask.label}", ask.expected, seen)
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


def _gateway_hop(way: GatewayWay) -> Hop:
    listeners = dict.fromkeys(ask.listener.name for ask in way.asks if ask.listener)
    expected = f"{way.gateway.ref}, listener {', '.join(listeners)}" if listeners else str(way.gateway.ref)
    if way.proxy is None:
        return Hop(str(way.ref), expected, "neither pods nor an address of it are known", ok=None)
    return Hop(str(way.ref), expected, way.proxy.label, ok=True)
