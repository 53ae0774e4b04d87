"""Which pods are given routes, and which routes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, cast

from e2e.runner.access import Access, Kubectl
from e2e.runner.ingress import controllers, write_routes

IMAGE = "netdoctor.dev/ingress:1"


def pod(name: str, image: str = IMAGE, state: str = "running", **metadata: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "gate", **metadata},
        "spec": {"containers": [{"name": "main", "image": image}]},
        "status": {"containerStatuses": [{"name": "main", "state": {state: {}}}]},
    }


def test_controllers_that_run() -> None:
    ended = pod("ended", deletionTimestamp="2026-01-01T00:00:00Z")
    others = [pod("web", image="netdoctor.dev/testapp:1"), pod("starts", state="waiting"), ended]
    assert list(controllers([*others, pod("one"), {"kind": "Service"}])) == [("gate", "one", "main")]


class Recorded(Kubectl):
    """kubectl that finds given objects, and keeps what is written where."""

    def __init__(self, objects: Mapping[str, Sequence[dict[str, Any]]]) -> None:
        super().__init__(cast("Access", None))
        self.objects = objects
        self.written: list[tuple[tuple[str, ...], Any]] = []

    def get(self, resources: str, *arguments: str) -> list[dict[str, Any]]:
        return list(self.objects[arguments[-1] if arguments else resources])

    def __call__(self, *arguments: str, stdin: str | None = None) -> str:
        self.written.append((arguments, json.loads(stdin or "")))
        return ""


def test_every_controller_gets_the_routes_of_all_namespaces() -> None:
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    rule = {"host": "shop.example", "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}
    ingress = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": "shop", "namespace": "shop"},
        "spec": {"ingressClassName": "own", "rules": [rule]},
    }
    own = {"apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", "metadata": {"name": "own"}}
    classes = [{**own, "spec": {"controller": "netdoctor.dev/ingress"}}]
    kubectl = Recorded({"gate": [pod("one"), pod("two")], "shop": [ingress], "ingressclasses": classes})
    write_routes(["gate", "shop"], kubectl)
    assert [arguments[2] for arguments, _ in kubectl.written] == ["one", "two"]
    for _, document in kubectl.written:
        (route,) = document["routes"]
        assert (route["host"], route["backend"]["because"]) == ("shop.example", "Service shop/web does not exist")
