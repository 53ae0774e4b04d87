"""Workloads behind a Service: which are meant, why they have no pods, whether they are being updated."""

from __future__ import annotations

from collections.abc import Iterable

from netdoctor.cluster.objects import DaemonSet, Deployment, Pod, StatefulSet, Workload
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.model.refs import ObjectRef

_NAMED = 5  # pods named as objects


def scaled_to_zero(workload: Workload) -> bool:
    """Whether no pods are wanted; DaemonSets cannot be scaled."""
    return workload.spec.replicas == 0 and not isinstance(workload, DaemonSet)


def why_no_pods(snapshot: Snapshot, workload: Workload) -> str | None:
    """Why a workload that wants pods has none; None where the objects do not say (manifests have no status)."""
    failed = next((c for c in workload.status.conditions if c.type == "ReplicaFailure" and c.status == "True"), None)
    if failed is not None:
        return f"its pods cannot be created: {failed.message or failed.reason}"
    event = next((e for e in snapshot.events_of(workload.ref) if e.reason == "FailedCreate"), None)
    if event is not None:
        return f"its pods cannot be created: {event.message}"
    if isinstance(workload, DaemonSet) and workload.metadata.uid and not workload.status.desired_number_scheduled:
        return "no node fits its nodeSelector, affinity and tolerations"
    return None


def rolling_update(workload: Workload | None) -> bool:
    """Whether pods of an older template still run, and the update is within its deadline.

    Source: Kubernetes documentation, Deployments, "Deployment status" (`updatedReplicas`, ProgressDeadlineExceeded).
    """
    if not isinstance(workload, Deployment | StatefulSet):
        return False
    status = workload.status
    late = any(c.type == "Progressing" and c.reason == "ProgressDeadlineExceeded" for c in status.conditions)
    return status.updated_replicas < status.replicas and not late


def to_change(snapshot: Snapshot, fields: Iterable[tuple[Pod, str]]) -> tuple[ObjectRef, ...]:
    """Fields of pods, as what to change: each workload's template once, then the first of the pods themselves."""
    listed = list(fields)
    templates = [template_of(snapshot, pod, path) for pod, path in listed]
    pods = [pod.ref for pod, _ in listed if snapshot.workload_of(pod) is not None][:_NAMED]
    return tuple(dict.fromkeys((*templates, *pods)))


def template_of(snapshot: Snapshot, pod: Pod, path: str = "") -> ObjectRef:
    """The object to change so that a pod gets another spec: its workload, or the pod itself.

    Args:
        snapshot: where the workload is looked up.
        pod: the pod.
        path: a field of the pod (``spec.containers[0].ports``), also where it is in the workload's template.
    """
    workload = snapshot.workload_of(pod)
    if workload is None:
        return pod.ref.at(path)
    return workload.ref.at(f"spec.template.{path}" if path else "")
