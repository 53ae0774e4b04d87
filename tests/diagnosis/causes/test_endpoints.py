"""No endpoints, because no pod is there to be one."""

from __future__ import annotations

import pytest

from netdoctor.cluster.snapshot import Unread
from netdoctor.diagnosis.causes.endpoints import ServiceSelectorMismatch, WorkloadScaledToZero
from netdoctor.model.probe import Outcome
from netdoctor.model.report import Certainty
from tests.diagnosis.builders import (
    Manifest,
    cluster,
    codes,
    deployment,
    endpoints,
    examine,
    found,
    manifest,
    pod,
    refs,
    ruled_out,
    sees,
    service,
)

REJECTED = sees(VIP=Outcome.REJECTED)
TYPO = [
    service("api", selector={"app": "backend"}),
    *deployment("api", {"app": "back-end"}),
    pod("api-1", "10.244.1.5", {"app": "back-end"}, owner="api"),
]


def test_a_misspelt_selector_is_named_with_its_repair() -> None:
    one = found(ServiceSelectorMismatch, examine(cluster(TYPO), "svc/api", REJECTED))
    assert refs(one) == ["Service shop/api spec.selector"]
    assert (
        "Deployment shop/api nearly matches: app=back-end where the selector wants app=backend"
        in one.finding.explanation
    )
    assert one.finding.fixes[0].patch == {"spec": {"selector": {"app": "back-end"}}}
    assert one.finding.fixes[0].command.startswith("kubectl patch service/api -n shop --type=merge -p ")
    assert one.finding.certainty is Certainty.CERTAIN
    assert len(one.explains) == 2, "the ClusterIP fails from both nodes"


def test_objects_alone_are_enough_and_likely() -> None:
    case = examine(cluster(TYPO), "svc/api")
    assert codes(case) == ["ServiceSelectorMismatch"]
    assert found(ServiceSelectorMismatch, case).finding.certainty is Certainty.LIKELY


def test_a_label_too_many_is_taken_out_of_the_selector() -> None:
    objects = [service("api", selector={"app": "api", "tier": "back"}), *deployment("api")]
    fix = found(ServiceSelectorMismatch, examine(cluster(objects), "svc/api")).finding.fixes[0]
    assert fix.patch == {"spec": {"selector": {"tier": None}}}


def test_a_selector_of_which_nothing_is_left_becomes_the_workloads() -> None:
    objects = [service("api", selector={"run": "api"}), *deployment("api", {"app": "api"})]
    fix = found(ServiceSelectorMismatch, examine(cluster(objects), "svc/api")).finding.fixes[0]
    assert fix.patch == {"spec": {"selector": {"run": None, "app": "api"}}}


def test_pods_of_another_namespace_are_pointed_out() -> None:
    elsewhere = deployment("api")
    elsewhere[0]["metadata"]["namespace"] = "other"
    one = found(ServiceSelectorMismatch, examine(cluster(service("api"), elsewhere[0]), "svc/api"))
    assert (
        "Deployment other/api would match, but a Service selects pods of its own namespace" in one.finding.explanation
    )
    assert one.finding.fixes == ()


def test_names_in_commands_are_quoted() -> None:
    labels = {"app": "x'; rm -rf /"}
    objects = [service("api", selector={"app": "api", "tier": "x"}), pod("p", "10.244.1.5", {"tier": "x", **labels})]
    command = found(ServiceSelectorMismatch, examine(cluster(objects), "svc/api")).finding.fixes[0].command
    assert """'"'"'; rm -rf /""" in command


@pytest.mark.parametrize(
    ("objects", "because"),
    [
        ([service("api"), pod("a", "10.244.1.5", ready=False)], "pods that match the selector: 1"),
        ([service("api"), *deployment("api", replicas=0)], "the pods of Deployment shop/api match the selector"),
    ],
)
def test_ruled_out_where_labels_match(objects: list[Manifest], because: str) -> None:
    assert ruled_out(ServiceSelectorMismatch, examine(cluster(objects), "svc/api", REJECTED)) == because


@pytest.mark.parametrize(
    "objects",
    [
        [service("api", selector={}), endpoints("api", "192.0.2.1")],
        [service("api", selector={"app": "x"}), endpoints("api", "192.0.2.1")],
        [
            manifest(
                "Service", "api", spec={"type": "ExternalName", "externalName": "example.com", "selector": {"app": "x"}}
            )
        ],
        [],
    ],
    ids=["no selector", "endpoints by hand", "ExternalName", "no Service"],
)
def test_does_not_apply(objects: list[Manifest]) -> None:
    assert ServiceSelectorMismatch().examine(examine(cluster(objects), "svc/api")) is None


def test_pods_that_could_not_be_read_are_not_absent() -> None:
    snapshot = cluster(service("api"), unread=(Unread("Pod", "", "forbidden"),))
    assert ServiceSelectorMismatch().examine(examine(snapshot, "svc/api", REJECTED)) is None
    assert WorkloadScaledToZero().examine(examine(snapshot, "svc/api", REJECTED)) is None


def test_an_answer_contradicts() -> None:
    assert ServiceSelectorMismatch().examine(examine(cluster(service("api")), "svc/api", sees())) is None


def test_scaled_to_zero() -> None:
    case = examine(cluster(service("api"), deployment("api", replicas=0)), "svc/api", REJECTED)
    one = found(WorkloadScaledToZero, case)
    assert refs(one) == ["Deployment shop/api spec.replicas"]
    assert one.finding.fixes[0].command == "kubectl scale deployment/api -n shop --replicas=1"
    assert codes(case) == ["WorkloadScaledToZero"]


def test_scaled_to_zero_on_purpose() -> None:
    objects = deployment("api", replicas=0, annotations={"autoscaling.keda.sh/paused": "true"})
    one = found(WorkloadScaledToZero, examine(cluster(service("api"), objects), "svc/api", REJECTED))
    assert "autoscaling.keda.sh/paused: an autoscaler may have done that on purpose" in one.finding.explanation


def test_a_workload_asked_for_by_name() -> None:
    case = examine(cluster(deployment("api", replicas=0)), "deploy/api:8080", sees())
    assert codes(case) == ["WorkloadScaledToZero"]


def test_not_scaled_to_zero_where_another_workload_wants_pods() -> None:
    objects = [*deployment("old", {"app": "api"}, replicas=0), *deployment("new", {"app": "api"})]
    case = examine(cluster(service("api"), objects), "svc/api")
    assert ruled_out(WorkloadScaledToZero, case) == "Deployment shop/new wants pods"
