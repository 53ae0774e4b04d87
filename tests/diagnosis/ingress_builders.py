"""Ingresses and an ingress-nginx controller for the small cluster of `builders`, and what it answers."""

from __future__ import annotations

from netdoctor.model.probe import Observation, Outcome, Position, Probe
from netdoctor.probing.plan import Aim, Aimed
from tests.diagnosis.builders import (
    Manifest,
    See,
    Sight,
    container,
    deployment,
    endpoints,
    manifest,
    pod,
    service,
)

GATE = "10.244.1.9"  # the controller's pod, on worker-1
_PORTS = tuple({"name": name, "port": port, "protocol": "TCP"} for name, port in (("http", 80), ("https", 443)))
_IMAGE = "registry.k8s.io/ingress-nginx/controller:v1.12.1"


def gate(*args: str, ready: bool = True, replicas: int = 1, class_name: str = "nginx") -> list[list[Manifest]]:
    """Deployment gate with its Service (10.96.0.80), its pod and its IngressClass; no pod with 0 replicas."""
    containers = (container("controller", 80, 443, image=_IMAGE, args=list(args)),)
    made = [
        *deployment("gate", replicas=replicas, containers=containers),
        service("gate", *_PORTS, selector={"app": "gate"}, clusterIP="10.96.0.80"),
    ]
    if replicas:
        made += [
            pod("gate-1", GATE, {"app": "gate"}, containers, ready, owner="gate"),
            endpoints("gate", f"{'' if ready else '!'}{GATE}") | {"ports": list(_PORTS)},
        ]
    version, controller = "networking.k8s.io/v1", {"controller": "k8s.io/ingress-nginx"}
    made.append(manifest("IngressClass", class_name, version, namespace="", spec=controller))
    return [made]


def backend(name: str, port: int | str) -> Manifest:
    """A backend by number or by name."""
    return {"service": {"name": name, "port": {"number" if isinstance(port, int) else "name": port}}}


def rule(host: str, path: str, kind: str, to: Manifest) -> Manifest:
    """A rule with one path."""
    return {"host": host, "http": {"paths": [{"path": path, "pathType": kind, "backend": to}]}}


def ingress(*rules: Manifest, name: str = "nginx", **spec: object) -> Manifest:
    """Ingress shop; `name` is of its class, empty for none."""
    chosen = {"ingressClassName": name} if name else {}
    return manifest("Ingress", "shop", "networking.k8s.io/v1", spec={**chosen, "rules": list(rules), **spec})


def answers(through: int | Outcome, direct: int = 200, **by_aim: Outcome) -> See:
    """HTTP answers through the controller and of the endpoints themselves; all else is ok but for these aims."""

    def see(aimed: Aimed, probe: Probe, position: Position) -> Sight:
        if aimed.aim.name in by_aim:
            return by_aim[aimed.aim.name]
        if aimed.aim not in (Aim.RULE, Aim.DIRECT):
            return Outcome.OK
        answer = through if aimed.aim is Aim.RULE else direct
        if isinstance(answer, Outcome):
            return answer
        return Observation(probe.id, Outcome.OK, 0.01, detail={"status": answer})

    return see
