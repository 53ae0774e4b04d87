"""Deployments: ReplicaSets, one for each template, and the way from one to the next.

Source: Kubernetes documentation, Deployments, "Rolling Update Deployment"; pkg/controller/deployment/rolling.go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil

from netdoctor.lab.control.names import with_uid
from netdoctor.lab.control.numbers import whole_number
from netdoctor.lab.control.pods import plain_template, revision
from netdoctor.lab.control.shapes import CountOrPercent, WorkloadSpec
from netdoctor.lab.control.views import (
    Children,
    changed,
    children,
    finished,
    of_kind,
    owner_reference,
    ready,
    workload_spec,
)
from netdoctor.lab.objects import Manifest, Objects, key_of

REVISION = "deployment.kubernetes.io/revision"
_HASH = "pod-template-hash"


def deploy(objects: Objects, past: Objects) -> Objects:
    """One step of every Deployment's rollout: the replicas that its ReplicaSets want."""
    sets, pods = children(objects, "ReplicaSet"), children(objects, "Pod")
    for deployment in tuple(of_kind(objects, "Deployment")):
        owned = list(sets.get(key_of(deployment), ()))
        scaled = _scaled(deployment, owned, pods, past)
        objects = changed(objects, *((key_of(each), each) for each in scaled))
    return objects


def present_set(deployment: Manifest, owned: Sequence[Manifest]) -> Manifest | None:
    """The ReplicaSet of the Deployment's present template."""
    wanted = plain_template(deployment["spec"]["template"])
    return next((each for each in owned if plain_template(each["spec"]["template"]) == wanted), None)


def revision_of(replica_set: Manifest) -> int:
    """The number of a rollout, from 1; 0 where it is not known."""
    return whole_number(replica_set["metadata"].get("annotations", {}).get(REVISION, "")) or 0


def _scaled(deployment: Manifest, owned: Sequence[Manifest], pods: Children, past: Objects) -> list[Manifest]:
    spec = workload_spec(deployment)
    present = present_set(deployment, owned)
    old = [each for each in owned if each is not present]
    if present is None and spec.paused and old:
        return []
    latest = max(map(revision_of, owned), default=0)
    present = present or _new_set(deployment, past)
    if revision_of(present) < latest or not revision_of(present):
        present = _with_revision(present, latest + 1)
    if spec.strategy.type == "Recreate":
        return _recreated(present, old, spec.replicas, pods)
    return _rolled(present, old, _Limits.of(spec), pods)


@dataclass(frozen=True, slots=True)
class _Limits:
    """How many pods there may be at most, and how many must be available, while pods are replaced."""

    replicas: int
    most: int
    available: int

    @staticmethod
    def of(spec: WorkloadSpec) -> _Limits:
        update = spec.strategy.rolling_update
        surge = _count(update.max_surge, spec.replicas, up=True)
        missing = _count(update.max_unavailable, spec.replicas, up=False)
        if not surge and not missing:
            missing = 1  # or nothing could ever be replaced
        return _Limits(spec.replicas, spec.replicas + surge, max(0, spec.replicas - missing))


def _count(value: CountOrPercent | None, replicas: int, *, up: bool) -> int:
    if isinstance(value, int):
        return value
    share = replicas * int((value or "25%").removesuffix("%")) / 100
    return ceil(share) if up else int(share)


def _rolled(present: Manifest, old: Sequence[Manifest], limits: _Limits, pods: Children) -> list[Manifest]:
    wanted, others = _replicas(present), sum(map(_replicas, old))
    if not others:
        return [_with_replicas(present, limits.replicas), *old]
    if wanted > limits.replicas:
        wanted = limits.replicas
    else:
        wanted += max(0, min(limits.most - wanted - others, limits.replicas - wanted))
    scaled = {id(each): _replicas(each) for each in old}
    unavailable = _replicas(present) - min(_replicas(present), _available(present, pods))
    spare = _replicas(present) + others - limits.available - unavailable
    for each in old:  # what does not run is no loss
        broken = max(0, min(spare, _replicas(each) - _available(each, pods)))
        scaled[id(each)] -= broken
        spare -= broken
    spare = sum(_available(each, pods) for each in (present, *old)) - limits.available
    for each in old:
        running = max(0, min(spare, scaled[id(each)]))
        scaled[id(each)] -= running
        spare -= running
    return [_with_replicas(present, wanted), *(_with_replicas(each, scaled[id(each)]) for each in old)]


def _recreated(present: Manifest, old: Sequence[Manifest], replicas: int, pods: Children) -> list[Manifest]:
    """No pod of the new template before the last of the old ones is gone."""
    left = any(not finished(pod) for each in old for pod in pods.get(key_of(each), ()))
    stopped = [_with_replicas(each, 0) for each in old]
    return [_with_replicas(present, _replicas(present) if left else replicas), *stopped]


def _replicas(replica_set: Manifest) -> int:
    replicas: int = replica_set["spec"].get("replicas", 1)
    return replicas


def _available(replica_set: Manifest, pods: Children) -> int:
    return sum(map(ready, pods.get(key_of(replica_set), ())))


def _with_replicas(replica_set: Manifest, replicas: int) -> Manifest:
    return {**replica_set, "spec": {**replica_set["spec"], "replicas": replicas}}


def _with_revision(replica_set: Manifest, number: int) -> Manifest:
    metadata: Mapping[str, object] = replica_set["metadata"]
    annotations = {**replica_set["metadata"].get("annotations", {}), REVISION: str(number)}
    return {**replica_set, "metadata": {**metadata, "annotations": annotations}}


def _new_set(deployment: Manifest, past: Objects) -> Manifest:
    metadata, spec = deployment["metadata"], deployment["spec"]
    template = spec["template"]
    number = revision(template)
    given = template.get("metadata", {})
    labels = {**given.get("labels", {}), _HASH: number}
    selector = {**spec["selector"], "matchLabels": {**spec["selector"].get("matchLabels", {}), _HASH: number}}
    made: Manifest = {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": f"{metadata['name']}-{number}",
            "namespace": metadata["namespace"],
            "labels": labels,
            "ownerReferences": [owner_reference(deployment)],
        },
        "spec": {
            "replicas": 0,
            "selector": selector,
            "template": {**template, "metadata": {**given, "labels": labels}},
        },
    }
    return with_uid(made, key_of(made), past)
