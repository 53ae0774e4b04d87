"""What counts as outside the cluster, and as its API server."""

from __future__ import annotations

import pytest

from netdoctor.path.egress import is_api_server, is_outside, leaves_cluster
from netdoctor.path.path import build_path
from netdoctor.path.target import resolve_target
from tests.path.conftest import Load

CLUSTER = """
apiVersion: v1
kind: Node
metadata: {name: master}
spec: {podCIDR: 10.244.0.0/24}
status: {addresses: [{type: InternalIP, address: 172.18.0.2}, {type: Hostname, address: master}]}
---
apiVersion: v1
kind: Service
metadata: {name: kubernetes, namespace: default}
spec: {clusterIP: 10.96.0.1, ports: [{name: https, port: 443, targetPort: 6443}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: kubernetes, namespace: default, labels: {kubernetes.io/service-name: kubernetes}}
addressType: IPv4
endpoints: [{addresses: [172.18.0.2], conditions: {ready: true}}]
ports: [{name: https, port: 6443, protocol: TCP}]
---
apiVersion: v1
kind: Service
metadata: {name: outside, namespace: prod}
spec: {type: ExternalName, externalName: db.example.com, ports: [{port: 5432}]}
---
apiVersion: v1
kind: Service
metadata: {name: inside, namespace: prod}
spec: {type: ExternalName, externalName: gone.prod.svc.cluster.local, ports: [{port: 5432}]}
---
apiVersion: v1
kind: Pod
metadata: {name: web-0, namespace: prod}
spec: {nodeName: master, containers: [{name: web, ports: [{containerPort: 8080}]}]}
status: {phase: Running, podIP: 10.244.0.9}
"""


@pytest.mark.parametrize(
    ("address", "outside"),
    [
        ("203.0.113.10", True),
        ("10.1.2.3", True),  # private, and nobody's in the cluster
        ("2001:db8::1", True),
        ("169.254.169.254", True),
        ("169.254.20.10", False),  # link-local, as NodeLocal DNSCache
        ("fe80::1", False),
        ("127.0.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("172.18.0.2", False),  # a node
        ("10.244.0.9", False),  # a pod
        ("10.244.0.77", False),  # a pod that is gone
        ("10.96.0.1", False),  # a Service
        ("example.com", False),
    ],
)
def test_outside_is_what_nobody_in_the_cluster_has(snapshot: Load, address: str, *, outside: bool) -> None:
    assert is_outside(snapshot(CLUSTER), address) is outside


@pytest.mark.parametrize(
    ("target", "leaves"),
    [
        ("203.0.113.10:443", True),
        ("https://203.0.113.10/", True),
        ("www.example.com:443", True),
        ("svc/outside", True),
        ("svc/inside", False),
        ("svc/kubernetes.default", False),
        ("172.18.0.2:10250", False),
        ("pod/web-0", False),
        ("svc/gone", False),
    ],
)
def test_a_target_leaves_the_cluster(snapshot: Load, target: str, *, leaves: bool) -> None:
    objects = snapshot(CLUSTER)
    assert leaves_cluster(objects, resolve_target(objects, target, "prod", "prod")) is leaves


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("svc/kubernetes.default", True),
        ("kubernetes.default:443", True),
        ("10.96.0.1:443", True),
        ("172.18.0.2:6443", True),
        ("172.18.0.2:10250", False),  # kubelet beside it
        ("svc/outside", False),
        ("203.0.113.10:6443", False),
    ],
)
def test_the_api_server_is_known_by_service_and_address(snapshot: Load, target: str, *, expected: bool) -> None:
    objects = snapshot(CLUSTER)
    assert is_api_server(objects, resolve_target(objects, target, "prod", "prod")) is expected


@pytest.mark.parametrize(
    ("text", "scheme", "url_path", "port"),
    [
        ("http://203.0.113.10/a/b", "http", "/a/b", 80),
        ("https://www.example.com:8443", "https", "/", 8443),
        ("http://[2001:db8::1]:8080/x", "http", "/x", 8080),
        ("203.0.113.10:80", "", "", 80),
    ],
)
def test_a_url_keeps_its_scheme_and_path(snapshot: Load, text: str, scheme: str, url_path: str, port: int) -> None:
    target = build_path(snapshot(CLUSTER), text, None, "prod").target
    assert (target.scheme, target.url_path, target.port) == (scheme, url_path, port)
