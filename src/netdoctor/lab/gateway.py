"""What the lab's Gateways do: the same document as that of its ingress controller, from the routes that they take.

A lab has no controller for Gateways. What one would make, manifests bring along: a Service and pods with the label
gateway.networking.k8s.io/gateway-name. Of a rule, host and path count; weights, other matches and filters do not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from netdoctor.cluster.objects import Gateway
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.lab.ingress import certificate_in, endpoints_of
from netdoctor.lab.objects import Objects, snapshot_of
from netdoctor.path.gateway.backends import RouteBackend, route_backends
from netdoctor.path.gateway.certificates import secrets_of
from netdoctor.path.gateway.rules import RuleMatch, rank
from netdoctor.path.gateway.shapes import spec_of_gateway
from netdoctor.path.gateway.way import matches_of_gateway
from netdoctor.path.ingress.shapes import BackendPort

_KINDS = frozenset({"Service", "EndpointSlice", "Endpoints", "Namespace", "Gateway", "HTTPRoute", "ReferenceGrant"})
_INVALID = 500  # Gateway API reference, HTTPRouteRule.backendRefs


def gateway_routes(objects: Objects) -> dict[str, Any]:
    """The document as JSON has it; see `netdoctor.lab.ingress.routes`. Raises InputError."""
    if not any(kind == "Gateway" for kind, _, _ in objects):
        return {"routes": [], "certificates": []}
    snapshot = snapshot_of({key: one for key, one in objects.items() if key[0] in _KINDS}, "gateway")
    found: dict[tuple[str, str, bool], dict[str, Any]] = {}
    for gateway in snapshot.gateways:
        for match in sorted(matches_of_gateway(snapshot, gateway), key=rank):
            key = (match.host, match.match.path.value, match.match.path.type == "Exact")
            if not match.beyond:
                found.setdefault(key, _route(snapshot, match))
    certificates = [one for gateway in snapshot.gateways for one in _certificates(objects, gateway)]
    return {"routes": list(found.values()), "certificates": certificates}


def _route(snapshot: Snapshot, match: RuleMatch) -> dict[str, Any]:
    named = [one for one in route_backends(snapshot, match.route) if one.rule == match.number]
    path = match.match.path
    backend = _backend(snapshot, match, named)
    return {"host": match.host, "path": path.value, "exact": path.type == "Exact", "toHttps": False, "backend": backend}


def _backend(snapshot: Snapshot, match: RuleMatch, named: Sequence[RouteBackend]) -> dict[str, Any]:
    """The endpoints of all its valid backends together."""
    valid = [one for one in named if one.exists]
    endpoints: list[tuple[str, int]] = []
    because = ""
    for one in valid:
        assert one.service is not None
        more, why = endpoints_of(snapshot, one.service, BackendPort(number=one.number))
        endpoints, because = [*endpoints, *more], because or why
    if not valid:
        because = next((str(one.problem) for one in named if one.problem), "the rule has no backend")
    told = {"title": str(match.ref), "tls": False, "endpoints": sorted(set(endpoints))}
    return {**told, "because": "" if endpoints else because, **({} if valid else {"status": _INVALID})}


def _certificates(objects: Objects, gateway: Gateway) -> list[dict[str, Any]]:
    """What the Secrets of the listeners hold, each for its listener's hostname."""
    return [
        certificate
        for listener in spec_of_gateway(gateway).listeners
        for ref in secrets_of(gateway, listener)
        for certificate in certificate_in(objects.get(("Secret", ref.namespace, ref.name), {}), [listener.hostname])
    ]
