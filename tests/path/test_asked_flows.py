"""The flows that a question means."""

from __future__ import annotations

from pathlib import Path

import pytest

from netdoctor.cluster.files import load
from netdoctor.path.flows import asked_flows
from netdoctor.policy.compile import CompiledPolicies, compile_policies

CLUSTER = """
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: Pod
metadata: {name: db-0, namespace: shop, labels: {app: db}}
spec: {containers: [{name: main, ports: [{containerPort: 5432}]}]}
status: {podIP: 10.0.0.1}
---
apiVersion: v1
kind: Pod
metadata: {name: db-1, namespace: shop, labels: {app: db}}
spec: {containers: [{name: main, ports: [{containerPort: 5432}]}]}
status: {podIP: 10.0.0.2}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: none, namespace: shop}
spec: {podSelector: {}, policyTypes: [Ingress]}
"""


@pytest.fixture
def policies(tmp_path: Path) -> CompiledPolicies:
    (tmp_path / "cluster.yaml").write_text(CLUSTER)
    return compile_policies(load([str(tmp_path)]))


@pytest.mark.parametrize("source", ["ns/shop", "pod/db-0"])
def test_replicas_reach_one_another_and_not_themselves(policies: CompiledPolicies, source: str) -> None:
    (asked,) = asked_flows(policies, source, "ns/shop:5432", "shop")
    assert (asked.flow.source.name, asked.flow.destination.name) == ("db-0", "db-1")


def test_a_pod_reaches_itself_where_that_is_asked(policies: CompiledPolicies) -> None:
    (asked,) = asked_flows(policies, "pod/db-0", "pod/db-0:5432", "shop")
    assert asked.flow.source == asked.flow.destination
