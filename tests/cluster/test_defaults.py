"""Defaults of the API server that manifests may lack."""

from __future__ import annotations

import pytest

from netdoctor.cluster.defaults import with_defaults
from netdoctor.cluster.objects import Deployment, NetworkPolicy, Service
from tests.cluster.manifests import objects


@pytest.mark.parametrize(
    ("spec", "types"),
    [
        ("{}", ("Ingress",)),
        ("{egress: []}", ("Ingress",)),
        ("{egress: [{}]}", ("Ingress", "Egress")),
        ("{policyTypes: [Egress], ingress: [{}]}", ("Egress",)),
    ],
)
def test_policy_types(spec: str, types: tuple[str, ...]) -> None:
    (policy,) = objects(
        f"{{kind: NetworkPolicy, apiVersion: networking.k8s.io/v1, metadata: {{name: p}}, spec: {spec}}}"
    )
    defaulted = with_defaults(policy)
    assert isinstance(defaulted, NetworkPolicy)
    assert (defaulted.namespace, defaulted.spec.policy_types) == ("default", types)


def test_services() -> None:
    (service,) = objects("""
        {kind: Service, apiVersion: v1, metadata: {name: s, namespace: shop}, spec: {type: NodePort, ports: [
          {port: 80}, {port: 81, targetPort: http, protocol: UDP}, {port: 82, targetPort: 0, protocol: ""}]}}
        """)
    defaulted = with_defaults(service)
    assert isinstance(defaulted, Service)
    assert defaulted.namespace == "shop"
    assert defaulted.spec.external_traffic_policy == "Cluster"
    assert [(p.target_port, p.protocol) for p in defaulted.spec.ports] == [(80, "TCP"), ("http", "UDP"), (82, "TCP")]


def test_replicas_and_cluster_scope() -> None:
    unset, zero, *nodes = map(
        with_defaults,
        objects("""
            {kind: Deployment, apiVersion: apps/v1, metadata: {name: d}}
            ---
            {kind: Deployment, apiVersion: apps/v1, metadata: {name: d}, spec: {replicas: 0}}
            ---
            {kind: Node, apiVersion: v1, metadata: {name: n}}
            ---
            {kind: Node, apiVersion: v1, metadata: {name: n, namespace: shop}}
            """),
    )
    assert isinstance(unset, Deployment)
    assert isinstance(zero, Deployment)
    assert (unset.spec.replicas, zero.spec.replicas) == (1, 0)
    assert [node.namespace for node in nodes] == ["", ""]
