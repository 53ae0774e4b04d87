"""Questions that several controllers ask of the objects."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from netdoctor.lab.control.shapes import PodSpec, WorkloadSpec
from netdoctor.lab.objects import Key, Manifest, Objects

Children = Mapping[Key, list[Manifest]]


def of_kind(objects: Objects, kind: str) -> Iterator[Manifest]:
    """All objects of a kind, in their order."""
    return (manifest for (found, _, _), manifest in objects.items() if found == kind)


def pod_spec(pod: Manifest) -> PodSpec:
    """The spec of a pod, as far as the lab reads it."""
    return msgspec.convert(pod["spec"], PodSpec)


def workload_spec(workload: Manifest) -> WorkloadSpec:
    """The spec of a workload, as far as the lab reads it."""
    return msgspec.convert(workload["spec"], WorkloadSpec)


def controller_of(manifest: Manifest) -> Key | None:
    """The key of what controls an object."""
    metadata = manifest["metadata"]
    for owner in metadata.get("ownerReferences", ()):
        if owner.get("controller"):
            return owner["kind"], "" if owner["kind"] == "Node" else metadata.get("namespace", ""), owner["name"]
    return None


def children(objects: Objects, kind: str) -> Children:
    """The objects of a kind that something controls, by the key of their controller."""
    found: defaultdict[Key, list[Manifest]] = defaultdict(list)
    for manifest in of_kind(objects, kind):
        controller = controller_of(manifest)
        if controller is not None:
            found[controller].append(manifest)
    return found


def owner_reference(owner: Manifest) -> dict[str, Any]:
    """metadata.ownerReferences[] of what `owner` controls."""
    metadata = owner["metadata"]
    reference = {"apiVersion": owner["apiVersion"], "kind": owner["kind"], "name": metadata["name"], "controller": True}
    return {**reference, "uid": metadata["uid"]} if metadata.get("uid") else reference


def node_address(node: Manifest) -> str:
    """The node's primary address; empty where it has none."""
    addresses = internal_addresses(node)
    return addresses[0] if addresses else ""


def internal_addresses(node: Manifest) -> list[str]:
    """The node's addresses, one for each IP family."""
    listed = node.get("status", {}).get("addresses", ())
    return [entry["address"] for entry in listed if entry["type"] == "InternalIP"]


def condition(manifest: Manifest, name: str) -> str:
    """The status of one of the object's conditions; empty where it has none of that type."""
    conditions = manifest.get("status", {}).get("conditions", ())
    return next((str(c["status"]) for c in conditions if c["type"] == name), "")


def ready(pod: Manifest) -> bool:
    """Whether the pod's Ready condition is True."""
    return condition(pod, "Ready") == "True"


def finished(pod: Manifest) -> bool:
    """Whether the pod has given up its network, and counts no more."""
    return pod.get("status", {}).get("phase") in {"Succeeded", "Failed"}


def changed(objects: Objects, *manifests: tuple[Key, Manifest]) -> Objects:
    """The objects with some of them new or replaced; the same dict where that changes nothing."""
    new = {key: manifest for key, manifest in manifests if objects.get(key) != manifest}
    return {**objects, **new} if new else objects


def without(objects: Objects, gone: set[Key]) -> Objects:
    """The objects without some of them; the same dict where there are none to leave out."""
    return {key: manifest for key, manifest in objects.items() if key not in gone} if gone else objects
