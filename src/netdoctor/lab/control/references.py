"""ConfigMaps and Secrets that containers and volumes name, and that do not exist."""

from __future__ import annotations

from collections.abc import Iterator

from netdoctor.lab.control.shapes import Container, KeyRef, Volume
from netdoctor.lab.objects import Objects

_EVERYWHERE = "kube-root-ca.crt"  # a ConfigMap that a controller puts into every namespace


def missing_for(container: Container, namespace: str, objects: Objects) -> str:
    """What the kubelet says of the first reference of a container that leads nowhere; empty if there is none."""
    for kind, ref in _references(container):
        said = _missing(kind, ref, namespace, objects)
        if said:
            return said
    return ""


def missing_volume(volume: Volume, namespace: str, objects: Objects) -> str:
    """The same, of a volume."""
    if volume.config_map is not None:
        return _missing("ConfigMap", volume.config_map, namespace, objects)
    if volume.secret is not None:
        ref = KeyRef(name=volume.secret.secret_name, optional=volume.secret.optional)
        return _missing("Secret", ref, namespace, objects)
    return ""


def _references(container: Container) -> Iterator[tuple[str, KeyRef]]:
    for whole in container.env_from:
        if whole.config_map_ref is not None:
            yield "ConfigMap", whole.config_map_ref
        if whole.secret_ref is not None:
            yield "Secret", whole.secret_ref
    for variable in container.env:
        source = variable.value_from
        if source is not None and source.config_map_key_ref is not None:
            yield "ConfigMap", source.config_map_key_ref
        if source is not None and source.secret_key_ref is not None:
            yield "Secret", source.secret_key_ref


def _missing(kind: str, ref: KeyRef, namespace: str, objects: Objects) -> str:
    if ref.optional or (kind, ref.name) == ("ConfigMap", _EVERYWHERE):
        return ""
    found = objects.get((kind, namespace, ref.name))
    if found is None:
        return f'{kind.lower()} "{ref.name}" not found'
    keys = {key for field in ("data", "binaryData", "stringData") for key in found.get(field, {})}
    if ref.key and ref.key not in keys:
        return f"couldn't find key {ref.key} in {kind} {namespace}/{ref.name}"
    return ""
