"""Which probes tell of many flows, and from where they are sent."""

from __future__ import annotations

from pathlib import Path

import pytest

from netdoctor.cluster.expected_flows import ExpectedFlow
from netdoctor.cluster.files import load
from netdoctor.path.expected import decide_expected
from netdoctor.policy.compile import compile_policies
from netdoctor.policy.profile import profile_for
from netdoctor.probing.flow_plan import FlowPlan, plan_flows
from netdoctor.probing.plan import PlanOptions

CLUSTER = """
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Namespace, metadata: {name: shop}}
- {apiVersion: v1, kind: Namespace, metadata: {name: empty}}
- apiVersion: v1
  kind: Node
  metadata: {name: one}
  status: {addresses: [{type: InternalIP, address: 172.18.0.2}]}
- apiVersion: v1
  kind: Pod
  metadata: {name: web, namespace: shop, labels: {app: web}}
  spec: {nodeName: one, containers: [{name: main}]}
  status: {podIP: 10.0.0.1}
- apiVersion: v1
  kind: Pod
  metadata: {name: done, namespace: shop, labels: {app: job}}
  spec: {nodeName: one, containers: [{name: main}]}
  status: {phase: Succeeded, podIP: 10.0.0.9}
- apiVersion: v1
  kind: Pod
  metadata: {name: db-0, namespace: shop, labels: {app: db, role: primary}}
  spec: {nodeName: one, containers: [{name: main}]}
  status: {podIP: 10.0.0.2}
- apiVersion: v1
  kind: Pod
  metadata: {name: db-1, namespace: shop, labels: {app: db}}
  spec: {nodeName: one, containers: [{name: main}]}
  status: {podIP: 10.0.0.3}
- apiVersion: apps/v1
  kind: Deployment
  metadata: {name: asleep, namespace: shop}
  spec:
    replicas: 0
    selector: {matchLabels: {app: asleep}}
    template: {metadata: {labels: {app: asleep}}, spec: {containers: [{name: main}]}}
- apiVersion: v1
  kind: Service
  metadata: {name: db, namespace: shop}
  spec: {clusterIP: 10.96.0.1, selector: {app: db}, ports: [{port: 15432, targetPort: 5432}]}
- apiVersion: discovery.k8s.io/v1
  kind: EndpointSlice
  metadata: {name: db-1, namespace: shop, labels: {kubernetes.io/service-name: db}}
  addressType: IPv4
  ports: [{port: 5432, protocol: TCP}]
  endpoints:
  - {addresses: [10.0.0.2], targetRef: {kind: Pod, name: db-0, namespace: shop}}
  - {addresses: [10.0.0.3], targetRef: {kind: Pod, name: db-1, namespace: shop}}
"""
POLICY = """
- apiVersion: networking.k8s.io/v1
  kind: NetworkPolicy
  metadata: {name: primary, namespace: shop}
  spec: {podSelector: {matchLabels: {role: primary}}, policyTypes: [Ingress]}
"""


def _plan(tmp_path: Path, *flows: tuple[str, str], policies: str = "") -> FlowPlan:
    (tmp_path / "cluster.yaml").write_text(CLUSTER + policies)
    compiled = compile_policies(load([str(tmp_path)]))
    expected = [ExpectedFlow(source, to, allowed=True) for source, to in flows]
    decided = decide_expected(compiled, expected, profile_for("calico"), "shop")
    return plan_flows(compiled.snapshot, decided, PlanOptions())


def _probes(plan: FlowPlan) -> list[tuple[str, int]]:
    return [(probe.host, probe.port) for pod in plan.pods for probe in pod.probes]


def test_a_service_is_asked_at_its_own_address(tmp_path: Path) -> None:
    assert _probes(_plan(tmp_path, ("pod/web", "svc/db"))) == [("10.96.0.1", 15432)]


def test_and_its_endpoints_one_by_one_where_policies_tell_them_apart(tmp_path: Path) -> None:
    plan = _plan(tmp_path, ("pod/web", "svc/db"), policies=POLICY)
    assert _probes(plan) == [("10.0.0.2", 5432), ("10.0.0.3", 5432)]
    ((first, second),) = plan.sent
    assert (first.decided.verdict.allowed, second.decided.verdict.allowed) == (False, True)
    delays = {probe.id: probe.delay for pod in plan.pods for probe in pod.probes}
    assert delays[first.probe] > delays[second.probe] == 0


def test_a_node_is_a_source_on_its_own_network(tmp_path: Path) -> None:
    (pod,) = _plan(tmp_path, ("node/one", "pod/db-1:80")).pods
    assert (pod.position.node, pod.position.host_network, dict(pod.position.labels)) == ("one", True, {})


def test_a_namespace_without_pods_is_a_neutral_pod(tmp_path: Path) -> None:
    (pod,) = _plan(tmp_path, ("ns/empty", "pod/db-1:80")).pods
    assert (pod.position.namespace, pod.position.stands_for) == ("empty", None)


def test_a_workload_without_pods_is_one_as_its_template_makes_it(tmp_path: Path) -> None:
    (pod,) = _plan(tmp_path, ("deploy/asleep", "pod/db-1:80")).pods
    assert pod.position.labels == {"app": "asleep"}


def test_two_expectations_share_source_and_probe(tmp_path: Path) -> None:
    plan = _plan(tmp_path, ("pod/web", "pod/db-1:80"), ("pod/web", "10.0.0.3:80"), ("pod/web", "pod/db-1:81"))
    assert _probes(plan) == [("10.0.0.3", 80), ("10.0.0.3", 81)]
    assert plan.sent[0][0].probe == plan.sent[1][0].probe


@pytest.mark.parametrize(
    ("source", "to", "because"),
    [
        ("external", "pod/web:80", "outside the cluster"),
        ("192.0.2.7", "pod/web:80", "outside the cluster"),
        ("pod/web", "external:80", "give one"),
        ("pod/web", "pod/db-1:80/SCTP", "SCTP"),
        ("pod/done", "pod/web:80", "shop/done has finished"),
        ("pod/web", "pod/done:80", "shop/done has finished"),
        ("pod/web", "deploy/asleep:80", "no address yet"),
        ("pod/web", "pod/web:80", "to itself"),
        ("pod/web", "127.0.0.1:80", "loopback"),
    ],
)
def test_what_no_probe_can_tell(tmp_path: Path, source: str, to: str, because: str) -> None:
    plan = _plan(tmp_path, (source, to))
    ((sent,),) = plan.sent
    assert (plan.pods, sent.probe) == ((), "")
    assert because in sent.because
