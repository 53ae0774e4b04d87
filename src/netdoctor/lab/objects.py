"""The lab's objects, as kubectl prints them: what its controllers change, and what netdoctor reads of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from netdoctor.cluster.decode import convert, name_of
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.model.refs import CLUSTER_SCOPED

Manifest = dict[str, Any]
Key = tuple[str, str, str]  # kind, namespace (empty for cluster-scoped kinds), name
Objects = dict[Key, Manifest]


def kind_of(manifest: Mapping[str, Any]) -> str:
    """An object's kind; with version and group, as in KINDS, where it has the name of another kind."""
    return name_of(manifest["kind"], str(manifest.get("apiVersion", "")))


def key_of(manifest: Mapping[str, Any]) -> Key:
    """An object's key; a namespaced one that names no namespace is in `default`."""
    kind, metadata = kind_of(manifest), manifest["metadata"]
    namespace = "" if kind in CLUSTER_SCOPED else metadata.get("namespace") or "default"
    return kind, namespace, metadata["name"]


def snapshot_of(objects: Objects, source: str) -> Snapshot:
    """What netdoctor reads of the objects; kinds that it does not know are left out.

    Raises:
        UndecodableError: an object does not have its kind's shape.
    """
    decoded = [read for manifest in objects.values() if (read := convert(manifest)) is not None]
    return Snapshot.of(decoded, source=source, taken_at=datetime.now(UTC))
