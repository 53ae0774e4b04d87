"""An archive holds what its manifests name, for Docker and for OCI."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from typing import Any

from images.build.archive import archive
from images.build.layers import Layer
from images.build.recipes import ROUTES, Recipe, recipes
from netdoctor import __version__

LAYERS = [Layer(b"one", "sha256:1"), Layer(b"two", "sha256:2")]


def contents(data: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return {entry.name: (tar.extractfile(entry) or io.BytesIO()).read() for entry in tar}


def blob(files: dict[str, bytes], description: dict[str, Any]) -> bytes:
    digest = description["digest"].removeprefix("sha256:")
    data = files[f"blobs/sha256/{digest}"]
    assert (hashlib.sha256(data).hexdigest(), len(data)) == (digest, description["size"])
    return data


def configuration(recipe: Recipe) -> Any:
    files = contents(archive(recipe, LAYERS))
    (docker,) = json.loads(files["manifest.json"])
    return json.loads(files[docker["Config"]])["config"]


def test_oci_and_docker_name_the_same_image() -> None:
    probe = recipes()[0]
    files = contents(archive(probe, LAYERS))
    (index,) = json.loads(files["index.json"])["manifests"]
    manifest = json.loads(blob(files, index))
    config = json.loads(blob(files, manifest["config"]))
    assert [blob(files, layer) for layer in manifest["layers"]] == [b"one", b"two"]
    (docker,) = json.loads(files["manifest.json"])
    assert [files[path] for path in docker["Layers"]] == [b"one", b"two"]
    assert json.loads(files[docker["Config"]]) == config
    assert docker["RepoTags"] == [index["annotations"]["io.containerd.image.name"]] == [probe.reference]
    assert config["rootfs"]["diff_ids"] == ["sha256:1", "sha256:2"]


def test_images_are_not_root_and_carry_netdoctors_version() -> None:
    names = [f"netdoctor.dev/probe:{__version__}", "netdoctor.dev/testapp:1", "netdoctor.dev/ingress:1"]
    assert [recipe.reference for recipe in recipes()] == names
    users = [configuration(recipe)["User"] for recipe in recipes()]
    assert users == ["65534:65534", "65534:65534", "0:0"]  # the last one listens on ports 80 and 443


def test_the_ingress_controller_starts_with_arguments_of_its_own() -> None:
    *_, ingress = recipes()
    assert configuration(ingress)["Entrypoint"][3:] == ["/app", "--routes", ROUTES, "http:80", "https:443"]


def test_same_layers_same_bytes() -> None:
    probe = recipes()[0]
    assert archive(probe, LAYERS) == archive(probe, LAYERS)
