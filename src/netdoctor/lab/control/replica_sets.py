"""ReplicaSets: as many pods as they say."""

from __future__ import annotations

from netdoctor.lab.control.names import generated
from netdoctor.lab.control.pods import make_pod
from netdoctor.lab.control.views import changed, children, finished, of_kind, ready, without, workload_spec
from netdoctor.lab.objects import Key, Manifest, Objects, key_of


def replicate(objects: Objects, past: Objects) -> Objects:
    """Make the pods that ReplicaSets lack, and delete those that they have too many of."""
    pods = children(objects, "Pod")
    for replica_set in tuple(of_kind(objects, "ReplicaSet")):
        mine = [pod for pod in pods.get(key_of(replica_set), ()) if not finished(pod)]
        wanted = workload_spec(replica_set).replicas
        if len(mine) > wanted:
            objects = without(objects, _superfluous(mine, len(mine) - wanted))
        for _ in range(wanted - len(mine)):
            objects = changed(objects, _new(replica_set, objects, past))
    return objects


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
