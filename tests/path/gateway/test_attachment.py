"""Routes and their parents, by the Gateway API reference; each test names the section."""

from __future__ import annotations

from typing import Any

import pytest

from netdoctor.cluster.snapshot import Unread
from netdoctor.model.errors import InputError
from netdoctor.path.gateway.attachment import Attachment, Taken, Why, attachments
from tests.diagnosis.builders import Manifest, cluster, manifest
from tests.path.gateway.builders import admitting, gateway, listener, parent, route

_ALL = admitting("All")


def _found(*objects: Manifest, unread: tuple[Unread, ...] = ()) -> tuple[Attachment, ...]:
    snapshot = cluster(*objects, unread=unread)
    return attachments(snapshot, snapshot.http_routes[0])


def _one(*objects: Manifest, unread: tuple[Unread, ...] = ()) -> Attachment:
    (found,) = _found(*objects, unread=unread)
    return found


def _reasons(found: Attachment) -> list[tuple[Why, str]]:
    return [(one.why, str(one.field)) for one in found.refusals]


def test_a_route_is_attached_to_the_listeners_that_take_it() -> None:
    """ParentReference: without sectionName the whole Gateway is meant, and one listener that accepts is enough."""
    found = _one(
        gateway(listener(**_ALL), listener("tls", 443, "HTTPS"), listener("other", 81, **_ALL, hostname="b.example")),
        route(parent(), hostnames=["a.example"]),
    )
    assert found.attached is True
    assert found.taken == (Taken("web", ("a.example",)),)
    assert _reasons(found) == [
        (Why.NAMESPACE, "Gateway infra/edge spec.listeners[1].allowedRoutes.namespaces"),
        (Why.HOSTNAME, "Gateway infra/edge spec.listeners[2].hostname"),
    ]


def test_each_parent_is_judged_by_itself() -> None:
    """CommonRouteSpec.parentRefs."""
    found = _found(gateway(listener(**_ALL)), route(parent(), parent(name="edge2")))
    assert [one.attached for one in found] == [True, False]
    assert _reasons(found[1]) == [(Why.NO_GATEWAY, "HTTPRoute shop/store spec.parentRefs[1]")]


def test_a_parent_without_namespace_is_in_that_of_the_route() -> None:
    """ParentReference.namespace."""
    assert _reasons(_one(gateway(listener()), route(parent(None))))[0][0] is Why.NO_GATEWAY
    assert _one(gateway(listener(), namespace="shop"), route(parent(None))).attached is True


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"sectionName": "web"}, None),
        ({"port": 80}, None),
        ({"sectionName": "web", "port": 80}, None),
        ({"sectionName": "http"}, "HTTPRoute shop/store spec.parentRefs[0].sectionName"),
        ({"port": 8080}, "HTTPRoute shop/store spec.parentRefs[0].port"),
        ({"sectionName": "web", "port": 81}, "HTTPRoute shop/store spec.parentRefs[0].port"),
        ({"sectionName": "tls", "port": 80}, "HTTPRoute shop/store spec.parentRefs[0].port"),
    ],
)
def test_section_and_port_must_both_match(fields: Manifest, reason: str | None) -> None:
    """ParentReference.sectionName and .port."""
    found = _one(gateway(listener(**_ALL), listener("tls", 443, "HTTPS", **_ALL)), route(parent(**fields)))
    assert _reasons(found) == ([(Why.NO_LISTENER, reason)] if reason else [])
    assert [taken.listener for taken in found.taken] == ([] if reason else ["web"])


def test_a_gateway_without_listeners_takes_nothing() -> None:
    """GatewaySpec.listeners; that field is what would have to be another."""
    assert _reasons(_one(gateway(), route(parent()))) == [(Why.NO_LISTENER, "Gateway infra/edge spec.listeners")]


