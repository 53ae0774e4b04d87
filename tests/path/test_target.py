"""From the user's words to a target."""

import pytest

from netdoctor.model.errors import InputError
from netdoctor.path.target import TargetKind, resolve_target, target_namespace
from tests.path.conftest import Load

CLUSTER = """
apiVersion: v1
kind: Namespace
metadata: {name: prod}
---
apiVersion: v1
kind: Namespace
metadata: {name: web}
---
apiVersion: v1
kind: Service
metadata: {name: api, namespace: prod}
spec: {clusterIP: 10.96.0.7, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: api.v2, namespace: web}
spec: {clusterIP: 10.96.0.8, ports: [{port: 80}]}
---
apiVersion: v1
kind: Pod
metadata: {name: db-0, namespace: prod}
spec: {containers: [{name: db, ports: [{containerPort: 5432}]}]}
status: {phase: Running, podIP: 10.244.1.9}
"""


@pytest.mark.parametrize(
    ("text", "namespace", "source", "kind", "ref", "asked"),
    [
        ("svc/api", "prod", "prod", TargetKind.SERVICE, "Service prod/api", "api"),
        ("services/api", "prod", "web", TargetKind.SERVICE, "Service prod/api", "api.prod"),
        ("svc/api.prod", "web", "web", TargetKind.SERVICE, "Service prod/api", "api.prod"),
        ("svc/api.v2", "web", "web", TargetKind.SERVICE, "Service web/api.v2", "api.v2"),
        ("svc/gone", "prod", "prod", TargetKind.SERVICE, "Service prod/gone", "gone"),
        ("api", "default", "prod", TargetKind.SERVICE, "Service prod/api", "api"),
        ("api", "default", "web", TargetKind.SERVICE, "Service web/api", "api"),
        ("api.prod:80", "default", "web", TargetKind.SERVICE, "Service prod/api", "api.prod"),
        (
            "api.prod.svc.cluster.local",
            "x",
            "web",
            TargetKind.SERVICE,
            "Service prod/api",
            "api.prod.svc.cluster.local",
        ),
        ("http://api.prod/health", "x", "web", TargetKind.SERVICE, "Service prod/api", "api.prod"),
        ("gone.prod", "x", "web", TargetKind.SERVICE, "Service prod/gone", "gone.prod"),
        ("example.com:443", "x", "web", TargetKind.HOST, "Host example.com", "example.com"),
        ("10.96.0.7:80", "x", "web", TargetKind.SERVICE, "Service prod/api", ""),
        ("10.244.1.9:5432", "x", "web", TargetKind.PODS, "Pod prod/db-0", ""),
        ("192.0.2.1:80", "x", "web", TargetKind.ADDRESS, "Address 192.0.2.1", ""),
        ("[2001:db8::1]:80", "x", "web", TargetKind.ADDRESS, "Address 2001:db8::1", ""),
        ("po/db-0", "prod", "prod", TargetKind.PODS, "Pod prod/db-0", ""),
    ],
)
def test_targets(
    snapshot: Load, text: str, namespace: str, source: str, kind: TargetKind, ref: str, asked: str
) -> None:
    target = resolve_target(snapshot(CLUSTER), text, namespace, source)
    assert (target.kind, str(target.ref), target.dns_name) == (kind, ref, asked)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "svc/",
        "frob/x",
        "svc/api:0",
        "svc/api:99999",
        "svc/API",
        "example.com",
        "10.96.0.7",
        "http://",
        "a b",
        "ftp://x",
    ],
)
def test_bad_targets_are_one_clear_line(snapshot: Load, text: str) -> None:
    with pytest.raises(InputError) as caught:
        resolve_target(snapshot(CLUSTER), text, "prod", "prod")
    assert "\n" not in caught.value.what
    assert caught.value.what


def test_a_neutral_source_stands_in_the_targets_namespace(snapshot: Load) -> None:
    cluster = snapshot(CLUSTER)
    assert target_namespace("svc/api.prod", "web", cluster) == "prod"
    assert target_namespace("api.prod", "web", cluster) == "prod"
    assert target_namespace("example.com:443", "web", cluster) == "web"
