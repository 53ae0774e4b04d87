"""When a scenario's objects have settled: nothing will change any more, whether its pods are Ready or never will be.

Pure functions over objects as `kubectl get -o json` prints them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

Object = Mapping[str, Any]

RESOURCES = "deployments,statefulsets,daemonsets,replicasets,pods,services,endpointslices"

_GRACE = timedelta(seconds=3)  # for a probe in flight, and for clocks that read whole seconds
_NETWORK = timedelta(seconds=15)  # what making a pod's network takes at most, where that works
_STUCK = {
    "CrashLoopBackOff",
    "ImagePullBackOff",
    "ErrImagePull",
    "ErrImageNeverPull",
    "InvalidImageName",
    "CreateContainerConfigError",
    "CreateContainerError",
    "RunContainerError",
}


def unsettled(objects: Sequence[Object], now: datetime) -> list[str]:
    """One line for each thing that is still on its way; empty when all has settled."""
    by_kind: dict[str, list[Object]] = {}
    for item in objects:
        by_kind.setdefault(item["kind"], []).append(item)
    pods = by_kind.get("Pod", [])
    return [
        *(f"{_named(w)}: {why}" for kind in _REPLICAS for w in by_kind.get(kind, ()) if (why := _rollout(w, objects))),
        *(f"{_named(pod)}: {why}" for pod in pods if (why := _pod(pod, now))),
        *(line for service in by_kind.get("Service", ()) for line in _endpoints(service, pods, by_kind)),
    ]


def _named(item: Object) -> str:
    return f"{item['kind']} {item['metadata'].get('namespace', '')}/{item['metadata']['name']}"


#: How many pods a workload wants, and how many of its present template it has made, by kind.
_REPLICAS = {
    "Deployment": ("replicas", "updatedReplicas"),
    "StatefulSet": ("replicas", "replicas"),
    "DaemonSet": ("desiredNumberScheduled", "updatedNumberScheduled"),
}


def _rollout(workload: Object, objects: Sequence[Object]) -> str:
    status, metadata = workload.get("status", {}), workload["metadata"]
    if status.get("observedGeneration", 0) < metadata["generation"]:
        return "not observed yet"
    wanted_key, made_key = _REPLICAS[workload["kind"]]
    wanted = workload["spec"].get("replicas") if wanted_key == "replicas" else status.get(wanted_key, 0)
    made = status.get(made_key, 0)
    if made == wanted or _refused(workload, objects) or workload["kind"] == "StatefulSet":
        return ""  # a StatefulSet with a pod that never gets Ready makes no further one
    return f"{made} of {wanted} pods made"


def _refused(workload: Object, objects: Sequence[Object]) -> bool:
    """Whether pods cannot be created at all (quota, Pod Security, …)."""
    mine = [o for o in objects if workload["metadata"]["uid"] in {r["uid"] for r in _owners(o)}]
    return any(
        condition["type"] == "ReplicaFailure" and condition["status"] == "True"
        for item in (workload, *mine)
        for condition in item.get("status", {}).get("conditions", ())
    )


def _owners(item: Object) -> Sequence[Object]:
    owners: Sequence[Object] = item["metadata"].get("ownerReferences", ())
    return owners


def _pod(pod: Object, now: datetime) -> str:
    status = pod.get("status", {})
    if ends := pod["metadata"].get("deletionTimestamp"):
        return "terminating" if now < _time(ends) + _GRACE else ""
    if status.get("phase") in ("Succeeded", "Failed"):
        return ""
    conditions = {c["type"]: c for c in status.get("conditions", ())}
    unschedulable = conditions.get("PodScheduled", {}).get("reason") == "Unschedulable"
    if _true(conditions, "Ready") or unschedulable or _true(conditions, "ContainersReady"):
        return ""  # without Ready, a readiness gate is not met
    containers = [*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ())]
    if any(c.get("state", {}).get("waiting", {}).get("reason") in _STUCK for c in containers):
        return ""
    if conditions.get("PodReadyToStartContainers", {}).get("status") == "False" and "startTime" in status:
        return "" if now > _time(status["startTime"]) + _NETWORK else "no network yet"
    late = [c["name"] for c in status.get("containerStatuses", ()) if not c.get("ready") and not _gave_up(pod, c, now)]
    return f"not ready yet: {', '.join(late)}" if late or not containers else ""


def _gave_up(pod: Object, container: Object, now: datetime) -> bool:
    """Whether a running container has had the time to pass its readiness probe twice."""
    started = container.get("state", {}).get("running", {}).get("startedAt")
    if not started:
        return False
    spec = next(c for c in pod["spec"]["containers"] if c["name"] == container["name"])
    probe = spec.get("readinessProbe", {})
    once = probe.get("periodSeconds", 10) * probe.get("successThreshold", 1) + probe.get("timeoutSeconds", 1)
    return now > _time(started) + timedelta(seconds=probe.get("initialDelaySeconds", 0) + 2 * once) + _GRACE


def _endpoints(service: Object, pods: Sequence[Object], by_kind: Mapping[str, Sequence[Object]]) -> Iterator[str]:
    """Ready pods that the Service's slices do not list as ready yet."""
    aliased = service["spec"].get("type") == "ExternalName"
    selector = {} if aliased else service["spec"].get("selector") or {}
    metadata = service["metadata"]
    slices = [
        item
        for item in by_kind.get("EndpointSlice", ())
        if item["metadata"]["namespace"] == metadata["namespace"]
        and item["metadata"].get("labels", {}).get("kubernetes.io/service-name") == metadata["name"]
    ]
    endpoints = [e for item in slices for e in item.get("endpoints") or () if e.get("conditions", {}).get("ready")]
    listed = {address for endpoint in endpoints for address in endpoint["addresses"]}
    for pod in pods:
        labels = pod["metadata"].get("labels", {})
        same = pod["metadata"]["namespace"] == metadata["namespace"] and selector.items() <= labels.items()
        conditions = {c["type"]: c for c in pod.get("status", {}).get("conditions", ())}
        ready = _true(conditions, "Ready") and "deletionTimestamp" not in pod["metadata"]
        if selector and same and ready and pod["status"].get("podIP") not in listed:
            yield f"{_named(service)}: does not list {pod['metadata']['name']} yet"


def _true(conditions: Mapping[str, Object], name: str) -> bool:
    return bool(conditions.get(name, {}).get("status") == "True")


def _time(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
