"""The status of workloads: how many of their pods there are, and how far they got."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from netdoctor.lab.control.daemon_sets import fitting_nodes
from netdoctor.lab.control.deployments import REVISION, present_set, revision_of
from netdoctor.lab.control.pods import revision, up_to_date
from netdoctor.lab.control.stateful_sets import revision_name
from netdoctor.lab.control.views import Children, children, finished, of_kind, ready
from netdoctor.lab.objects import Key, Manifest, Objects, key_of


def with_statuses(objects: Objects) -> Objects:
    """Every workload with the status that its controller would report."""
    pods, sets = children(objects, "Pod"), children(objects, "ReplicaSet")
    new: dict[Key, Manifest] = {}
    for key, workload in objects.items():
        build = _BUILDERS.get(key[0])
        if build is None:
            continue
        mine = [pod for pod in pods.get(key, ()) if not finished(pod)]
        status = build(objects, workload, mine if key[0] != "Job" else pods.get(key, ()))
        status["observedGeneration"] = workload["metadata"].get("generation", 1)
        new[key] = {**workload, "status": status}
    for deployment in of_kind(objects, "Deployment"):
        new[key_of(deployment)] = _deployment(deployment, sets.get(key_of(deployment), ()), pods)
    differs = any(objects[key] != workload for key, workload in new.items())
    return {**objects, **new} if differs else objects


def _counted(fields: Mapping[str, int]) -> dict[str, Any]:
    """Fields that are zero are left out, as the API server leaves them out."""
    return {name: count for name, count in fields.items() if count}


def _deployment(deployment: Manifest, owned: Sequence[Manifest], pods: Children) -> Manifest:
    present = present_set(deployment, owned)
    by_set = {key_of(each): [pod for pod in pods.get(key_of(each), ()) if not finished(pod)] for each in owned}
    every = [pod for group in by_set.values() for pod in group]
    updated = by_set.get(key_of(present), []) if present is not None else []
    wanted, available = deployment["spec"].get("replicas", 1), sum(map(ready, every))
    counts = {
        "replicas": len(every),
        "updatedReplicas": len(updated),
        "readyReplicas": available,
        "availableReplicas": available,
        "unavailableReplicas": max(0, max(wanted, len(every)) - available),
    }
    metadata = deployment["metadata"]
    status = _counted(counts)
    status["observedGeneration"] = metadata.get("generation", 1)
    name = present["metadata"]["name"] if present is not None else metadata["name"]
    done = len(updated) == wanted == available == len(every)
    status["conditions"] = [_available(deployment, available), _progressing(name, done=done)]
    if present is not None and revision_of(present):
        annotations = {**metadata.get("annotations", {}), REVISION: str(revision_of(present))}
        metadata = {**metadata, "annotations": annotations}
    return {**deployment, "metadata": metadata, "status": status}


def _available(deployment: Manifest, available: int) -> dict[str, str]:
    wanted = deployment["spec"].get("replicas", 1)
    update = deployment["spec"].get("strategy", {}).get("rollingUpdate", {})
    missing = update.get("maxUnavailable", 0)
    if isinstance(missing, str):
        missing = wanted * int(missing.removesuffix("%")) // 100
    if available >= wanted - missing:
        message = "Deployment has minimum availability."
        return {"type": "Available", "status": "True", "reason": "MinimumReplicasAvailable", "message": message}
    message = "Deployment does not have minimum availability."
    return {"type": "Available", "status": "False", "reason": "MinimumReplicasUnavailable", "message": message}


def _progressing(name: str, *, done: bool) -> dict[str, str]:
    reason = "NewReplicaSetAvailable" if done else "ReplicaSetUpdated"
    said = "has successfully progressed" if done else "is progressing"
    return {"type": "Progressing", "status": "True", "reason": reason, "message": f'ReplicaSet "{name}" {said}.'}


def _replica_set(_: Objects, __: Manifest, pods: Sequence[Manifest]) -> dict[str, Any]:
    available = sum(map(ready, pods))
    counts = {"fullyLabeledReplicas": len(pods), "readyReplicas": available, "availableReplicas": available}
    return {**_counted(counts), "replicas": len(pods)}


def _stateful_set(_: Objects, stateful_set: Manifest, pods: Sequence[Manifest]) -> dict[str, Any]:
    name, template = revision_name(stateful_set), stateful_set["spec"]["template"]
    updated = [pod for pod in pods if up_to_date(pod, template, name)]
    available = sum(map(ready, pods))
    counts = {"readyReplicas": available, "updatedReplicas": len(updated), "currentReplicas": len(updated)}
    named = {"currentRevision": name, "updateRevision": name}
    return {**_counted(counts), **named, "replicas": len(pods), "availableReplicas": available}


def _daemon_set(objects: Objects, daemon_set: Manifest, pods: Sequence[Manifest]) -> dict[str, Any]:
    template = daemon_set["spec"]["template"]
    number = revision(template)
    available = sum(map(ready, pods))
    wanted = len(fitting_nodes(daemon_set, objects))
    counts = {
        "updatedNumberScheduled": sum(up_to_date(pod, template, number) for pod in pods),
        "numberAvailable": available,
        "numberUnavailable": max(0, wanted - available),
    }
    scheduled = {"currentNumberScheduled": len(pods), "desiredNumberScheduled": wanted}
    return {**_counted(counts), **scheduled, "numberMisscheduled": 0, "numberReady": available}


def _job(_: Objects, __: Manifest, pods: Sequence[Manifest]) -> dict[str, Any]:
    phases = [pod.get("status", {}).get("phase") for pod in pods]
    counts = {
        "active": sum(phase not in {"Succeeded", "Failed"} for phase in phases),
        "ready": sum(map(ready, pods)),
        "succeeded": phases.count("Succeeded"),
        "failed": phases.count("Failed"),
    }
    complete = [{"type": "Complete", "status": "True"}] if counts["succeeded"] else []
    failed = [{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}] if counts["failed"] else []
    return {**_counted(counts), "conditions": [*complete, *failed]}


_BUILDERS: Mapping[str, Callable[[Objects, Manifest, Sequence[Manifest]], dict[str, Any]]] = {
    "ReplicaSet": _replica_set,
    "StatefulSet": _stateful_set,
    "DaemonSet": _daemon_set,
    "Job": _job,
}
