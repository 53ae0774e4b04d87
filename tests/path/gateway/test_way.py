"""The way through a Gateway: what is asked of it, and the backends behind it."""

from __future__ import annotations

from netdoctor.path.gateway.way import GatewayWay
from netdoctor.path.path import Path, build_path
from tests.diagnosis.builders import Manifest, api, cluster
from tests.diagnosis.gateway_builders import edge, store, to
from tests.path.gateway.builders import gateway, listener, parent, route


def _path(*objects: Manifest | list[Manifest], target: str = "httproute/store") -> Path:
    return build_path(cluster(api(), *objects), target, None, "shop")


def _way(*objects: Manifest | list[Manifest], target: str = "httproute/store") -> GatewayWay:
    way = _path(*objects, target=target).target.gateway
    assert way is not None
    return way


def test_each_match_of_each_rule_is_asked_for() -> None:
    way = _way(edge(), store(to("api", path="/a"), to("api")))
    assert [(ask.label, ask.expected) for ask in way.asks] == [
        ("shop.example/a", "PathPrefix, leads to Service api, port 80"),
        ("shop.example/", "PathPrefix, leads to Service api, port 80"),
    ]
    assert [str(one.backend) for one in way.backends] == ["Service shop/api"], "each port of a Service once"
    assert way.settled


def test_weights_and_filters_are_named() -> None:
    backends = ({"name": "api", "port": 80, "weight": 9}, {"name": "gone", "port": 80, "weight": 0})
    (ask,) = _way(edge(), store(to(*backends, filters=[{"type": "CORS"}]))).asks
    assert ask.expected == (
        "PathPrefix, leads to Service api, port 80 (weight 9), Service gone, port 80 (weight 0); filters CORS"
    )
    assert ask.backends == (0,)


def test_a_rule_that_another_route_takes_everything_from_is_not_asked_for() -> None:
    older = store(to("api"))
    older["metadata"] |= {"name": "older", "creationTimestamp": "2020-01-01T00:00:00Z"}
    newer = store(to("api"))
    newer["metadata"]["creationTimestamp"] = "2021-01-01T00:00:00Z"
    way = _way(edge(), newer, older)
    assert way.asks == ()
    assert [because for _, because in way.unasked] == ["no request is known here that it, and no other rule, takes"]
    assert len(way.backends) == 1, "they are tried all the same"


def test_a_match_that_needs_a_header_is_said_and_its_backends_are_tried() -> None:
    match = {"headers": [{"name": "x-canary", "value": "1"}]}
    way = _way(edge(), store({"matches": [match], "backendRefs": [{"name": "api", "port": 80}]}))
    assert (way.asks, len(way.backends), way.settled) == ((), 1, False)
    assert "header x-canary" in way.unasked[0][1]


def test_of_very_many_rules_some_are_asked_for() -> None:
    way = _way(edge(), store(*(to("api", path=f"/{number}") for number in range(40))))
    assert (len(way.asks), way.left_out) == (16, 24)


def test_the_parts_are_the_gateways_service_and_the_backends() -> None:
    path = _path(edge(), store(to("api")))
    assert [str(part.target.ref) for part in path.parts] == ["Service shop/edge", "Service shop/api"]
    assert [[route.port for route in part.routes] for part in path.parts] == [[80], [80]]
    assert str(path.parts[1].source.ref) == "Deployment shop/edge"
    assert str(path.parts[1].serves) == "HTTPRoute shop/store"


def test_an_address_alone_is_a_door_too() -> None:
    given = {"addresses": [{"type": "IPAddress", "value": "203.0.113.9"}]}
    path = _path(gateway(listener(), listener("s", 443, "HTTPS"), namespace="shop", status=given), store(to("api")))
    assert [(route.port, route.ready[0].address) for route in path.parts[0].routes] == [
        (80, "203.0.113.9"),
        (443, "203.0.113.9"),
    ]
    assert [str(part.target.ref) for part in path.parts[1:]] == ["Service shop/api"]


def test_of_two_gateways_the_one_that_can_be_asked() -> None:
    unknown = gateway(listener(), name="inner", namespace="shop")
    made = route({"name": "inner"}, parent(None), hostnames=["shop.example"], rules=[to("api")])
    way = _way(edge(), unknown, made)
    assert way.gateway.name == "edge"
    assert way.unasked == (("requests through Gateway shop/inner", "one Gateway is asked, Gateway shop/edge"),)


def test_a_url_that_a_route_takes() -> None:
    way = _way(edge(), store(to("api", path="/a"), to("gone")), target="http://shop.example/a/1")
    assert [(ask.label, ask.secured) for ask in way.asks] == [("shop.example/a/1", False)]
    assert str(way.ref) == "HTTPRoute shop/store"


def test_a_url_is_by_the_listeners_scheme_and_port() -> None:
    tls = listener("s", 8443, "HTTPS", tls={"certificateRefs": [{"name": "cert"}]})
    objects = (edge(tls), store(to("api")))
    way = _way(*objects, target="https://shop.example:8443/")
    assert [(ask.secured, way.port_of(ask), ask.certificate) for ask in way.asks] == [(True, 8443, "cert")]
    assert [str(ref) for ref in way.secrets] == ["Secret shop/cert"]
    assert _path(*objects, target="http://shop.example/").target.gateway is None


def test_a_url_that_no_route_names_is_outside() -> None:
    """A route for all hosts says nothing about one."""
    assert _path(edge(), store(to("api"), hostnames=()), target="http://other.example/").target.gateway is None


def test_a_gateway_is_asked_for_what_its_routes_take() -> None:
    other = store(to("api"), hostnames=("other.example",))
    other["metadata"]["name"] = "other"
    way = _way(edge(), store(to("api")), other, target="gateway/edge")
    assert [ask.host for ask in way.asks] == ["shop.example", "other.example"]
    assert str(way.ref) == "Gateway shop/edge"
