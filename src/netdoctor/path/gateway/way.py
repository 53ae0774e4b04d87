"""The way of requests through a Gateway: what carries it out, what to ask it for, and the backends behind it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from netdoctor.cluster.objects import Gateway, HTTPRoute
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.model.refs import ObjectRef
from netdoctor.path.gateway.attachment import Attachment, attachments
from netdoctor.path.gateway.backends import RouteBackend, route_backends
from netdoctor.path.gateway.certificates import secrets_of
from netdoctor.path.gateway.proxies import GatewayProxy, proxy_of
from netdoctor.path.gateway.rules import RuleMatch, best, example, matches_of
from netdoctor.path.gateway.shapes import Listener, spec_of_gateway
from netdoctor.path.way import MAX_RULES, Ask

_OTHER = "no request is known here that it, and no other rule, takes"


@dataclass(frozen=True, slots=True)
class RouteAsk(Ask):
    """A request with the match that takes it, the backends of its rule, and the listener that it goes to."""

    match: RuleMatch | None = None
    named: tuple[RouteBackend, ...] = ()
    listener: Listener | None = None

    @property
    def invalid(self) -> bool:
        """Whether a backend of its rule is; or none is named, and no filter answers instead of one."""
        if self.match is not None and not self.named:
            return not self.match.rule.filters
        return any(one.problem and one.asked.weight for one in self.named)

    @property
    def expected(self) -> str:
        """`PathPrefix, leads to Service web, port 80; filters URLRewrite`."""
        if self.match is None:
            return "no rule takes it"
        to = ", ".join(one.label for one in self.named) or "no backend"
        filters = ", ".join(one.type for one in self.match.rule.filters)
        return f"{self.match.match.path.type}, leads to {to}{f'; filters {filters}' if filters else ''}"

    @property
    def certificate(self) -> str:
        """The Secrets' names."""
        refs = self.listener.tls.certificate_refs if self.listener and self.listener.tls else ()
        return " or ".join(one.name for one in refs) or "of the Gateway's own choice"


@dataclass(frozen=True, slots=True)
class GatewayWay:
    """Everything between clients and the backends of a Gateway's routes, as far as they are asked about.

    Attributes:
        ref: the route, or the Gateway.
        gateway: that takes the requests.
        proxy: what carries it out; None where that is not known.
        asks: at most 16.
        backends: each port of a Service once.
        named: every backendRef of the route, of the rule that takes a URL, or of all routes.
        left_out: how many more requests there would be.
        unasked: what is not asked for, and why not.

    The properties are those of `netdoctor.path.way.Way`.
    """

    ref: ObjectRef
    gateway: Gateway
    proxy: GatewayProxy | None
    asks: tuple[RouteAsk, ...]
    backends: tuple[RouteBackend, ...]
    named: tuple[RouteBackend, ...]
    left_out: int = 0
    unasked: tuple[tuple[str, str], ...] = ()

    @property
    def proxy_name(self) -> str:
        """The Gateway."""
        return str(self.gateway.ref)

    @property
    def unknown(self) -> str:
        """Why nothing is asked of the Gateway."""
        return "nothing has its label gateway.networking.k8s.io/gateway-name, and it has no IP address in its status"

    @property
    def secrets(self) -> tuple[ObjectRef, ...]:
        """Those that the listeners name."""
        found = (secret for listener in self.listeners for secret in secrets_of(self.gateway, listener))
        return tuple(dict.fromkeys(found))

    @property
    def listeners(self) -> tuple[Listener, ...]:
        """Those that requests go to; of the Gateway itself all."""
        if self.ref == self.gateway.ref:
            return spec_of_gateway(self.gateway).listeners
        return tuple({ask.listener.name: ask.listener for ask in self.asks if ask.listener}.values())

    @property
    def settled(self) -> bool:
        """Whether each rule is asked for in plain HTTP, and has a backend."""
        plain = all(not ask.secured and ask.backends for ask in self.asks)
        return bool(self.asks) and plain and not (self.left_out or self.unasked)

    @property
    def speaks_tls(self) -> bool:
        """No: what a BackendTLSPolicy says is not known here."""
        return False

    def port_of(self, ask: Ask) -> int | None:
        """The listener's, which the Service has too (GEP-1762)."""
        return ask.listener.port if isinstance(ask, RouteAsk) and ask.listener else None

    @property
    def ports(self) -> frozenset[int]:
        """Those of the listeners."""
        return frozenset(one.port for one in self.listeners or spec_of_gateway(self.gateway).listeners)


def way_of_route(snapshot: Snapshot, route: HTTPRoute, attached: Sequence[Attachment]) -> GatewayWay | None:
    """The way for `httproute/NAME`: each of its rules is asked for, of the first Gateway that can be asked.

    None where no Gateway surely takes the route. Raises InputError.
    """
    taking = {one.gateway.ref: one.gateway for one in attached if one.taken and one.gateway}
    gateways = sorted(taking.values(), key=lambda one: proxy_of(snapshot, one) is None)
    if not gateways:
        return None
    chosen = gateways[0]
    own = list(_matches(route, attached, chosen))
    others = [(f"requests through {one.ref}", f"one Gateway is asked, {chosen.ref}") for one in gateways[1:]]
    return _way(snapshot, route.ref, chosen, own, others)


