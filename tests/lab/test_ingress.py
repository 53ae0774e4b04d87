"""From Ingresses to the document of the proxy."""

from __future__ import annotations

import base64
from typing import Any

import pytest
import yaml

from netdoctor.lab.ingress import routes
from netdoctor.lab.objects import Objects, key_of
from netdoctor.model.errors import InputError
from netdoctor_apps.ingress.table import table_of

SHOP = """
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: nginx}
spec: {controller: k8s.io/ingress-nginx}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {clusterIP: 10.96.0.7, ports: [{name: http, port: 80, targetPort: 8080}, {name: admin, port: 81}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: web-1, namespace: shop, labels: {kubernetes.io/service-name: web}}
addressType: IPv4
ports: [{name: http, port: 8080}, {name: admin, port: 9000}]
endpoints:
- {addresses: [10.244.1.6], conditions: {ready: true}}
- {addresses: [10.244.1.5], conditions: {ready: true}}
- {addresses: [10.244.1.7], conditions: {ready: false}}
---
apiVersion: v1
kind: Service
metadata: {name: site, namespace: shop}
spec: {type: ExternalName, externalName: www.example.com, clusterIP: ""}
---
apiVersion: v1
kind: Service
metadata: {name: idle, namespace: shop}
spec: {clusterIP: 10.96.0.8, ports: [{port: 80}]}
"""


def objects(*others: dict[str, Any], text: str = SHOP) -> Objects:
    return {key_of(manifest): manifest for manifest in (*yaml.safe_load_all(text), *others)}


def path(service: str, path: str = "/", kind: str = "Prefix", **port: Any) -> dict[str, Any]:
    return {"path": path, "pathType": kind, "backend": {"service": {"name": service, "port": port or {"number": 80}}}}


def ingress(*paths: dict[str, Any], name: str = "web", host: str = "shop.example", **fields: Any) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": name, "namespace": "shop"}
    for field in ("annotations", "creationTimestamp"):
        if field in fields:
            metadata[field] = fields.pop(field)
    rule = {"http": {"paths": list(paths)}} | ({"host": host} if host else {})
    spec = {"ingressClassName": "nginx", "rules": [rule] if paths else [], **fields}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": metadata, "spec": spec}


def backend(*others: dict[str, Any]) -> dict[str, Any]:
    (only,) = routes(objects(*others))["routes"]
    found: dict[str, Any] = only["backend"]
    return found


@pytest.mark.parametrize("port", [{"number": 80}, {"name": "http"}])
def test_the_ready_endpoints_of_the_service_port(port: dict[str, Any]) -> None:
    assert backend(ingress(path("web", **port))) == {
        "title": "Service shop/web",
        "tls": False,
        "endpoints": [("10.244.1.5", 8080), ("10.244.1.6", 8080)],
        "because": "",
    }


def test_an_external_name_stands_for_itself() -> None:
    assert backend(ingress(path("site", number=8080)))["endpoints"] == [("www.example.com", 8080)]


@pytest.mark.parametrize(
    ("asked", "because"),
    [
        (path("idle"), "Service shop/idle has no ready endpoint"),
        (path("web", number=8080), "Service shop/web has no port 8080"),
        (path("web", name="https"), "Service shop/web has no port https"),
        (path("gone"), "Service shop/gone does not exist"),
        ({"path": "/", "pathType": "Prefix", "backend": {"resource": {"kind": "Bucket"}}}, "the backend is no Service"),
    ],
)
def test_why_nothing_answers(asked: dict[str, Any], because: str) -> None:
    found = backend(ingress(asked))
    assert (found["endpoints"], found["because"]) == ([], because)


@pytest.mark.parametrize(
    ("fields", "served"),
    [
        ({}, True),
        ({"ingressClassName": "other"}, False),
        ({"ingressClassName": ""}, False),
        ({"ingressClassName": "", "annotations": {"kubernetes.io/ingress.class": "nginx"}}, True),
    ],
)
def test_only_a_class_that_exists_is_served(fields: dict[str, Any], served: bool) -> None:
    assert bool(routes(objects(ingress(path("web"), **fields)))["routes"]) == served


def test_without_a_class_the_default_class_serves() -> None:
    default = {"ingressclass.kubernetes.io/is-default-class": "true"}
    kind = {"apiVersion": "networking.k8s.io/v1", "kind": "IngressClass"}
    own = {**kind, "metadata": {"name": "own", "annotations": default}}
    assert routes(objects(ingress(path("web"), ingressClassName=""), own))["routes"]


def test_hosts_paths_and_types() -> None:
    rules = ingress(path("web", "/a", "Exact"), path("web", "/b", "ImplementationSpecific"), host="Shop.Example")
    found = routes(objects(rules))["routes"]
    assert [(one["host"], one["path"], one["exact"]) for one in found] == [
        ("shop.example", "/a", True),
        ("shop.example", "/b", False),
    ]


def test_of_two_ingresses_with_the_same_path_the_older_counts() -> None:
    young = ingress(path("idle"), name="a", creationTimestamp="2026-01-02T00:00:00Z")
    old = ingress(path("web"), name="b", creationTimestamp="2026-01-01T00:00:00Z")
    assert backend(young, old)["title"] == "Service shop/web"


def test_a_default_backend_has_what_no_rule_takes() -> None:
    whole = ingress(path("web", "/a"), defaultBackend={"service": {"name": "idle", "port": {"number": 80}}})
    table = table_of(routes(objects(whole)))
    titles = [
        found.backend.title
        for found in (table.find("shop.example", "/a"), table.find("shop.example", "/b"), table.find("x", "/"))
        if found
    ]
    assert titles == ["Service shop/web", "Service shop/idle", "Service shop/idle"]


@pytest.mark.parametrize(
    ("tls", "annotations", "redirects"),
    [
        ([], {}, False),
        ([{"hosts": ["shop.example"], "secretName": "missing"}], {}, True),
        ([{"hosts": ["other.example"]}], {}, False),
        ([{"hosts": ["shop.example"]}], {"nginx.ingress.kubernetes.io/ssl-redirect": "false"}, False),
        ([], {"nginx.ingress.kubernetes.io/force-ssl-redirect": "true"}, True),
    ],
)
def test_which_hosts_redirect_to_https(tls: list[Any], annotations: dict[str, str], redirects: bool) -> None:
    (only,) = routes(objects(ingress(path("web"), tls=tls, annotations=annotations)))["routes"]
    assert only["toHttps"] == redirects


def secret(**fields: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "tls", "namespace": "shop"}, **fields}


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("stored", "usable"),
    [
        (secret(stringData={"tls.crt": "C", "tls.key": "K"}), True),
        (secret(data={"tls.crt": b64("C"), "tls.key": b64("K")}), True),
        (secret(data={"tls.crt": b64("C")}), False),
        (secret(data={"tls.crt": "%", "tls.key": b64("K")}), False),
        (secret(data=None), False),
    ],
)
def test_certificates_from_secrets(stored: dict[str, Any], usable: bool) -> None:
    whole = ingress(path("web"), tls=[{"secretName": "tls"}])
    expected = [{"hosts": ["shop.example"], "certificate": "C", "key": "K"}] if usable else []
    assert routes(objects(whole, stored))["certificates"] == expected


def test_an_ingress_of_another_shape_is_bad_input() -> None:
    with pytest.raises(InputError, match=r"Ingress shop/web: .*\$\.rules"):
        routes(objects(ingress(path("web"), rules=[{"http": 1}])))


def test_without_ingresses_nothing_is_served() -> None:
    assert routes(objects()) == {"routes": [], "certificates": []}
