"""Backends of routes, by the Gateway API reference; each test names the section."""

from __future__ import annotations

import pytest

from netdoctor.cluster.snapshot import Unread
from netdoctor.path.gateway.backends import RouteBackend, Unresolved, route_backends
from tests.diagnosis.builders import Manifest, api, cluster, service
from tests.path.gateway.builders import grant, parent, route

_FROM = {"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "namespace": "shop"}
_TO = {"group": "", "kind": "Service"}


def _one(backend: Manifest, *objects: Manifest | list[Manifest], unread: tuple[Unread, ...] = ()) -> RouteBackend:
    snapshot = cluster(*objects, route(parent(), rules=[{"backendRefs": [backend]}]), unread=unread)
    (found,) = route_backends(snapshot, snapshot.http_routes[0])
    return found


def _elsewhere() -> Manifest:
    made = service("pay", {"port": 443})
    made["metadata"]["namespace"] = "payments"
    return made


def test_a_service_of_the_same_namespace_with_that_port() -> None:
    """BackendObjectReference: kind Service and the route's namespace are the defaults."""
    found = _one({"name": "api", "port": 80}, api())
    assert (found.problem, found.unknown) == (None, "")
    assert found.service is not None
    assert found.port is not None
    assert str(found.field) == "HTTPRoute shop/store spec.rules[0].backendRefs[0]"


@pytest.mark.parametrize(
    ("backend", "problem"),
    [
        ({"name": "apis", "port": 80}, Unresolved.NO_SERVICE),
        ({"name": "api", "port": 8080}, Unresolved.NO_PORT),  # the Service's port counts, not the targetPort
        ({"name": "api"}, Unresolved.NO_PORT),
        ({"name": "apis", "port": 80, "weight": 0}, Unresolved.NO_SERVICE),
        ({"name": "pay", "port": 443, "namespace": "payments"}, Unresolved.NOT_PERMITTED),
    ],
)
def test_what_does_not_resolve(backend: Manifest, problem: Unresolved) -> None:
    """BackendRef.weight, BackendObjectReference.port and .namespace."""
    assert _one(backend, api(), _elsewhere()).problem is problem


@pytest.mark.parametrize(
    ("of", "to", "namespace", "permitted"),
    [
        (_FROM, _TO, "payments", True),
        (_FROM, _TO | {"name": "pay"}, "payments", True),
        (_FROM, _TO | {"name": "ledger"}, "payments", False),
        (_FROM, {"group": "", "kind": "Secret"}, "payments", False),
        (_FROM | {"namespace": "infra"}, _TO, "payments", False),
        (_FROM | {"kind": "GRPCRoute"}, _TO, "payments", False),
        (_FROM, _TO, "shop", False),  # a grant counts in the namespace of what is named, not of who names it
    ],
)
def test_grants(of: Manifest, to: Manifest, namespace: str, permitted: bool) -> None:
    """ReferenceGrantSpec.from and .to."""
    backend = {"name": "pay", "port": 443, "namespace": "payments"}
    found = _one(backend, _elsewhere(), grant(of, to, namespace))
    assert found.problem is (None if permitted else Unresolved.NOT_PERMITTED)


def test_a_backend_in_the_routes_own_namespace_needs_no_grant() -> None:
    assert _one({"name": "api", "port": 80, "namespace": "shop"}, api()).problem is None


@pytest.mark.parametrize("kind", ["ReferenceGrant", "Service"])
def test_what_may_not_be_read_is_not_missing(kind: str) -> None:
    namespace = "payments" if kind == "ReferenceGrant" else "shop"
    backend = {"name": "pay", "port": 443, "namespace": namespace}
    found = _one(backend, unread=(Unread(kind, "", "forbidden"),))
    assert (found.problem, found.unknown) == (None, "forbidden")


def test_a_name_outside_needs_no_listed_port() -> None:
    outside = service("api", type="ExternalName", externalName="api.example.com", ports=[])
    assert _one({"name": "api", "port": 443}, outside).problem is None


def test_backends_that_are_no_services_are_not_judged() -> None:
    """BackendObjectReference.kind: other kinds are up to implementations."""
    found = _one({"group": "example.com", "kind": "Bucket", "name": "files"})
    assert (found.problem, bool(found.unknown)) == (None, True)
