"""ReplicaSets: as many pods as they say."""

from __future__ import annotations

from netdoctor.cluster.selectors import matches
from netdoctor.lab.control.names import generated
from netdoctor.lab.control.pods import make_pod
from netdoctor.lab.control.views import (
    changed,
    children,
    controller_of,
    finished,
    of_kind,
    owner_reference,
    ready,
    without,
    workload_spec,
)
from netdoctor.lab.objects import Key, Manifest, Objects, key_of


def replicate(objects: Objects, past: Objects) -> Objects:
    """Make the pods that ReplicaSets lack, and delete those that they have too many of."""
    objects = _with_own_pods(objects)
    pods = children(objects, "Pod")
    for replica_set in tuple(of_kind(objects, "ReplicaSet")):
        mine = [pod for pod in pods.get(key_of(replica_set), ()) if not finished(pod)]
        wanted = workload_spec(replica_set).replicas
        if len(mine) > wanted:
            objects = without(objects, _superfluous(mine, len(mine) - wanted))
        for _ in range(wanted - len(mine)):
            objects = changed(objects, _new(replica_set, objects, past))
    return objects


def _with_own_pods(objects: Objects) -> Objects:
    """ReplicaSets let go of pods whose labels they no longer select, and take in others that nobody controls."""
    new: dict[Key, Manifest] = {}
    for replica_set in of_kind(objects, "ReplicaSet"):
        key, selector = key_of(replica_set), workload_spec(replica_set).selector
        for pod in of_kind(objects, "Pod"):
            if pod["metadata"].get("namespace") != key[1] or finished(pod):
                continue
            controller = controller_of(pod)
            selected = matches(selector, pod["metadata"].get("labels", {}))
            if controller == key and not selected:
                new[key_of(pod)] = _owned_by(pod, [])
            elif controller is None and selected:
                new[key_of(pod)] = _owned_by(pod, [owner_reference(replica_set)])
    return {**objects, **new} if new else objects


def _owned_by(pod: Manifest, owners: list[dict[str, object]]) -> Manifest:
    metadata = {field: value for field, value in pod["metadata"].items() if field != "ownerReferences"}
    return {**pod, "metadata": {**metadata, "ownerReferences": owners} if owners else metadata}


def _new(replica_set: Manifest, objects: Objects, past: Objects) -> tuple[Key, Manifest]:
    metadata = replica_set["metadata"]
    name = generated(f"{metadata['name']}-", "Pod", metadata["namespace"], (objects, past))
    pod = make_pod(replica_set, name, past)
    return key_of(pod), pod


def _superfluous(pods: list[Manifest], count: int) -> set[Key]:
    """Those without a node first, then those that are not ready, then the youngest (getPodsToDelete)."""
    youngest_first = pods[::-1]
    ranked = sorted(youngest_first, key=lambda pod: (bool(pod["spec"].get("nodeName")), ready(pod)))
    return {key_of(pod) for pod in ranked[:count]}
