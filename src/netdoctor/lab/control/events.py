"""Events, as the scheduler and the kubelets of a cluster write them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from netdoctor.lab.control.names import digest, made_here, with_uid
from netdoctor.lab.control.views import of_kind
from netdoctor.lab.objects import Manifest, Objects, key_of


@dataclass(frozen=True, slots=True)
class Occurrence:
    """Something that went wrong with an object; `container` where it concerns one of a pod's."""

    about: Manifest
    reason: str
    message: str
    container: str = ""
    component: str = "kubelet"


def with_events(objects: Objects, occurrences: Iterable[Occurrence]) -> Objects:
    """The objects with one Event for each occurrence, instead of those that the lab wrote before."""
    old = {key_of(event) for event in of_kind(objects, "Event") if made_here(event)}
    new = {key_of(event): event for event in map(_event, occurrences)}
    if old == new.keys() and all(objects[key] == event for key, event in new.items()):
        return objects
    return {**{key: manifest for key, manifest in objects.items() if key not in old}, **new}


def _event(occurrence: Occurrence) -> Manifest:
    about = occurrence.about
    metadata = about["metadata"]
    namespace = metadata.get("namespace", "default")
    name = f"{metadata['name']}.{digest(16, occurrence.reason, occurrence.container, occurrence.message)}"
    event: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": name, "namespace": namespace},
        "involvedObject": _involved(occurrence, namespace),
        "reason": occurrence.reason,
        "message": occurrence.message,
        "type": "Warning",
        "count": 1,
        "source": {"component": occurrence.component},
    }
    return with_uid(event, key_of(event), {})


def _involved(occurrence: Occurrence, namespace: str) -> dict[str, str]:
    about = occurrence.about
    involved = {
        "apiVersion": about["apiVersion"],
        "kind": about["kind"],
        "name": about["metadata"]["name"],
        "namespace": namespace,
    }
    if uid := about["metadata"].get("uid"):
        involved["uid"] = uid
    return {**involved, "fieldPath": f"spec.containers{{{occurrence.container}}}"} if occurrence.container else involved
