"""From routes to the document of the proxy."""

from __future__ import annotations

from typing import Any

from netdoctor.lab.gateway import gateway_routes
from netdoctor.lab.objects import Objects, key_of
from netdoctor_apps.ingress.table import table_of
from tests.diagnosis.builders import Manifest, endpoints, service
from tests.diagnosis.gateway_builders import store, to
from tests.path.gateway.builders import gateway, listener, parent, route


def _objects(*others: Manifest) -> Objects:
    made = [service("api"), endpoints("api", "10.244.1.5", "!10.244.1.6"), service("idle"), *others]
    return {key_of(one): one for one in made}


def _document(*others: Manifest) -> dict[str, Any]:
    return gateway_routes(_objects(gateway(listener(), namespace="shop"), *others))


def test_a_rule_leads_to_the_ready_endpoints_of_all_its_backends() -> None:
    table = table_of(_document(store(to("api", "idle", path="/a"), to("idle", path="/idle", kind="Exact"))))
    found = table.find("shop.example", "/a/1")
    assert found is not None
    assert (found.backend.endpoints, found.backend.title) == (
        (("10.244.1.5", 8080),),
        "HTTPRoute shop/store spec.rules[0]",
    )
    empty = table.find("shop.example", "/idle")
    assert empty is not None
    assert (empty.backend.endpoints, empty.backend.status) == ((), 503)
    assert table.find("shop.example", "/") is None


def test_without_a_valid_backend_the_answer_is_500() -> None:
    found = table_of(_document(store(to("gone")))).find("shop.example", "/")
    assert found is not None
    assert (found.backend.status, found.backend.because) == (500, "there is no such Service")


def test_a_route_that_is_not_attached_is_not_served() -> None:
    assert _document(route(parent(None, sectionName="x"), rules=[to("api")]))["routes"] == []


def test_without_a_gateway_there_is_nothing() -> None:
    assert gateway_routes(_objects(store(to("api")))) == {"routes": [], "certificates": []}


def test_the_certificates_of_listeners() -> None:
    tls = {"certificateRefs": [{"name": "cert"}]}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "cert", "namespace": "shop"}}
    pair = {"tls.crt": "a certificate", "tls.key": "a key"}
    secured = gateway(listener("s", 443, "HTTPS", hostname="shop.example", tls=tls), namespace="shop")
    found = gateway_routes(_objects(secured, {**secret, "stringData": pair}))["certificates"]
    assert found == [{"hosts": ["shop.example"], "certificate": "a certificate", "key": "a key"}]
