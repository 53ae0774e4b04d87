"""What belongs to what: objects go with their controller, and ReplicaSets that nobody recorded are found again."""

from __future__ import annotations

from collections.abc import Iterator

from netdoctor.lab.control.names import made_here
from netdoctor.lab.control.pods import made_from
from netdoctor.lab.control.views import children, controller_of, owner_reference, without
from netdoctor.lab.objects import Key, Manifest, Objects

_OWNERS = {"Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "Service"}
_HASH = "pod-template-hash"


def without_orphans(objects: Objects, past: Objects) -> Objects:
    """Without what deleted objects controlled. What is missing in a recorded cluster need not have been deleted."""
    gone = set()
    for key, manifest in objects.items():
        owner = controller_of(manifest)
        if owner is None or owner[0] not in _OWNERS or owner in objects:
            continue
        if owner in past or made_here(manifest):
            gone.add(key)
    return without_orphans(without(objects, gone), {**past, **{key: objects[key] for key in gone}}) if gone else objects


def with_replica_sets(objects: Objects, past: Objects) -> Objects:
    """With the ReplicaSets between Deployments and recorded pods, where these were not recorded.

    A Deployment names its ReplicaSets NAME-HASH, and its pods have the hash as a label.
    """
    found = dict(_missing_sets(objects, past))
    return {**objects, **found} if found else objects


def _missing_sets(objects: Objects, past: Objects) -> Iterator[tuple[Key, Manifest]]:
    for key, pods in children(objects, "Pod").items():
        kind, namespace, name = key
        number = pods[0]["metadata"].get("labels", {}).get(_HASH)
        if kind != "ReplicaSet" or key in objects or not number:
            continue
        deployment = objects.get(("Deployment", namespace, name.removesuffix(f"-{number}")))
        if deployment is not None and key not in past:
            yield key, _rebuilt(deployment, key, pods)


def _rebuilt(deployment: Manifest, key: Key, pods: list[Manifest]) -> Manifest:
    _, namespace, name = key
    spec, first = deployment["spec"], pods[0]
    labels = first["metadata"]["labels"]
    template = spec["template"]
    if not made_from(template, first):
        template = {"metadata": {}, "spec": first["spec"]}
    selector = {**spec["selector"], "matchLabels": {**spec["selector"].get("matchLabels", {}), _HASH: labels[_HASH]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": labels,
            "ownerReferences": [owner_reference(deployment)],
        },
        "spec": {
            "replicas": len(pods),
            "selector": selector,
            "template": {**template, "metadata": {**template.get("metadata", {}), "labels": labels}},
        },
    }