def way_of_gateway(snapshot: Snapshot, gateway: Gateway) -> GatewayWay:
    """The way for `gateway/NAME`: each rule of the routes that it takes is asked for. Raises InputError."""
    return _way(snapshot, gateway.ref, gateway, list(matches_of_gateway(snapshot, gateway)), ())


def way_of_route_url(snapshot: Snapshot, url: tuple[str, str, int, str]) -> GatewayWay | None:
    """The way for a URL (scheme, host, port, path) that a route of some Gateway takes by its hostname.

    None where there is none; a route and a listener for all hosts say nothing about one. Raises InputError.
    """
    scheme, host, port, path = url
    for gateway in snapshot.gateways:
        matches = [
            one
            for one in matches_of_gateway(snapshot, gateway)
            if one.host and one.listener.port == port and _secured(one.listener) == (scheme == "https")
        ]
        found = best(matches, host, path)
        if found is not None:
            backends = route_backends(snapshot, found.route)
            ask, parts = _asked(found, (host, path), backends, [])
            return GatewayWay(found.route.ref, gateway, proxy_of(snapshot, gateway), (ask,), tuple(parts), ask.named)
    return None


def _way(
    snapshot: Snapshot,
    ref: ObjectRef,
    gateway: Gateway,
    own: Sequence[RuleMatch],
    others: Iterable[tuple[str, str]],
) -> GatewayWay:
    """Backends are parts whether a request is known that leads to them or not."""
    every = list(matches_of_gateway(snapshot, gateway))
    named = {route.ref: route_backends(snapshot, route) for route in {one.route.ref: one.route for one in own}.values()}
    parts: list[RouteBackend] = []
    asks: list[RouteAsk] = []
    unasked = [*others]
    for one in own[:MAX_RULES]:
        because = _unaskable(one, every)
        ask, parts = _asked(one, example(one), named[one.route.ref], parts)
        if because:
            unasked.append((f"{one.ref}: {one.label}", because))
        else:
            asks.append(ask)
    unasked += [(str(one.field), one.unknown) for backends in named.values() for one in backends if one.unknown]
    return GatewayWay(
        ref,
        gateway,
        proxy_of(snapshot, gateway),
        tuple(asks),
        tuple(parts),
        tuple(one for backends in named.values() for one in backends),
        max(0, len(own) - MAX_RULES),
        tuple(dict.fromkeys(unasked)),
    )


def _unaskable(one: RuleMatch, every: Sequence[RuleMatch]) -> str:
    """Why no request is sent that a match takes; empty where one is."""
    if one.beyond:
        return one.beyond
    same_port = [other for other in every if other.listener.port == one.listener.port]
    found = best(same_port, *example(one))
    return "" if found is not None and (found.ref, found.index) == (one.ref, one.index) else _OTHER


def _asked(
    one: RuleMatch, request: tuple[str, str], backends: Sequence[RouteBackend], parts: Sequence[RouteBackend]
) -> tuple[RouteAsk, list[RouteBackend]]:
    """The request, and the parts with those that it leads to besides."""
    host, path = request
    named = tuple(backend for backend in backends if backend.rule == one.number)
    known = [*parts]
    leading = []
    for backend in named:
        if backend.exists:
            number = next((n for n, part in enumerate(known) if _same(part, backend)), len(known))
            known += [backend] if number == len(known) else []
            leading.append(number)
    behind = one.asked_of_backend(path)
    numbers = tuple(dict.fromkeys(leading))
    return RouteAsk(host, path, numbers, behind, _secured(one.listener), one, named, one.listener), known


def _same(one: RouteBackend, other: RouteBackend) -> bool:
    return (one.backend, one.number) == (other.backend, other.number)


def _secured(listener: Listener) -> bool:
    return listener.protocol in ("HTTPS", "TLS")


def _matches(route: HTTPRoute, attached: Iterable[Attachment], gateway: Gateway) -> Iterator[RuleMatch]:
    """Those of a route under a Gateway, each once."""
    listeners = {one.name: one for one in spec_of_gateway(gateway).listeners}
    taken: dict[str, tuple[str, ...]] = {}
    for one in attached:
        if one.gateway is not None and one.gateway.ref == gateway.ref:
            for each in one.taken:
                taken[each.listener] = tuple(dict.fromkeys((*taken.get(each.listener, ()), *each.hostnames)))
    return matches_of(route, [(listeners[name], hostnames) for name, hostnames in taken.items()])


def matches_of_gateway(snapshot: Snapshot, gateway: Gateway) -> Iterator[RuleMatch]:
    """Those of all routes that a Gateway takes. Raises InputError."""
    for route in snapshot.http_routes:
        yield from _matches(route, attachments(snapshot, route), gateway)
