"""When objects have settled, Ready or not."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from e2e.runner.settled import unsettled

NOW = datetime(2026, 1, 1, 12, 0, 30, tzinfo=UTC)
STARTED = "2026-01-01T12:00:20Z"  # ten seconds ago


def deployment(**status: Any) -> dict[str, Any]:
    metadata = {"name": "d", "namespace": "n", "generation": 2, "uid": "1"}
    status = {"observedGeneration": 2, "updatedReplicas": 1, **status}
    return {"kind": "Deployment", "metadata": metadata, "spec": {"replicas": 1}, "status": status}


def pod(
    ready: str = "True", state: dict[str, Any] | None = None, probe: dict[str, Any] | None = None
) -> dict[str, Any]:
    container = {"name": "c", "ready": False, "state": state or {"running": {"startedAt": STARTED}}}
    return {
        "kind": "Pod",
        "metadata": {"name": "p", "namespace": "n", "labels": {"app": "a"}},
        "spec": {"containers": [{"name": "c", "readinessProbe": probe or {"periodSeconds": 1}}]},
        "status": {
            "phase": "Running",
            "podIP": "10.0.0.1",
            "conditions": [{"type": "Ready", "status": ready}],
            "containerStatuses": [container],
        },
    }


def with_conditions(*conditions: dict[str, str]) -> dict[str, Any]:
    item = pod("False", {"waiting": {"reason": "ContainerCreating"}})
    item["status"]["conditions"] = list(conditions)
    return item


def without_network(since: str) -> dict[str, Any]:
    item = with_conditions({"type": "PodReadyToStartContainers", "status": "False"})
    item["status"]["startTime"] = since
    return item


def ending(at: str) -> dict[str, Any]:
    item = pod()
    item["metadata"]["deletionTimestamp"] = at
    return item


SERVICE = {"kind": "Service", "metadata": {"name": "s", "namespace": "n"}, "spec": {"selector": {"app": "a"}}}
SLICE = {
    "kind": "EndpointSlice",
    "metadata": {"name": "s-1", "namespace": "n", "labels": {"kubernetes.io/service-name": "s"}},
    "endpoints": [{"addresses": ["10.0.0.1"], "conditions": {"ready": True}}],
}
REFUSED = {
    "kind": "ReplicaSet",
    "metadata": {"name": "d-1", "namespace": "n", "ownerReferences": [{"uid": "1"}]},
    "status": {"conditions": [{"type": "ReplicaFailure", "status": "True"}]},
}


@pytest.mark.parametrize(
    "objects",
    [
        [deployment(), pod()],
        [deployment(updatedReplicas=0), REFUSED],
        [pod("False")],  # its readiness probe has had the time to pass twice
        [pod("False", {"waiting": {"reason": "CrashLoopBackOff"}})],
        [pod("False", {"waiting": {"reason": "ErrImagePull"}})],
        [with_conditions({"type": "PodScheduled", "status": "False", "reason": "Unschedulable"})],
        [with_conditions({"type": "Ready", "status": "False"}, {"type": "ContainersReady", "status": "True"})],
        [without_network("2026-01-01T12:00:10Z")],  # it will not get one any more
        [ending("2026-01-01T12:00:20Z")],  # it should be gone by now: something holds it
        [SERVICE, SLICE, pod()],
        [SERVICE, pod("False")],
    ],
)
def test_settled(objects: list[dict[str, Any]]) -> None:
    assert unsettled(objects, NOW) == []


@pytest.mark.parametrize(
    ("objects", "says"),
    [
        ([deployment(observedGeneration=1)], "Deployment n/d: not observed yet"),
        ([deployment(updatedReplicas=0)], "Deployment n/d: 0 of 1 pods made"),
        ([pod("False", {"waiting": {"reason": "ContainerCreating"}})], "Pod n/p: not ready yet: c"),
        ([pod("False", probe={"periodSeconds": 10})], "Pod n/p: not ready yet: c"),
        ([without_network("2026-01-01T12:00:20Z")], "Pod n/p: no network yet"),
        ([ending("2026-01-01T12:00:29Z")], "Pod n/p: terminating"),
        ([SERVICE, pod()], "Service n/s: does not list p yet"),
    ],
)
def test_on_its_way(objects: list[dict[str, Any]], says: str) -> None:
    assert unsettled(objects, NOW) == [says]
