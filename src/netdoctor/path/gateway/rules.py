"""The rules of HTTPRoutes, and which of them a request takes.

Rules: Gateway API reference, HTTPRouteRule.matches ("Proxy or Load Balancer routing configuration … MUST prioritize"),
HTTPPathMatch, HTTPRouteSpec.hostnames.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from netdoctor.cluster.objects import HTTPRoute
from netdoctor.model.refs import ObjectRef
from netdoctor.path.gateway.hostnames import served
from netdoctor.path.gateway.shapes import Listener, RouteMatch, RouteRule, spec_of_route


@dataclass(frozen=True, slots=True)
class RuleMatch:
    """One match of a rule, under one hostname of a listener that takes the route.

    Attributes:
        route: that it is of.
        listener: that takes it.
        host: in lower case; empty for all, and perhaps with a wildcard.
        number: of the rule.
        index: of the match in the rule; 0 too for a rule without any.
    """

    route: HTTPRoute
    listener: Listener
    host: str
    number: int
    index: int
    rule: RouteRule
    match: RouteMatch

    @property
    def ref(self) -> ObjectRef:
        """The rule in its route."""
        return self.route.ref.at(f"spec.rules[{self.number}]")

    @property
    def label(self) -> str:
        """`shop.example/api (PathPrefix)`."""
        return f"{self.host or '*'}{self.match.path.value} ({self.match.path.type})"

    @property
    def beyond(self) -> str:
        """What a request needs besides its host and path, which a check does not send; empty for nothing."""
        match = self.match
        if match.path.type not in ("Exact", "PathPrefix"):
            return f"its path is of type {match.path.type}"
        if match.headers or match.query_params:
            named = (f"header {one.name}" for one in match.headers)
            return f"it takes requests with {', '.join([*named, *(f'?{q.name}=' for q in match.query_params)])} only"
        return f"it takes {match.method} only" if match.method not in ("", "GET") else ""

    def takes(self, host: str, path: str) -> bool:
        """Whether it takes a plain GET."""
        return not self.beyond and bool(served(self.host, (host,) if host else ())) and self._takes_path(path)

    def _takes_path(self, path: str) -> bool:
        """A prefix is one of whole elements."""
        own = self.match.path.value
        if self.match.path.type == "Exact":
            return path == own
        return path == own.rstrip("/") or path.startswith(f"{own.rstrip('/')}/")

    def asked_of_backend(self, path: str) -> str | None:
        """What a backend is asked for; None where that is not known here."""
        rewrites = [one.url_rewrite for one in self.rule.filters if one.type == "URLRewrite" and one.url_rewrite]
        if any(one.hostname for one in rewrites) or any(one.type == "ExtensionRef" for one in self.rule.filters):
            return None
        change = next((one.path for one in rewrites if one.path), None)
        if change is None:
            return path
        if change.type == "ReplaceFullPath":
            return change.replace_full_path
        rest = path[len(self.match.path.value.rstrip("/")) :]
        return f"{change.replace_prefix_match.rstrip('/')}{rest}" or "/"


def matches_of(route: HTTPRoute, taken: Iterable[tuple[Listener, tuple[str, ...]]]) -> Iterator[RuleMatch]:
    """Every match of every rule of a route, under each hostname of the listeners that take it. Raises InputError."""
    rules = spec_of_route(route).rules
    for listener, hostnames in taken:
        for host in hostnames:
            for number, rule in enumerate(rules):
                for index, match in enumerate(rule.matches or (RouteMatch(),)):
                    yield RuleMatch(route, listener, host, number, index, rule, match)


def best(matches: Iterable[RuleMatch], host: str, path: str) -> RuleMatch | None:
    """The match of a plain GET: the most specific hostname, then path; then the oldest route, and its first rule."""
    taking = [one for one in matches if one.takes(host, path)]
    return min(taking, key=rank, default=None)


def example(one: RuleMatch) -> tuple[str, str]:
    """A host and a path that it takes, the plainest; an empty host is any."""
    host = f"netdoctor{one.host[1:]}" if one.host.startswith("*.") else one.host
    return host, one.match.path.value or "/"


def rank(one: RuleMatch) -> tuple[object, ...]:
    """Of two matches that take a request, the one with the smaller rank has it."""
    created = one.route.metadata.creation_timestamp
    path = one.match.path
    return (
        one.host.startswith("*") or not one.host,
        -len(one.host),
        path.type != "Exact",
        -len(path.value),
        not one.match.method,
        created.isoformat() if created else "",
        one.route.namespace,
        one.route.name,
        one.number,
        one.index,
    )