@pytest.mark.parametrize(
    ("allowed", "attached"),
    [
        ({}, False),  # the default is Same
        (admitting("Same"), False),
        (admitting("All"), True),
        (admitting("None"), False),
        (admitting("Selector", selector={"matchLabels": {"team": "web"}}), True),
        (admitting("Selector", selector={"matchLabels": {"team": "db"}}), False),
        (admitting("Selector", selector={}), True),
        (admitting("Selector"), False),
        (admitting("Selector", selector={"matchLabels": {"kubernetes.io/metadata.name": "shop"}}), True),
        (admitting("Selector", selector={"matchExpressions": [{"key": "team", "operator": "DoesNotExist"}]}), False),
        (admitting("Neighbours"), None),
    ],
)
def test_namespaces(allowed: dict[str, Any], attached: bool | None) -> None:
    """RouteNamespaces.from and .selector."""
    shop = manifest("Namespace", "shop", namespace="", labels={"team": "web"})
    found = _one(shop, gateway(listener(**allowed)), route(parent()))
    assert found.attached is attached
    assert [one.why for one in found.refusals] == ([Why.NAMESPACE] if attached is False else [])
    assert bool(found.unknown) is (attached is None)


def test_labels_of_a_namespace_that_was_not_read_are_not_guessed() -> None:
    """Trap: no refusal, but for the label that every namespace has."""
    by_team = admitting("Selector", selector={"matchLabels": {"team": "web"}})
    by_name = admitting("Selector", selector={"matchLabels": {"kubernetes.io/metadata.name": "shop"}})
    elsewhere = "far"
    assert _one(gateway(listener(**by_team)), route(parent(), namespace=elsewhere)).attached is None
    assert _one(gateway(listener(**by_name)), route(parent(), namespace=elsewhere)).attached is False


@pytest.mark.parametrize(
    ("protocol", "kinds", "attached"),
    [
        ("HTTP", [], True),
        ("HTTPS", [], True),
        ("TLS", [], False),
        ("TCP", [{"kind": "HTTPRoute"}], False),
        ("HTTP", [{"kind": "GRPCRoute"}], False),
        ("HTTP", [{"kind": "GRPCRoute"}, {"kind": "HTTPRoute"}], True),
        ("HTTP", [{"kind": "HTTPRoute", "group": "example.com"}], False),
        ("example.com/quic", [], None),
        ("example.com/quic", [{"kind": "HTTPRoute"}], True),
    ],
)
def test_kinds(protocol: str, kinds: list[Manifest], attached: bool | None) -> None:
    """AllowedRoutes.kinds, and Listener.protocol."""
    allowed: dict[str, Any] = {"allowedRoutes": {"namespaces": {"from": "All"}, "kinds": kinds}}
    found = _one(gateway(listener(protocol=protocol, **allowed)), route(parent()))
    assert found.attached is attached
    assert [one.why for one in found.refusals] == ([Why.KIND] if attached is False else [])


def test_parents_that_are_no_gateways_are_not_judged() -> None:
    """ParentReference.kind: Services (GAMMA) and kinds of implementations are parents too."""
    found = _one(route({"group": "", "kind": "Service", "name": "edge"}))
    assert (found.attached, found.refusals) == (None, ())


def test_gateways_that_may_not_be_read_are_not_missing() -> None:
    found = _one(route(parent()), unread=(Unread("Gateway", "", "forbidden"),))
    assert (found.attached, found.refusals, found.unknown) == (None, (), ("forbidden",))


def test_what_controllers_say_belongs_to_the_same_parent() -> None:
    """RouteParentStatus: its parentRef corresponds with one of the spec."""
    accepted = {"type": "Accepted", "status": "True", "reason": "Accepted"}
    refused = {"type": "Accepted", "status": "False", "reason": "NotAllowedByListeners"}
    status = {
        "parents": [
            {"parentRef": parent(sectionName="tls"), "controllerName": "example.com/c", "conditions": [refused]},
            {"parentRef": parent(sectionName="web"), "controllerName": "example.com/c", "conditions": [accepted]},
        ]
    }
    found = _one(gateway(listener(**_ALL)), route(parent(sectionName="web"), status=status))
    assert [one.reason for one in found.conditions] == ["Accepted"]


def test_null_is_a_field_that_is_not_there() -> None:
    found = _one(gateway(listener(hostname=None, allowedRoutes=None), namespace="shop"), route(parent(None, port=None)))
    assert found.attached is True


def test_what_no_api_server_would_accept_is_named() -> None:
    with pytest.raises(InputError, match=r"Gateway infra/edge: .*port"):
        _one(gateway(listener(port="eighty")), route(parent()))  # type: ignore[arg-type]
