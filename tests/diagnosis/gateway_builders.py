"""A Gateway in the namespace shop of the small cluster of `builders`, with what its controller made for it."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.builders import Manifest, container, deployment, endpoints, pod, service
from tests.path.gateway.builders import gateway, gateway_class, listener, parent, route

DOOR = "10.96.0.80"  # the Service's address
PROXY = "10.244.1.9"  # the pod's, on worker-1
LABELS = {"gateway.networking.k8s.io/gateway-name": "edge"}
_PORTS = tuple({"name": name, "port": port, "protocol": "TCP"} for name, port in (("http", 80), ("https", 443)))


def edge(*listeners: Manifest, ready: bool = True, replicas: int = 1, **fields: Any) -> list[Manifest]:
    """GatewayClass example, Gateway shop/edge, its Service, Deployment and pod; by default for HTTP at port 80."""
    containers = (container("proxy", 80, 443),)
    made = [
        gateway_class(),
        gateway(*(listeners or (listener(),)), namespace="shop", **fields),
        *deployment("edge", LABELS, replicas, containers),
        service("edge", *_PORTS, selector=LABELS, clusterIP=DOOR),
    ]
    made[-1]["metadata"]["labels"] = LABELS
    if replicas:
        made += [
            pod("edge-1", PROXY, LABELS, containers, ready, owner="edge"),
            endpoints("edge", f"{'' if ready else '!'}{PROXY}") | {"ports": list(_PORTS)},
        ]
    return made


def store(*rules: Manifest, hostnames: tuple[str, ...] = ("shop.example",), **spec: Any) -> Manifest:
    """HTTPRoute shop/store at shop/edge."""
    return route(parent(None), hostnames=list(hostnames), rules=list(rules), **spec)


def to(*backends: Manifest | str, path: str = "", kind: str = "PathPrefix", **fields: Any) -> Manifest:
    """A rule; a backend is the name of a Service with port 80, or a whole backendRef."""
    refs = [{"name": one, "port": 80} if isinstance(one, str) else one for one in backends]
    matches = {"matches": [{"path": {"type": kind, "value": path}}]} if path else {}
    return {**matches, "backendRefs": refs, **fields}
