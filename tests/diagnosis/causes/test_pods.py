"""Pods that are there, and are not ready or not running."""

from __future__ import annotations

from typing import Any

import pytest

from netdoctor.diagnosis.causes.pods import NoReadyEndpoints, PodNotRunning, SomeEndpointsNotReady
from netdoctor.model.probe import Outcome
from netdoctor.model.refs import ObjectRef
from tests.diagnosis.builders import (
    Manifest,
    cluster,
    codes,
    container,
    deployment,
    endpoints,
    event,
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
PROBED = container("app", 8080, readinessProbe={"httpGet": {"path": "/", "port": 8080}})
UNHEALTHY = event("api-1", "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503")


def waiting(reason: str, message: str = "", **last: Any) -> dict[str, Any]:
    state = {"waiting": {"reason": reason, "message": message}}
    return {"name": "app", "ready": False, "restartCount": 4, "state": state, "lastState": last}


def unready(**fields: Any) -> list[Manifest]:
    """A Service whose only pod is not Ready."""
    one = pod("api-1", "10.244.1.5", ready=False, owner="api", **{"containers": (PROBED,), **fields})
    return [service("api"), *deployment("api"), one, endpoints("api", "!10.244.1.5")]


def test_a_failing_readiness_probe_is_quoted_and_contradicted_by_an_answer() -> None:
    case = examine(cluster(unready(), UNHEALTHY), "svc/api", REJECTED)
    one = found(NoReadyEndpoints, case)
    assert refs(one) == [
        "Deployment shop/api spec.template.spec.containers[0].readinessProbe",
        "Pod shop/api-1",
    ]
    assert "does not pass (Readiness probe failed: HTTP probe failed with statuscode: 503)" in one.finding.explanation
    assert "The application itself answers on port 8080" in one.finding.explanation
    assert codes(case) == ["NoReadyEndpoints"]


CRASH = waiting("CrashLoopBackOff", terminated={"exitCode": 2, "reason": "Error"})
UNSCHEDULABLE = {"type": "PodScheduled", "status": "False", "message": "0/2 nodes are available"}


@pytest.mark.parametrize(
    ("fields", "because"),
    [
        ({"statuses": (CRASH,)}, "container app is in CrashLoopBackOff (exit code 2, Error, 4 restarts)"),
        (
            {"statuses": (waiting("ImagePullBackOff", "Back-off pulling"),)},
            "container app waits: ImagePullBackOff (Back-off pulling)",
        ),
        ({"statuses": (waiting("ContainerCreating"),)}, "container app is being created"),
        ({"conditions": (UNSCHEDULABLE,), "statuses": ()}, "it cannot be scheduled: 0/2 nodes are available"),
        (
            {"spec": {"readinessGates": [{"conditionType": "example.com/lb"}]}, "containers": (container(),)},
            "its readiness gate example.com/lb is not met",
        ),
        ({"deletionTimestamp": "2025-06-01T11:59:00Z"}, "it is being deleted"),
        ({"status": {"phase": "Failed", "reason": "Evicted"}}, "it has finished (Evicted)"),
        (
            {"conditions": ({"type": "Ready", "status": "False", "reason": "NodeNotReady"},)},
            "its node worker-1 is not ready",
        ),
    ],
)
def test_the_reason_of_each_pod(fields: dict[str, Any], because: str) -> None:
    one = found(NoReadyEndpoints, examine(cluster(unready(**fields)), "svc/api"))
    assert because in one.finding.title


def test_what_an_init_container_waits_for() -> None:
    init = {"name": "migrate", "ready": False, "state": {"terminated": {"exitCode": 1, "reason": "Error"}}}
    objects = unready(
        spec={"initContainers": [{"name": "migrate"}]},
        status={"initContainerStatuses": [init]},
        statuses=(waiting("PodInitializing"),),
    )
    title = found(NoReadyEndpoints, examine(cluster(objects), "svc/api")).finding.title
    assert "container migrate has ended (exit code 1, Error, 0 restarts)" in title


def test_an_event_of_an_earlier_pod_of_that_name_does_not_count() -> None:
    old = event("api-1", "Unhealthy", "Readiness probe failed: old")
    old["involvedObject"]["uid"] = "another"
    explanation = found(NoReadyEndpoints, examine(cluster(unready(), old), "svc/api")).finding.explanation
    assert "old" not in explanation


def test_a_container_that_cannot_be_created() -> None:
    no_network = event("api-1", "FailedCreatePodSandBox", "no podCIDR")
    objects = unready(statuses=(waiting("ContainerCreating"),))
    title = found(NoReadyEndpoints, examine(cluster(objects, no_network), "svc/api")).finding.title
    assert "FailedCreatePodSandBox: no podCIDR" in title


def test_pods_that_cannot_be_created() -> None:
    failure = [{"type": "ReplicaFailure", "status": "True", "message": "exceeded quota: pods=0"}]
    objects = [service("api"), *deployment("api", status={"conditions": failure})]
    one = found(NoReadyEndpoints, examine(cluster(objects), "svc/api", REJECTED))
    assert "its pods cannot be created: exceeded quota: pods=0" in one.finding.title
    assert refs(one) == ["Deployment shop/api"]


def test_a_service_without_selector_that_nobody_fills() -> None:
    one = found(NoReadyEndpoints, examine(cluster(service("api", selector={})), "svc/api", REJECTED))
    assert refs(one) == ["Service shop/api spec.selector"]


def test_a_slice_by_hand_whose_port_has_another_name() -> None:
    objects = [
        service("api", {"name": "http", "port": 80}, selector={}),
        endpoints("api", "192.0.2.1", port=80, port_name="web"),
    ]
    one = found(NoReadyEndpoints, examine(cluster(objects), "svc/api", REJECTED))
    assert "has ports named 'web', Service shop/api has 'http'" in one.finding.title


def test_manifests_without_status_prove_nothing() -> None:
    objects = [service("api"), manifest("Pod", "api-1", labels={"app": "api"}, spec={"containers": [container()]})]
    assert NoReadyEndpoints().examine(examine(cluster(objects), "svc/api")) is None


def test_ruled_out_by_ready_endpoints() -> None:
    objects = [service("api"), pod("a", "10.244.1.5"), endpoints("api", "10.244.1.5")]
    case = examine(cluster(objects), "svc/api", sees())
    assert ruled_out(NoReadyEndpoints, case) == "ready endpoints: 1"
    assert ruled_out(SomeEndpointsNotReady, case) == "1 of 1 endpoints are ready"
    assert PodNotRunning().examine(case) is None


def partly(status: dict[str, Any] | None = None, **fields: Any) -> list[Manifest]:
    """One ready and one unready pod of the same Deployment."""
    second = pod("api-1", "10.244.2.6", ready=False, owner="api", **{"containers": (PROBED,), **fields})
    return [
        service("api"),
        *deployment("api", replicas=2, status=status or {"replicas": 2, "updatedReplicas": 2}),
        pod("api-0", "10.244.1.5", owner="api"),
        second,
        endpoints("api", "10.244.1.5", "!10.244.2.6"),
    ]


def test_some_are_not_ready() -> None:
    case = examine(cluster(partly(), UNHEALTHY), "svc/api", sees())
    one = found(SomeEndpointsNotReady, case)
    assert one.finding.title == "1 of 2 pods of Service shop/api are not Ready"
    assert "Deployment shop/api spec.template.spec.containers[0].readinessProbe" in refs(one)
    assert codes(case) == ["SomeEndpointsNotReady"]


def test_a_rolling_update_is_no_fault() -> None:
    case = examine(cluster(partly({"replicas": 2, "updatedReplicas": 1})), "svc/api", sees())
    assert "an update or a start in progress" in ruled_out(SomeEndpointsNotReady, case)
    assert codes(case) == []


@pytest.mark.parametrize(
    ("status", "fields"),
    [
        ({"replicas": 2, "updatedReplicas": 1}, {"statuses": (CRASH,)}),
        (
            {
                "replicas": 2,
                "updatedReplicas": 1,
                "conditions": [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}],
            },
            {},
        ),
    ],
    ids=["new pods crash", "deadline exceeded"],
)
def test_a_rolling_update_that_is_stuck_is_one(status: dict[str, Any], fields: dict[str, Any]) -> None:
    found(SomeEndpointsNotReady, examine(cluster(partly(status, **fields)), "svc/api", sees()))


