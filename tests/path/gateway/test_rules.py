"""Which rule a request takes, by the Gateway API reference, HTTPRouteRule.matches; each test names the rule."""

from __future__ import annotations

import pytest

from netdoctor.path.gateway.rules import RuleMatch, best, example
from netdoctor.path.gateway.way import matches_of_gateway
from tests.diagnosis.builders import Manifest, cluster
from tests.diagnosis.gateway_builders import edge, store, to
from tests.path.gateway.builders import parent, route


def _matches(*routes: Manifest) -> list[RuleMatch]:
    snapshot = cluster(edge(), *routes)
    return list(matches_of_gateway(snapshot, snapshot.gateways[0]))


def _taken(path: str, *rules: Manifest, host: str = "shop.example") -> int | None:
    """The number of the rule that takes a path."""
    found = best(_matches(store(*rules)), host, path)
    return found.number if found else None


@pytest.mark.parametrize(
    ("path", "number"),
    [("/api", 1), ("/api/", 0), ("/api/v1", 0), ("/apis", None), ("/API", None)],
)
def test_an_exact_path_before_a_prefix_of_whole_elements(path: str, number: int | None) -> None:
    """HTTPPathMatch: prefixes are matched by element, case sensitive; "Exact" path match first."""
    assert _taken(path, to("api", path="/api"), to("api", path="/api", kind="Exact")) == number


def test_the_longest_prefix() -> None:
    """ "Prefix" path match with largest number of characters."""
    assert _taken("/api/v1/x", to("api"), to("api", path="/api/v1"), to("api", path="/api")) == 1


def test_a_rule_without_matches_takes_everything() -> None:
    """HTTPRouteRule.matches: the default is a prefix path match on "/"."""
    assert _taken("/any", to("api")) == 0


def test_the_more_specific_hostname_before_the_longer_path() -> None:
    """HTTPRouteSpec.hostnames: the non-wildcard, then the wildcard with most characters."""
    wide = store(to("api", path="/api/v1"), hostnames=("*.example",))
    wide["metadata"]["name"] = "wide"
    found = best(_matches(wide, store(to("api"))), "shop.example", "/api/v1")
    assert found is not None
    assert found.route.name == "store"


def test_of_equals_the_older_route() -> None:
    """Ties are broken by the oldest route based on creation timestamp."""
    older = store(to("api"))
    older["metadata"] |= {"name": "zz", "creationTimestamp": "2020-01-01T00:00:00Z"}
    newer = store(to("api"))
    newer["metadata"]["creationTimestamp"] = "2021-01-01T00:00:00Z"
    found = best(_matches(newer, older), "shop.example", "/")
    assert found is not None
    assert found.route.name == "zz"


@pytest.mark.parametrize(
    ("match", "because"),
    [
        ({"path": {"type": "RegularExpression", "value": "/a.*"}}, "its path is of type RegularExpression"),
        ({"headers": [{"name": "x-canary", "value": "1"}]}, "it takes requests with header x-canary only"),
        ({"queryParams": [{"name": "q", "value": "1"}]}, "it takes requests with ?q= only"),
        ({"method": "POST"}, "it takes POST only"),
        ({"method": "GET"}, ""),
    ],
)
def test_what_a_plain_get_does_not_meet(match: Manifest, because: str) -> None:
    (one,) = _matches(store({"matches": [match], "backendRefs": []}))
    assert one.beyond == because
    assert one.takes("shop.example", "/") is not bool(because)


@pytest.mark.parametrize(
    ("change", "asked"),
    [
        (None, "/api/cart"),
        ({"type": "ReplaceFullPath", "replaceFullPath": "/x"}, "/x"),
        ({"type": "ReplacePrefixMatch", "replacePrefixMatch": "/v2/"}, "/v2/cart"),
        ({"type": "ReplacePrefixMatch", "replacePrefixMatch": "/"}, "/cart"),
    ],
)
def test_what_a_backend_is_asked_for(change: Manifest | None, asked: str) -> None:
    """HTTPPathModifier."""
    filters = [{"type": "URLRewrite", "urlRewrite": {"path": change}}] if change else []
    (one,) = _matches(store(to("api", path="/api", filters=filters)))
    assert one.asked_of_backend("/api/cart") == asked


def test_a_rewritten_hostname_is_not_followed() -> None:
    (one,) = _matches(store(to("api", filters=[{"type": "URLRewrite", "urlRewrite": {"hostname": "in.example"}}])))
    assert one.asked_of_backend("/") is None


@pytest.mark.parametrize(
    ("hostnames", "host"), [(("*.example",), "netdoctor.example"), ((), ""), (("a.example",), "a.example")]
)
def test_an_example_of_a_request(hostnames: tuple[str, ...], host: str) -> None:
    (one,) = _matches(store(to("api"), hostnames=hostnames))
    assert example(one) == (host, "/")
    assert one.takes(*example(one))


def test_routes_that_are_not_attached_take_nothing() -> None:
    assert _matches(route(parent(None, sectionName="other"), rules=[to("api")])) == []
