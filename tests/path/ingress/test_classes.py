"""Which class an Ingress has, and which controller serves it."""

from __future__ import annotations

from typing import Any

import pytest

from netdoctor.cluster.objects import Ingress
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.path.ingress.classes import chosen_class, serving
from netdoctor.path.ingress.controllers import controllers
from tests.diagnosis.builders import Manifest, cluster, container, deployment, manifest, service

_DEFAULT = {"ingressclass.kubernetes.io/is-default-class": "true"}


def _class(name: str, controller: str, *, default: bool = False, created: str = "2025-01-01T00:00:00Z") -> Manifest:
    made = manifest(
        "IngressClass",
        name,
        "networking.k8s.io/v1",
        namespace="",
        annotations=_DEFAULT if default else {},
        spec={"controller": controller},
    )
    made["metadata"]["creationTimestamp"] = created
    return made


def _ingress(name: str = "", annotation: str = "") -> Manifest:
    annotations = {"kubernetes.io/ingress.class": annotation} if annotation else {}
    spec: dict[str, Any] = {"ingressClassName": name} if name else {}
    return manifest("Ingress", "shop", "networking.k8s.io/v1", annotations=annotations, spec=spec)


def _controller(name: str, image: str, *args: str, labels: dict[str, str] | None = None) -> list[Manifest]:
    one = container("controller", 80, image=image, args=list(args))
    return [*deployment(name, labels or {"app": name}, containers=(one,))]


def _served(snapshot: Snapshot) -> list[str]:
    ingress = snapshot.get("Ingress", "shop", "shop")
    assert isinstance(ingress, Ingress)
    return [one.owner.name for one in serving(chosen_class(snapshot, ingress), controllers(snapshot))]


@pytest.mark.parametrize(
    ("image", "controller", "labels"),
    [
        ("registry.k8s.io/ingress-nginx/controller:v1.12.1@sha256:00", "k8s.io/ingress-nginx", {}),
        ("nginx/nginx-ingress:5.0.0", "nginx.org/ingress-controller", {}),
        ("docker.io/library/traefik:v3.4", "traefik.io/ingress-controller", {}),
        ("haproxytech/kubernetes-ingress:3.1", "haproxy.org/ingress-controller/haproxy", {}),
        ("quay.io/jcmoraisjr/haproxy-ingress:v0.15", "haproxy-ingress.github.io/controller", {}),
        ("docker.io/envoyproxy/envoy:v1.34", "projectcontour.io/ingress-controller", {"app": "envoy"}),
        ("docker.io/emissaryingress/emissary:3.9", "getambassador.io/ingress-controller", {}),
        ("docker.io/istio/proxyv2:1.26", "istio.io/ingress-controller", {"istio": "ingressgateway"}),
        ("registry:5000/kong:3.9", "ingress-controllers.konghq.com/kong", {}),
    ],
)
def test_controllers_are_recognised_by_image_and_served_by_class(
    image: str, controller: str, labels: dict[str, str]
) -> None:
    snapshot = cluster(_class("web", controller), _ingress("web"), _controller("gate", image, labels=labels or None))
    assert _served(snapshot) == ["gate"]


def test_an_envoy_sidecar_is_no_contour() -> None:
    assert controllers(cluster(_controller("app", "envoyproxy/envoy:v1"))) == ()


def test_of_two_controllers_of_a_kind_the_one_with_the_class_counts() -> None:
    image = "registry.k8s.io/ingress-nginx/controller:v1"
    snapshot = cluster(
        _class("inner", "k8s.io/inner"),
        _class("nginx", "k8s.io/ingress-nginx"),
        _ingress("inner"),
        _controller("outer", image),
        _controller("inner", image, "--controller-class=k8s.io/inner", "--ingress-class=inner"),
    )
    assert _served(snapshot) == ["inner"]


def test_the_old_annotation_needs_no_class_where_a_controller_knows_it() -> None:
    image = "registry.k8s.io/ingress-nginx/controller:v1"
    assert _served(cluster(_ingress(annotation="nginx"), _controller("gate", image))) == ["gate"]
    assert _served(cluster(_ingress(annotation="nginx"), _controller("gate", image, "--ingress-class=inner"))) == []


def test_without_a_class_the_newer_default_counts() -> None:
    snapshot = cluster(
        _class("old", "k8s.io/ingress-nginx", default=True),
        _class("new", "traefik.io/ingress-controller", default=True, created="2025-05-01T00:00:00Z"),
        _ingress(),
        _controller("traefik", "traefik:v3"),
    )
    ingress = snapshot.get("Ingress", "shop", "shop")
    assert isinstance(ingress, Ingress)
    assert chosen_class(snapshot, ingress).name == "new"
    assert chosen_class(snapshot, ingress).defaults == ("new", "old")
    assert _served(snapshot) == ["traefik"]


@pytest.mark.parametrize(
    ("image", "args", "takes"),
    [
        ("registry.k8s.io/ingress-nginx/controller:v1", (), False),
        ("registry.k8s.io/ingress-nginx/controller:v1", ("--watch-ingress-without-class=true",), True),
        ("registry.k8s.io/ingress-nginx/controller:v1", ("--watch-ingress-without-class=false",), False),
        ("traefik:v3", (), True),
        ("traefik:v3", ("--providers.kubernetesIngress.ingressClass=web",), False),
    ],
)
def test_some_controllers_take_ingresses_without_a_class(image: str, args: tuple[str, ...], takes: bool) -> None:
    assert bool(_served(cluster(_ingress(), _controller("gate", image, *args)))) is takes


def test_the_service_for_clients_is_not_the_one_for_admission_webhooks() -> None:
    snapshot = cluster(
        _controller("gate", "registry.k8s.io/ingress-nginx/controller:v1"),
        service("a-admission", {"name": "https-webhook", "port": 443}, selector={"app": "gate"}),
        service("metrics", {"name": "metrics", "port": 10254}, selector={"app": "gate"}),
        service("z-inner", {"name": "http", "port": 80}, selector={"app": "gate"}),
        service("gate", {"name": "http", "port": 80}, selector={"app": "gate"}, type="NodePort"),
    )
    (found,) = controllers(snapshot)
    assert found.service is not None
    assert found.service.name == "gate"
