"""The way of a manifest into the lab: what the API server refuses, drops and fills in."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from netdoctor.cluster.decode import KINDS, UndecodableError, convert
from netdoctor.cluster.objects import LabelSelector
from netdoctor.cluster.selectors import matches
from netdoctor.lab.control.defaults import with_defaults
from netdoctor.lab.control.ingress_shapes import IngressShape
from netdoctor.lab.control.shapes import PodShape, WorkloadShape
from netdoctor.lab.objects import Manifest, key_of
from netdoctor.model.errors import InputError
from netdoctor.model.refs import CLUSTER_SCOPED

WORKLOADS = frozenset({"Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job"})

_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_GROUPS = {
    tag: frozenset(group for kind in KINDS.values() if kind.tag == tag for group in kind.groups)
    for tag in {kind.tag for kind in KINDS.values()}
} | {"Job": frozenset({"batch"})}
_SHAPES: Mapping[str, type[msgspec.Struct]] = {
    "Ingress": IngressShape,
    "Pod": PodShape,
    **dict.fromkeys(WORKLOADS, WorkloadShape),
}
_STRING_MAPS = {"labels", "annotations", "matchLabels", "nodeSelector", "data"}  # with the user's own keys
_SERVER_SIDE = ("creationTimestamp", "deletionTimestamp", "generation", "managedFields", "resourceVersion", "selfLink")
# Nothing in a lab would give them another one.
_STATUS_KEPT = {
    *("Node", "Service", "Ingress", "GatewayClass", "Gateway", "HTTPRoute"),
    *(name for name, kind in KINDS.items() if kind.named),
}


def admitted(document: Mapping[str, Any]) -> Manifest | None:
    """The document as the API server would store it, without status and uid.

    None for kinds of other API groups that share their name with one of Kubernetes' own, such as Knative's Service:
    nothing in a lab acts on them.

    Raises:
        InputError: it is no object, or does not have its kind's shape; names it and the field.
    """
    manifest = _named(document)
    if manifest is None:
        return None
    metadata = {k: v for k, v in manifest["metadata"].items() if k not in (*_SERVER_SIDE, "uid")}
    manifest = {**manifest, "metadata": metadata}
    if manifest["kind"] not in _STATUS_KEPT:
        manifest.pop("status", None)
    _check(manifest)
    return with_defaults(manifest)


def checked(document: Mapping[str, Any]) -> Manifest | None:
    """The document as it is, of an object that an API server has stored; None as for `admitted`.

    Raises:
        InputError: it is no object, or does not have its kind's shape; names it and the field.
    """
    manifest = _named(document)
    if manifest is not None:
        _check(manifest)
    return manifest


def _named(document: Mapping[str, Any]) -> Manifest | None:
    """A copy of the document with its namespace, of one of the kinds and groups that a lab knows; else None."""
    manifest = _without_nulls(document)
    _require_identity(manifest)
    if _of_another_group(manifest):
        return None
    if manifest["kind"] in CLUSTER_SCOPED:
        return manifest
    metadata = manifest["metadata"]
    return {**manifest, "metadata": {**metadata, "namespace": metadata.get("namespace") or "default"}}


def _of_another_group(manifest: Manifest) -> bool:
    groups = _GROUPS.get(manifest["kind"])
    return groups is not None and str(manifest.get("apiVersion", "")).rpartition("/")[0] not in groups


def _check(manifest: Manifest) -> None:
    """Refuse what does not have its kind's shape. Raises InputError, which names the object and the field."""
    kind, _, name = key_of(manifest)
    where = f"{kind} {name}"
    _check_names(manifest, where, kind)
    try:
        convert(manifest)
    except UndecodableError as error:
        raise InputError(str(error)) from error
    shape = _SHAPES.get(kind)
    if shape is None:
        return
    try:
        read = msgspec.convert(manifest, shape)
    except msgspec.ValidationError as error:
        said, _, path = str(error).partition(" - at ")
        raise InputError(f"{where}: {path.strip('`').removeprefix('$.')}: {said[0].lower()}{said[1:]}") from error
    if isinstance(read, WorkloadShape):
        _check_selector(read.spec.selector, read.spec.template.metadata.labels, kind, where)


def _require_identity(manifest: Mapping[str, Any]) -> None:
    """Raise InputError: it has no kind, name or version, or they cannot be those of an object."""
    kind, metadata = manifest.get("kind"), manifest.get("metadata")
    if not isinstance(kind, str) or not kind:
        raise InputError("this is no Kubernetes object: it has no kind")
    name = metadata.get("name") if isinstance(metadata, Mapping) else None
    if not isinstance(name, str) or not name:
        raise InputError(f"{kind}: metadata.name is missing")
    if not isinstance(manifest.get("apiVersion"), str) or not manifest["apiVersion"]:
        raise InputError(f"{kind} {name}: apiVersion is missing")
    if not isinstance(manifest["metadata"].get("namespace", ""), str):
        raise InputError(f"{kind} {name}: metadata.namespace is no string")
    for field in ("labels", "annotations"):
        if not _of_strings(manifest["metadata"].get(field, {})):
            raise InputError(f"{kind} {name}: metadata.{field} is no map of strings")


def _of_strings(value: Any) -> bool:
    return isinstance(value, Mapping) and all(isinstance(text, str) for pair in value.items() for text in pair)


def _check_names(manifest: Manifest, where: str, kind: str) -> None:
    _, namespace, name = key_of(manifest)
    strict = manifest["kind"] in _GROUPS or kind in WORKLOADS
    if not (_NAME.fullmatch(name) if strict else name.isprintable() and "/" not in name and len(name) < 254):
        raise InputError(f"{where}: metadata.name is not a valid name")
    if kind in {"Namespace", "Service"} and not _LABEL.fullmatch(name):
        raise InputError(f"{where}: metadata.name is no DNS label")
    if namespace and not _LABEL.fullmatch(namespace):
        raise InputError(f"{where}: metadata.namespace {namespace!r} is not a valid name")


def _check_selector(selector: LabelSelector | None, labels: Mapping[str, str], kind: str, where: str) -> None:
    if kind == "Job":
        return  # which makes its own
    if selector is None or not (selector.match_labels or selector.match_expressions):
        raise InputError(f"{where}: spec.selector is missing")
    if not matches(selector, labels):
        raise InputError(f"{where}: spec.selector does not match spec.template.metadata.labels")


def _without_nulls(document: Mapping[str, Any]) -> dict[str, Any]:
    """A null field is a missing field; in a list it is an empty element, in a map of strings the empty string."""
    return {key: _plain(value, key) for key, value in document.items() if value is not None}


def _plain(value: Any, key: str) -> Any:
    if isinstance(value, Mapping):
        if key in _STRING_MAPS:
            return {k: "" if v is None else v for k, v in value.items()}
        return _without_nulls(value)
    if isinstance(value, list | tuple):
        plain: Callable[[Any], Any] = lambda element: {} if element is None else _plain(element, "")  # noqa: E731
        return [plain(element) for element in value]
    return value
