"""Pods → nodes: evenly, and as the scheduler's filters allow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from netdoctor.lab.control.events import Occurrence
from netdoctor.lab.control.fitting import Candidate, Placed, Refusal, host_ports, refusal
from netdoctor.lab.control.names import made_here, with_uid
from netdoctor.lab.control.views import controller_of, finished, of_kind, pod_spec
from netdoctor.lab.objects import Key, Manifest, Objects, key_of


def schedule(objects: Objects) -> tuple[Objects, tuple[Occurrence, ...]]:
    """Give every pod without a node one, where there is one that it fits on; what it says of the others."""
    waiting = [pod for pod in of_kind(objects, "Pod") if not pod["spec"].get("nodeName") and not finished(pod)]
    if not waiting:
        return objects, ()
    nodes = tuple(of_kind(objects, "Node"))
    labels = {node["metadata"]["name"]: node["metadata"].get("labels", {}) for node in nodes}
    namespaces = {
        name: item["metadata"].get("labels", {}) for (kind, _, name), item in objects.items() if kind == "Namespace"
    }
    bound = [pod for pod in of_kind(objects, "Pod") if pod["spec"].get("nodeName") and not finished(pod)]
    placed = [_placed(pod, labels) for pod in bound]
    load = Counter(pod["spec"]["nodeName"] for pod in bound)
    siblings = Counter((controller_of(pod), pod["spec"]["nodeName"]) for pod in bound)
    new: dict[Key, Manifest] = {}
    said: list[Occurrence] = []
    for pod in waiting:
        candidate = _candidate(pod, namespaces)
        refusals = [refusal(candidate, node, placed) for node in nodes]
        fitting = [node["metadata"]["name"] for node, refused in zip(nodes, refusals, strict=True) if refused is None]
        if fitting:
            owner = controller_of(pod)
            name = min(fitting, key=lambda n: (siblings[owner, n] if owner else 0, load[n]))
            bound_pod = _bound(pod, name)
            new[key_of(pod)] = bound_pod
            placed.append(_placed(bound_pod, labels))
            load[name] += 1
            siblings[owner, name] += 1
        elif made_here(pod):
            message = unschedulable([refused for refused in refusals if refused is not None])
            new[key_of(pod)] = {**pod, "status": _unschedulable_status(message)}
            said.append(Occurrence(pod, "FailedScheduling", message, component="default-scheduler"))
    differs = any(objects[key] != pod for key, pod in new.items())
    return ({**objects, **new} if differs else objects), tuple(said)


def _bound(pod: Manifest, node: str) -> Manifest:
    """The pod on its node; one that was recorded without a node is the lab's from now on."""
    pod = pod if made_here(pod) else with_uid(pod, key_of(pod), {})
    return {**pod, "spec": {**pod["spec"], "nodeName": node}}


def _candidate(pod: Manifest, namespaces: Mapping[str, Mapping[str, str]]) -> Candidate:
    metadata = pod["metadata"]
    return Candidate(metadata["namespace"], metadata.get("labels", {}), pod_spec(pod), namespaces)


def _placed(pod: Manifest, nodes: Mapping[str, Mapping[str, str]]) -> Placed:
    spec, metadata = pod_spec(pod), pod["metadata"]
    return Placed(
        metadata.get("namespace", "default"),
        metadata.get("labels", {}),
        spec.node_name,
        nodes.get(spec.node_name, {}),
        host_ports(spec),
        spec.affinity.pod_anti_affinity.required,
    )


def unschedulable(refusals: Iterable[Refusal]) -> str:
    """What the scheduler says of a pod that fits nowhere: the reasons, with numbers of nodes, in their order."""
    listed = list(refusals)
    total = len(listed)
    if not total:
        return "no nodes available to schedule pods"
    because = _counted(Counter(refused.because for refused in listed))
    hopeless, full = "Preemption is not helpful for scheduling", "No preemption victims found for incoming pod"
    preemption = _counted(Counter(hopeless if refused.final else full for refused in listed))
    return (
        f"0/{total} nodes are available: {because}. no new claims to deallocate, "
        f"preemption: 0/{total} nodes are available: {preemption}."
    )


def _counted(reasons: Counter[str]) -> str:
    return ", ".join(sorted(f"{count} {reason}" for reason, count in reasons.items()))


def _unschedulable_status(message: str) -> dict[str, Any]:
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}
    return {"phase": "Pending", "conditions": [condition]}
