"""From documents to the objects of a lab: made afresh, or as they were recorded in a cluster."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from netdoctor.cluster.cni import PLUGIN_DAEMON_SETS
from netdoctor.lab.control.admission import admitted, checked
from netdoctor.lab.control.endpoint_slices import CONTROLLER, MANAGED_BY
from netdoctor.lab.control.last_applied import with_last_applied
from netdoctor.lab.control.names import with_uid
from netdoctor.lab.control.reconcile import reconcile
from netdoctor.lab.control.shape import Shape
from netdoctor.lab.control.system import system_objects
from netdoctor.lab.control.views import controller_of
from netdoctor.lab.objects import Key, Manifest, Objects, key_of
from netdoctor.model.errors import InputError

_CONTROLLERS = {"Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "Service", "Node"}


def start(documents: Iterable[Mapping[str, Any]], shape: Shape) -> Objects:
    """A fresh cluster to which the documents have been applied, once everything has settled.

    What controllers make (pods of workloads, EndpointSlices, Events) is left out of the documents and made again.
    Labels, annotations and taints of Nodes are those of the documents; other Nodes than the lab's it has not. A network
    plugin that they bring runs instead of the lab's own.

    Raises:
        InputError: a document is no object, does not have its kind's shape, or cannot be carried out.
    """
    objects: Objects = {}
    given = [(document, _stored(document)) for document in documents]
    plugin = any(key[0] == "DaemonSet" and key[2] in PLUGIN_DAEMON_SETS for _, stored in given for key in stored)
    for own in system_objects(replace(shape, policy=shape.policy and not plugin)):
        objects |= _stored(own)
    for document, stored in given:
        for key, manifest in stored.items():
            if key[0] == "Node":
                objects[key] = _merged_node(objects, key, manifest)
            elif not _made_by_controllers(manifest):
                objects[key] = with_last_applied(manifest, document)
    return reconcile(objects)


def recorded(documents: Iterable[Mapping[str, Any]]) -> Objects:
    """The objects of a snapshot as they are; no controller runs, so that what was wrong there is wrong here.

    Raises:
        InputError: a document is no object, or does not have its kind's shape.
    """
    return {key_of(manifest): manifest for document in documents if (manifest := checked(document)) is not None}


def is_recorded(documents: Iterable[Mapping[str, Any]]) -> bool:
    """Whether documents come from a running cluster: there are Nodes, and Pods that have addresses."""
    kinds = {str(document.get("kind")) for document in _running(documents)}
    return {"Node", "Pod"} <= kinds


def _running(documents: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for document in documents:
        status = document.get("status")
        status = status if isinstance(status, Mapping) else {}
        if document.get("kind") == "Node" or (document.get("kind") == "Pod" and status.get("podIP")):
            yield document


def _stored(document: Mapping[str, Any]) -> Objects:
    manifest = admitted(document)
    if manifest is None:
        return {}
    key = key_of(manifest)
    return {key: with_uid(manifest, key, {})}


def _merged_node(objects: Objects, key: Key, manifest: Manifest) -> Manifest:
    """The lab's Node with what the document says of scheduling."""
    own = objects.get(key)
    if own is None:
        there = ", ".join(name for kind, _, name in objects if kind == "Node")
        raise InputError(f"Node {key[2]}: the lab has no such node; its nodes are {there}")
    metadata, spec = own["metadata"], own["spec"]
    given = {
        field: manifest["spec"][field] for field in ("taints", "unschedulable") if field in manifest.get("spec", {})
    }
    maps = {
        name: {**metadata.get(name, {}), **manifest["metadata"].get(name, {})} for name in ("labels", "annotations")
    }
    return {**own, "metadata": {**metadata, **maps}, "spec": {**spec, **given}}


def _made_by_controllers(manifest: Manifest) -> bool:
    owner = controller_of(manifest)
    managed = manifest["metadata"].get("labels", {}).get(MANAGED_BY) == CONTROLLER
    return manifest["kind"] == "Event" or managed or (owner is not None and owner[0] in _CONTROLLERS)
