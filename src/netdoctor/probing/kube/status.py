"""What the status of a pod says about its probe container. Pure; documents as the API server sends them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_Status = Mapping[str, Any]

# Reasons of a waiting container that waiting longer does not cure: the kubelet's words
# (pkg/kubelet/images/types.go, pkg/kubelet/container/sync_result.go, pkg/kubelet/kuberuntime).
_HOPELESS = frozenset(
    {
        "CreateContainerConfigError",
        "CreateContainerError",
        "CrashLoopBackOff",
        "ErrImageNeverPull",
        "ErrImagePull",
        "ImageInspectError",
        "ImagePullBackOff",
        "InvalidImageName",
        "PostStartHookError",
        "PreCreateHookError",
        "PreStartHookError",
        "RegistryUnavailable",
        "RunContainerError",
        "SignatureValidationFailed",
        "StartError",
    }
)


def started(pod: _Status, container: str) -> bool:
    """Whether the container runs or has run, so that there is a log."""
    state = _state(pod, container)
    return "running" in state or bool((state.get("terminated") or {}).get("containerID"))


def ended(pod: _Status, container: str) -> str:
    """How the container ended, in words; empty while it has not."""
    terminated = _state(pod, container).get("terminated")
    if terminated is None:
        return _failed(pod) if _phase(pod) == "Failed" else ""
    if terminated.get("reason") == "OOMKilled":
        return "it ran out of memory (OOMKilled)"
    return f"it ended with exit code {terminated.get('exitCode')}" + _said(terminated.get("message"))


def hopeless(pod: _Status, container: str) -> str:
    """Why the container will never start, in the kubelet's words; empty if it still may."""
    for name, state in _states(pod):
        waiting = state.get("waiting") or {}
        if waiting.get("reason") in _HOPELESS:
            which = "" if name == container else f"container {name}: "
            return f"{which}{waiting['reason']}{_said(waiting.get('message'))}"
    if _phase(pod) == "Failed" and not started(pod, container):
        return _failed(pod)
    return ""


def unschedulable(pod: _Status) -> str:
    """Why the scheduler found no node for it yet, in its words; empty if it did or has not tried."""
    scheduled = _condition(pod, "PodScheduled")
    if scheduled.get("status") != "False":
        return ""
    return f"{scheduled.get('reason') or 'not scheduled'}{_said(scheduled.get('message'))}"


def stage(pod: _Status, container: str) -> str:
    """What a pod that has not started is waiting for, in a few words."""
    if reason := unschedulable(pod):
        return reason
    if not node(pod):
        return "waiting for the scheduler"
    waiting = _state(pod, container).get("waiting") or {}
    if not waiting:
        return f"waiting for the kubelet of {node(pod)}"
    return str(waiting.get("reason") or "waiting") + _said(waiting.get("message"))


def node(pod: _Status) -> str | None:
    """The node that it was given."""
    return (pod.get("spec") or {}).get("nodeName") or None


def pod_ip(pod: _Status) -> str | None:
    """Its primary address."""
    return (pod.get("status") or {}).get("podIP") or None


def _states(pod: _Status) -> Iterator[tuple[str, dict[str, Any]]]:
    status = pod.get("status") or {}
    for field in ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses"):
        for container in status.get(field) or ():
            yield container["name"], container.get("state") or {}


def _state(pod: _Status, container: str) -> dict[str, Any]:
    return dict(_states(pod)).get(container) or {}


def _phase(pod: _Status) -> str:
    return str((pod.get("status") or {}).get("phase") or "")


def _failed(pod: _Status) -> str:
    status = pod["status"]
    return f"the pod failed: {status.get('reason') or 'no reason given'}{_said(status.get('message'))}"


def _condition(pod: _Status, kind: str) -> dict[str, Any]:
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return next((dict(c) for c in conditions if c.get("type") == kind), {})


def _said(message: object) -> str:
    return f": {' '.join(str(message).split())}" if message else ""
