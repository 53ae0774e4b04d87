"""apply, create and replace: objects from files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from netdoctor.lab.control.last_applied import last_applied, with_last_applied
from netdoctor.lab.kubectl.call import Call, Outcome, documents, said
from netdoctor.lab.kubectl.errors import KubectlError, wrong
from netdoctor.lab.kubectl.merging import three_way
from netdoctor.lab.kubectl.resources import resource_of, shown
from netdoctor.lab.kubectl.storing import changed, created
from netdoctor.lab.objects import Manifest, Objects, key_of
from netdoctor.model.refs import CLUSTER_SCOPED


def apply(call: Call) -> Outcome:
    """Create what is not there, and change what is."""
    objects, lines = call.objects, []
    for _, document in _given(call):
        old = objects.get(key_of(document))
        new = _new(document, objects) if old is None else _applied(old, document)
        word = "created" if old is None else "unchanged" if new is old else "configured"
        objects = objects if new is old else {**objects, key_of(new): new}
        lines.append(f"{shown(new)} {word}")
    return said(objects, lines)


def create(call: Call) -> Outcome:
    """Create what is in files, or a namespace."""
    words = call.arguments.words
    if "filename" not in call.arguments.flags:
        if len(words) != 2 or words[0] not in {"namespace", "ns"}:
            raise wrong("the lab creates what is in files (create -f FILE), and namespaces (create namespace NAME)")
        given = iter([("", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": words[1]}})])
    else:
        given = _given(call)
    objects, lines = call.objects, []
    for file, document in given:
        key = key_of(document)
        if key in objects:
            when = f'error when creating "{file}": ' if file else ""
            name = f'{resource_of(document).qualified} "{key[2]}"'
            raise KubectlError(f"Error from server (AlreadyExists): {when}{name} already exists")
        key, manifest = created(document, objects)
        objects = {**objects, key: manifest}
        lines.append(f"{shown(manifest)} created")
    return said(objects, lines)


def replace(call: Call) -> Outcome:
    """Put objects from files in the place of those that are there."""
    objects, lines = call.objects, []
    for file, document in _given(call):
        key = key_of(document)
        old = objects.get(key)
        if old is None:
            name = f'{resource_of(document).qualified} "{key[2]}"'
            raise KubectlError(f'Error from server (NotFound): error when replacing "{file}": {name} not found')
        if call.arguments.on("force"):  # as if it had been deleted and created
            _, new = created(document, objects)
        else:
            new = changed(old, _keeping_addresses(old, document))
        objects = {**objects, key: new}
        lines.append(f"{shown(new)} replaced")
    return said(objects, lines)


def _given(call: Call) -> Iterator[tuple[str, dict[str, Any]]]:
    """The documents with the namespace in which they will be."""
    if "filename" not in call.arguments.flags:
        raise wrong("must specify one of -f and -k")
    found = False
    for file, document in documents(call):
        found = True
        yield file, in_namespace(call, document)
    if not found:
        raise wrong("no objects passed to apply")


def in_namespace(call: Call, document: dict[str, Any]) -> dict[str, Any]:
    """The document with the namespace that it says, or else that of the command. Raises KubectlError."""
    metadata = document.get("metadata")
    if not isinstance(metadata, Mapping) or not isinstance(metadata.get("name"), str) or not metadata["name"]:
        raise wrong(f"{document['kind']}: metadata.name is missing")
    if not isinstance(metadata.get("namespace") or "", str):
        raise wrong(f"{document['kind']} {metadata['name']}: metadata.namespace is no string")
    if document["kind"] in CLUSTER_SCOPED:
        return document
    here = call.arguments.one("namespace")
    own = metadata.get("namespace")
    if here and own and own != here:
        raise wrong(
            f'the namespace from the provided object "{own}" does not match the namespace "{here}". '
            f"You must pass '--namespace={own}' to perform this operation."
        )
    return {**document, "metadata": {**metadata, "namespace": own or here or "default"}}


def _new(document: Mapping[str, Any], objects: Objects) -> Manifest:
    _, manifest = created(document, objects)
    return with_last_applied(manifest, document)


def _applied(old: Manifest, document: Mapping[str, Any]) -> Manifest:
    stored = changed(old, three_way(old["kind"], old, last_applied(old), document))
    noted = with_last_applied(stored, document)
    return old if noted == old else noted


def _keeping_addresses(old: Manifest, document: Mapping[str, Any]) -> Mapping[str, Any]:
    """A Service keeps its ClusterIPs and node ports where the new one says nothing of them."""
    spec = document.get("spec")
    if old["kind"] != "Service" or not isinstance(spec, Mapping) or spec.get("type") == "ExternalName":
        return document
    kept = {field: old["spec"][field] for field in ("clusterIP", "clusterIPs") if field in old["spec"]}
    return {**document, "spec": {**kept, **spec}}
