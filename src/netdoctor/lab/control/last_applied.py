"""The annotation by which `kubectl apply` knows what it was given before, and so what is no longer wanted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from netdoctor.lab.objects import Manifest

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def with_last_applied(manifest: Manifest, document: Mapping[str, Any]) -> Manifest:
    """The object with what was applied to it."""
    metadata = manifest["metadata"]
    text = msgspec.json.encode(_plain(document), order="deterministic").decode()
    return {
        **manifest,
        "metadata": {**metadata, "annotations": {**metadata.get("annotations", {}), LAST_APPLIED: text}},
    }


def last_applied(manifest: Manifest) -> Mapping[str, Any]:
    """What was applied last; nothing where that is not known."""
    try:
        last = msgspec.json.decode(manifest["metadata"].get("annotations", {}).get(LAST_APPLIED, "{}"))
    except msgspec.DecodeError:
        return {}
    return last if isinstance(last, Mapping) else {}


def _plain(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document without the annotation, which would otherwise hold itself."""
    metadata = document["metadata"]
    given = metadata.get("annotations") or {}
    annotations = {key: value for key, value in given.items() if key != LAST_APPLIED}
    kept = {key: value for key, value in metadata.items() if key != "annotations"}
    return {**document, "metadata": {**kept, "annotations": annotations} if annotations else kept}
