"""What the lab's ingress controller does: the document that netdoctor_apps.ingress serves, from the objects.

Where the API leaves it to the controller, it does as ingress-nginx does.
Sources: https://kubernetes.io/docs/concepts/services-networking/ingress/,
https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/annotations/
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from netdoctor.cluster.objects import Ingress, Service
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.lab.objects import Objects, snapshot_of
from netdoctor.path.ingress.classes import chosen_class, serving
from netdoctor.path.ingress.controllers import controllers
from netdoctor.path.ingress.rules import NGINX
from netdoctor.path.ingress.shapes import (
    BackendPort,
    HostRule,
    HTTPPath,
    IngressBackend,
    IngressSpec,
    ServiceBackend,
    spec_of,
)
from netdoctor.path.ingress.way import speaks_tls

_OWNERS = frozenset({"Deployment", "DaemonSet", "ReplicaSet", "Pod"})
_KINDS = frozenset({"Service", "EndpointSlice", "Endpoints", "Ingress", "IngressClass"}) | _OWNERS


def routes(objects: Objects) -> dict[str, Any]:
    """The document as JSON has it.

    Returns:
        `routes`, each with `host` (empty for all, perhaps with a wildcard), `path`, `exact`, `toHttps` and `backend`;
        and `certificates` with `hosts`, `certificate` and `key` as PEM.

    Raises:
        InputError: an Ingress that no API server would accept.
    """
    if not any(kind == "Ingress" for kind, _, _ in objects):
        return {"routes": [], "certificates": []}
    snapshot = snapshot_of({key: one for key, one in objects.items() if key[0] in _KINDS}, "ingress")
    served = [(ingress, spec_of(ingress)) for ingress in sorted(snapshot.ingresses, key=_age)]
    served = [(ingress, spec) for ingress, spec in served if _has_controller(snapshot, ingress)]
    found: dict[tuple[str, str, bool], dict[str, Any]] = {}
    for ingress, spec in served:
        for host, path in _paths(spec):
            exact = path.path_type == "Exact"
            key = (host.lower(), path.path or "/", exact)
            found.setdefault(key, _route(snapshot, ingress, spec, key, path.backend))  # the older Ingress counts
    return {
        "routes": list(found.values()),
        "certificates": [one for ingress, spec in served for one in _certificates(objects, ingress, spec)],
    }


def _age(ingress: Ingress) -> tuple[str, str, str]:
    created = ingress.metadata.creation_timestamp
    return created.isoformat() if created else "", ingress.namespace, ingress.name


def _has_controller(snapshot: Snapshot, ingress: Ingress) -> bool:
    """Whether its class exists; without one, whether a class is the default, or a controller needs none."""
    chosen = chosen_class(snapshot, ingress)
    return chosen.found is not None or bool(serving(chosen, controllers(snapshot)))


def _paths(spec: IngressSpec) -> Iterator[tuple[str, HTTPPath]]:
    """Hosts and their paths; the default backend has what is left of each host, and of all others."""
    for rule in spec.rules or ():
        for path in rule.http.paths if rule.http else ():
            yield rule.host, path
    if spec.default_backend is not None:
        for host in {rule.host: None for rule in (*(spec.rules or ()), HostRule())}:
            yield host, HTTPPath(spec.default_backend, "/", "Prefix")


def _route(
    snapshot: Snapshot, ingress: Ingress, spec: IngressSpec, key: tuple[str, str, bool], backend: IngressBackend
) -> dict[str, Any]:
    host, path, exact = key
    annotations = ingress.metadata.annotations
    secured = any(host in spec.tls_hosts(tls) for tls in spec.tls or ())
    redirect = secured and annotations.get(f"{NGINX}/ssl-redirect") != "false"
    return {
        "host": host,
        "path": path,
        "exact": exact,
        "toHttps": redirect or annotations.get(f"{NGINX}/force-ssl-redirect") == "true",
        "backend": _backend(snapshot, ingress, backend.service),
    }


def _backend(snapshot: Snapshot, ingress: Ingress, asked: ServiceBackend | None) -> dict[str, Any]:
    title = f"Service {ingress.namespace}/{asked.name if asked else '?'}"
    endpoints: Sequence[tuple[str, int]] = ()
    because = "the backend is no Service"
    if asked is not None:
        service = snapshot.get("Service", ingress.namespace, asked.name)
        if isinstance(service, Service):
            endpoints, because = endpoints_of(snapshot, service, asked.port)
        else:
            because = f"{title} does not exist"
    return {"title": title, "tls": speaks_tls(ingress), "endpoints": list(endpoints), "because": because}


def endpoints_of(snapshot: Snapshot, service: Service, asked: BackendPort) -> tuple[list[tuple[str, int]], str]:
    """The ready endpoints of a Service's port, or why there are none. A name stands for itself."""
    title = f"Service {service.namespace}/{service.name}"
    if service.spec.type == "ExternalName":
        return [(service.spec.external_name, asked.number or 80)], ""
    port = next(
        (p for p in service.spec.ports if (p.name == asked.name if asked.name else p.port == asked.number)), None
    )
    if port is None:
        return [], f"{title} has no port {asked.name or asked.number}"
    found = [
        (address, own.port)
        for group in snapshot.slices_of(service)
        for own in group.ports
        if own.name == port.name and own.port is not None
        for endpoint in group.endpoints
        if endpoint.conditions.ready is not False
        for address in endpoint.addresses
    ]
    return sorted(set(found)), "" if found else f"{title} has no ready endpoint"


def _certificates(objects: Objects, ingress: Ingress, spec: IngressSpec) -> Iterator[dict[str, Any]]:
    """What the Secrets hold; without a usable one the controller's own certificate is served."""
    for tls in spec.tls or ():
        secret = objects.get(("Secret", ingress.namespace, tls.secret_name), {})
        yield from certificate_in(secret, spec.tls_hosts(tls))


def certificate_in(secret: Mapping[str, Any], hosts: Iterable[str]) -> Iterator[dict[str, Any]]:
    """The certificate for some hosts in a Secret, where it holds one with its key."""
    pair = [_text(secret, field) for field in ("tls.crt", "tls.key")]
    if all(pair):
        yield {"hosts": list(hosts), "certificate": pair[0], "key": pair[1]}


def _text(secret: Mapping[str, Any], field: str) -> str:
    """A field of a Secret, as it was written or as the API server stores it."""
    plain = (secret.get("stringData") or {}).get(field)
    if plain is not None:
        return str(plain)
    try:
        return base64.b64decode(str((secret.get("data") or {}).get(field, "")), validate=True).decode("ascii")
    except (binascii.Error, UnicodeDecodeError):
        return ""
