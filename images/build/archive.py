"""One image as one file that `docker load` and `ctr images import` both read.

The file is an OCI image layout (index.json, oci-layout, blobs; specification v1.1) that also has Docker's
manifest.json, whose paths point at the same blobs.
"""

from __future__ import annotations

import hashlib
import io
import json
import platform
import tarfile
from typing import Any

from .layers import Layer
from .recipes import PYTHON, Recipe

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
_OCI = "application/vnd.oci.image"
_EPOCH = "1970-01-01T00:00:00Z"


def archive(recipe: Recipe, layers: list[Layer]) -> bytes:
    """The archive's bytes: the same for the same layers."""
    blobs: dict[str, bytes] = {}

    def add(kind: str, data: bytes) -> dict[str, Any]:
        digest = hashlib.sha256(data).hexdigest()
        blobs[f"blobs/sha256/{digest}"] = data
        return {"mediaType": f"{_OCI}.{kind}", "digest": f"sha256:{digest}", "size": len(data)}

    stored = [add("layer.v1.tar+gzip", layer.data) for layer in layers]
    config = add("config.v1+json", _json(_configuration(recipe, layers)))
    manifest = {"schemaVersion": 2, "mediaType": f"{_OCI}.manifest.v1+json", "config": config, "layers": stored}
    described = add("manifest.v1+json", _json(manifest))
    described["annotations"] = {
        "io.containerd.image.name": recipe.reference,
        "org.opencontainers.image.ref.name": recipe.tag,
    }
    docker = {
        "Config": _path(config),
        "RepoTags": [recipe.reference],
        "Layers": [_path(layer) for layer in stored],
    }
    files = {
        "oci-layout": _json({"imageLayoutVersion": "1.0.0"}),
        "index.json": _json({"schemaVersion": 2, "manifests": [described]}),
        "manifest.json": _json([docker]),
        **blobs,
    }
    return _tar(files)


def _configuration(recipe: Recipe, layers: list[Layer]) -> dict[str, Any]:
    machine = platform.machine()
    return {
        "created": _EPOCH,
        "architecture": _ARCHITECTURES.get(machine, machine),
        "os": "linux",
        "config": {
            "User": recipe.user,
            "Env": ["PATH=/usr/bin"],
            "Entrypoint": [f"/usr/bin/{PYTHON}", "-I", "-S", "/app", *recipe.arguments],
            "WorkingDir": "/",
            "Labels": {
                "org.opencontainers.image.title": recipe.title,
                "org.opencontainers.image.version": recipe.tag,
            },
        },
        "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer in layers]},
        "history": [{"created": _EPOCH, "created_by": "python -m images.build"} for _ in layers],
    }


def _path(blob: dict[str, Any]) -> str:
    return "blobs/sha256/" + str(blob["digest"]).removeprefix("sha256:")


def _json(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def _tar(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for name in sorted(files):
            entry = tarfile.TarInfo(name)
            entry.size = len(files[name])
            tar.addfile(entry, io.BytesIO(files[name]))
    return buffer.getvalue()
