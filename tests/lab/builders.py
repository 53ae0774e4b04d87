"""Manifests as users write them, and labs of them."""

from __future__ import annotations

from typing import Any

import yaml

from netdoctor.lab.control.shape import Shape
from netdoctor.lab.control.start import start
from netdoctor.lab.objects import Manifest, Objects

TESTAPP = "netdoctor.dev/testapp:1"


def parsed(text: str) -> list[dict[str, Any]]:
    """The documents of a YAML text."""
    return [document for document in yaml.safe_load_all(text) if document]


def lab(*documents: dict[str, Any], nodes: int = 3, dual_stack: bool = False) -> Objects:
    """A fresh lab of these documents."""
    return start(documents, Shape(nodes=nodes, dual_stack=dual_stack))


def container(*args: str, name: str = "app", image: str = TESTAPP, **fields: Any) -> dict[str, Any]:
    """A container, by default of the test application."""
    return {"name": name, "image": image, **({"args": list(args)} if args else {}), **fields}


def workload(
    kind: str, name: str, *containers: dict[str, Any], replicas: int | None = None, **spec: Any
) -> dict[str, Any]:
    """A workload whose pods have the label app=NAME; `spec` are fields of it, `pod` among them of its pods."""
    labels = {"app": name}
    pod = {
        "containers": list(containers) or [container("http:8080", ports=[{"containerPort": 8080}])],
        **spec.pop("pod", {}),
    }
    wanted = {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": pod}, **spec}
    if replicas is not None:
        wanted["replicas"] = replicas
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name, "namespace": "shop"}, "spec": wanted}


def pod(name: str, *containers: dict[str, Any], labels: dict[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    """A pod that nothing controls."""
    metadata = {"name": name, "namespace": "shop", "labels": labels or {}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "spec": {"containers": list(containers) or [container("http:8080")], **spec},
    }


def service(name: str, *ports: dict[str, Any], **spec: Any) -> dict[str, Any]:
    """A Service that selects app=NAME."""
    content = {"selector": {"app": name}, "ports": list(ports) or [{"port": 80, "targetPort": 8080}], **spec}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "shop"}, "spec": content}


def some(objects: Objects, kind: str, prefix: str = "", namespace: str = "shop") -> list[Manifest]:
    """The objects of a kind whose names begin so."""
    return [m for (k, ns, name), m in objects.items() if (k, ns) == (kind, namespace) and name.startswith(prefix)]


def one(objects: Objects, kind: str, prefix: str = "") -> Manifest:
    """The only such object."""
    (found,) = some(objects, kind, prefix)
    return found


def names(manifests: list[Manifest]) -> list[str]:
    """Their names."""
    return [manifest["metadata"]["name"] for manifest in manifests]


def reason(manifest: Manifest) -> str:
    """Why the only container of a pod waits."""
    (status,) = manifest["status"]["containerStatuses"]
    return str(status["state"].get("waiting", {}).get("reason", ""))


def is_ready(manifest: Manifest) -> bool:
    """Whether a pod's Ready condition is True."""
    return any(c["type"] == "Ready" and c["status"] == "True" for c in manifest["status"]["conditions"])
