"""Gateways, routes and grants for the small cluster of `tests.diagnosis.builders`."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.builders import Manifest, manifest

VERSION = "gateway.networking.k8s.io/v1"


def listener(name: str = "web", port: int = 80, protocol: str = "HTTP", **fields: Any) -> Manifest:
    """One that takes routes of the Gateway's namespace, unless `fields` say otherwise."""
    return {"name": name, "port": port, "protocol": protocol, **fields}


def gateway(*listeners: Manifest, name: str = "edge", namespace: str = "infra", **fields: Any) -> Manifest:
    """Gateway infra/edge of class example."""
    spec = {"gatewayClassName": "example", "listeners": list(listeners)}
    return manifest("Gateway", name, VERSION, namespace, spec=spec, **fields)


def gateway_class(*conditions: Manifest) -> Manifest:
    """GatewayClass example."""
    spec, status = {"controllerName": "example.com/c"}, {"conditions": list(conditions)}
    return manifest("GatewayClass", "example", VERSION, "", spec=spec, status=status)


def route(*parents: Manifest, namespace: str = "shop", status: Manifest | None = None, **spec: Any) -> Manifest:
    """HTTPRoute shop/store."""
    made = manifest("HTTPRoute", "store", VERSION, namespace, spec={"parentRefs": list(parents), **spec})
    return made | ({"status": status} if status else {})


def parent(namespace: str | None = "infra", **fields: Any) -> Manifest:
    """A parentRef to infra/edge."""
    return {"name": "edge", **({"namespace": namespace} if namespace else {}), **fields}


def grant(of: Manifest, to: Manifest, namespace: str = "payments") -> Manifest:
    """A ReferenceGrant with one entry each."""
    version, spec = "gateway.networking.k8s.io/v1beta1", {"from": [of], "to": [to]}
    return manifest("ReferenceGrant", "store", version, namespace, spec=spec)


def admitting(origin: str, **fields: Any) -> Manifest:
    """The fields of a listener with allowedRoutes.namespaces.from."""
    return {"allowedRoutes": {"namespaces": {"from": origin, **fields}}}