def test_a_young_pod_without_trouble_is_starting() -> None:
    case = examine(cluster(partly(age=5)), "svc/api", sees())
    assert "a start in progress" in ruled_out(SomeEndpointsNotReady, case)
    found(SomeEndpointsNotReady, examine(cluster(partly(age=5), UNHEALTHY), "svc/api", sees()))


def test_unready_peers_on_purpose() -> None:
    objects = partly()
    objects[0]["spec"]["publishNotReadyAddresses"] = True
    assert SomeEndpointsNotReady().examine(examine(cluster(objects), "svc/api", sees())) is None


def test_a_pod_that_does_not_run() -> None:
    broken = pod("api-1", statuses=(waiting("ErrImageNeverPull"),), ready=False)
    case = examine(cluster(broken), "pod/api-1:8080", sees())
    one = found(PodNotRunning, case)
    assert refs(one) == ["Pod shop/api-1 spec.containers[0].image"]
    assert codes(case) == ["PodNotRunning"]


def test_a_pod_that_runs_and_is_not_ready_can_be_reached() -> None:
    case = examine(cluster(pod("api-1", "10.244.1.5", ready=False)), "pod/api-1:8080", sees())
    assert ruled_out(PodNotRunning, case) == "1 of 1 pods run"
    assert codes(case) == []


def test_a_crash_explains_what_its_pod_refuses() -> None:
    crashed = pod("api-1", "10.244.1.5", ready=False, statuses=(CRASH,))
    case = examine(cluster(crashed), "pod/api-1:8080", sees(UNREADY=Outcome.REFUSED))
    assert codes(case) == ["PodNotRunning"]
    assert found(PodNotRunning, case).explains == {s.id for s in case.failed}


def test_pods_are_named_once_per_reason() -> None:
    objects = [
        service("api"),
        *deployment("api", replicas=2),
        *(pod(f"api-{n}", f"10.244.1.{n}", ready=False, owner="api", statuses=(CRASH,)) for n in (5, 6)),
    ]
    one = found(NoReadyEndpoints, examine(cluster(objects), "svc/api"))
    assert "2 pods (api-5, api-6): container app is in CrashLoopBackOff" in one.finding.explanation
    assert [fix.command for fix in one.finding.fixes] == ["kubectl logs pod/api-5 -n shop -c app --previous"]
    assert one.finding.objects[0] == ObjectRef("Deployment", "api", "shop", "spec.template.spec.containers[0]")
