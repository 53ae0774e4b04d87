"""Positions and probes of checks that leave the cluster."""

from __future__ import annotations

import pytest

from netdoctor.model.probe import ProbeKind, Role
from netdoctor.path.expectation import expect
from netdoctor.path.path import build_path
from netdoctor.probing.aims import Aim
from netdoctor.probing.plan import PlanOptions, ProbePlan, make_plan
from tests.diagnosis.builders import NAMESPACE, Manifest, api, cluster, manifest, web

API_SERVER = [
    manifest("Service", "kubernetes", namespace="default", spec={"clusterIP": "10.96.0.1", "ports": [{"port": 443}]}),
    manifest(
        "EndpointSlice",
        "kubernetes",
        "discovery.k8s.io/v1",
        namespace="default",
        labels={"kubernetes.io/service-name": "kubernetes"},
        addressType="IPv4",
        endpoints=[{"addresses": ["172.18.0.1"], "conditions": {"ready": True}}],
        ports=[{"port": 6443, "protocol": "TCP"}],
    ),
]


def planned(target: str, source: str | None = None, **spec: object) -> ProbePlan:
    objects: list[Manifest] = [*api(), *web(**spec), *API_SERVER]
    snapshot = cluster(objects)
    path = build_path(snapshot, target, source, NAMESPACE)
    return make_plan(snapshot, path, expect(snapshot, path), PlanOptions())


def aims_from(plan: ProbePlan, role: Role) -> list[Aim]:
    return [plan.aims[probe.id].aim for pod in plan.pods if pod.position.role is role for probe in pod.probes]


def test_the_way_out_is_tried_where_the_sources_pods_run_and_elsewhere_each_beside_the_node() -> None:
    plan = planned("203.0.113.10:443", "deploy/web")
    placed = [(pod.position.id, pod.position.node, pod.position.host_network) for pod in plan.pods]
    assert placed == [
        ("source", "worker-2", False),
        ("other-node", "worker-1", False),
        ("node", "worker-2", True),
        ("node-1", "worker-1", True),
    ]


def test_nodes_ask_for_the_target_only_and_nothing_depends_on_them() -> None:
    plan = planned("www.example.com:443", "deploy/web")
    assert aims_from(plan, Role.NODE) == [Aim.HOST, Aim.HOST]
    by_node = [plan.aims[p.id] for pod in plan.pods if pod.position.role is Role.NODE for p in pod.probes]
    assert not any(aimed.required for aimed in by_node)


@pytest.mark.parametrize("target", ["svc/kubernetes.default", "172.18.0.1:6443"])
def test_the_api_server_is_asked_from_the_node_too(target: str) -> None:
    plan = planned(target, "deploy/web")
    assert Aim.BACKEND in aims_from(plan, Role.NODE)
    assert Aim.METADATA not in aims_from(plan, Role.SOURCE)


@pytest.mark.parametrize("target", ["svc/api", "pod/api-1", "172.18.0.2:10250"])
def test_ways_inside_the_cluster_need_neither_nodes_nor_the_metadata_service(target: str) -> None:
    plan = planned(target, "deploy/web")
    assert not aims_from(plan, Role.NODE)
    assert not any(probe.host == "169.254.169.254" for pod in plan.pods for probe in pod.probes)


def test_a_node_and_a_host_network_pod_are_no_contrast_to_themselves() -> None:
    for plan in (
        planned("203.0.113.10:443", "node/worker-1"),
        planned("203.0.113.10:443", "deploy/web", hostNetwork=True),
    ):
        assert not aims_from(plan, Role.NODE)
        assert Aim.METADATA not in aims_from(plan, Role.SOURCE)


def test_a_way_out_is_the_occasion_to_ask_for_the_metadata_service_from_pods_alone() -> None:
    plan = planned("203.0.113.10:443", "deploy/web")
    assert Aim.METADATA in aims_from(plan, Role.SOURCE)
    asked = [p for pod in plan.pods for p in pod.probes if plan.aims[p.id].aim is Aim.METADATA]
    assert {(p.kind, p.host, p.port) for p in asked} == {(ProbeKind.TCP, "169.254.169.254", 80)}
    assert not any(plan.aims[p.id].required for p in asked)


def test_strangers_are_asked_for_nothing_else() -> None:
    plan = planned("203.0.113.10:443", "deploy/web")
    to_target = {(p.kind, p.port) for pod in plan.pods for p in pod.probes if p.host == "203.0.113.10"}
    assert to_target == {(ProbeKind.TCP, 443)}


@pytest.mark.parametrize(
    ("url", "host", "name"),
    [("http://203.0.113.10:8080/a", "203.0.113.10", ""), ("http://www.example.com:8080/a", "", "www.example.com")],
)
def test_a_plain_url_is_asked_for_as_it_is(url: str, host: str, name: str) -> None:
    plan = planned(url, "deploy/web")
    (asked,) = {p.host + p.name + p.path for pod in plan.pods for p in pod.probes if p.kind is ProbeKind.HTTP}
    assert asked == f"{host}{name}/a"
    assert {p.port for pod in plan.pods for p in pod.probes if p.kind is ProbeKind.HTTP} == {8080}
    assert all(plan.aims[p.id].required for pod in plan.pods[:2] for p in pod.probes if p.kind is ProbeKind.HTTP)


def test_a_url_with_tls_is_not_asked_for_in_the_clear() -> None:
    plan = planned("https://www.example.com/", "deploy/web")
    assert not any(p.kind is ProbeKind.HTTP for pod in plan.pods for p in pod.probes)
    assert plan.not_tested == ()
