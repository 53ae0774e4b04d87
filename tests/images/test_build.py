"""Whole images: built, built again to the same bytes, and started."""

from __future__ import annotations

import gzip
import http.client
import io
import json
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from images.build.__main__ import CACHE, build, main
from images.build.recipes import REPOSITORY, Recipe, recipes
from images.build.rootfs import packages_tar
from netdoctor_probe.wire import Plan, Probe, ProbeKind, encode_plan
from tests.apps.ports import free_port

PROBE, TESTAPP, INGRESS = recipes()
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="chroot needs root")


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty cache, but for the packages, which need not be fetched again."""
    CACHE.mkdir(parents=True, exist_ok=True)
    empty = tmp_path_factory.mktemp("images")
    tar = packages_tar(CACHE)
    (empty / tar.name).symlink_to(tar)
    return empty


@pytest.fixture(scope="module")
def built(cache: Path) -> Path:
    return build(PROBE, cache)


def unpacked(archive: Path, root: Path) -> Path:
    with tarfile.open(archive) as tar:
        (image,) = json.loads((tar.extractfile("manifest.json") or io.BytesIO()).read())
        for name in image["Layers"]:
            layer = gzip.decompress((tar.extractfile(name) or io.BytesIO()).read())
            with tarfile.open(fileobj=io.BytesIO(layer)) as files:
                files.extractall(root)
    return root


def test_reproducible_small_and_kept(built: Path, cache: Path) -> None:
    first, changed = built.read_bytes(), built.stat().st_mtime_ns
    assert build(PROBE, cache) == built
    assert built.stat().st_mtime_ns == changed  # not built again
    built.unlink()
    assert build(PROBE, cache).read_bytes() == first
    assert len(first) < 20_000_000


def test_all_images_share_their_base_layer(built: Path, cache: Path) -> None:
    layers = []
    for archive in (built, build(TESTAPP, cache), build(INGRESS, cache)):
        with tarfile.open(archive) as tar:
            (image,) = json.loads((tar.extractfile("manifest.json") or io.BytesIO()).read())
            layers.append(image["Layers"])
    assert len({base for base, _ in layers}) == 1
    assert len({app for _, app in layers}) == len(layers)


@as_root
def test_the_ingress_controller_starts_from_the_image_and_knows_no_routes(cache: Path, tmp_path: Path) -> None:
    root = unpacked(build(INGRESS, cache), tmp_path)
    port = free_port()
    command = ["chroot", str(root), "/usr/bin/python3", "-I", "-S", "/app", "--routes", "/routes", f"http:{port}"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert " listening " in process.stderr.readline()
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        connection.request("GET", "/")
        assert connection.getresponse().status == 404
        process.terminate()


@as_root
def test_every_kind_of_probe_starts_from_the_image(built: Path, tmp_path: Path) -> None:
    root = unpacked(built, tmp_path)
    probes = [Probe(kind, kind, "127.0.0.1", 9, 0.2, 1, name="a.", server="127.0.0.1") for kind in ProbeKind]
    (root / "proc/net").mkdir(parents=True)
    for table in ("tcp", "udp"):
        shutil.copy(f"/proc/net/{table}", root / "proc/net" / table)
    ended = subprocess.run(
        ["chroot", root, "/usr/bin/python3", "-I", "-S", "/app", "--plan", "-"],
        input=encode_plan(Plan(tuple(probes))),
        capture_output=True,
        text=True,
        check=True,
    )
    seen = {line["id"]: line for line in map(json.loads, ended.stdout.splitlines()[:-1])}
    outcomes = {seen[kind]["outcome"]: kind for kind in ProbeKind}
    assert set(outcomes) == {"ok", "refused"}, seen


@as_root
def test_nothing_is_compiled_at_start(built: Path, tmp_path: Path) -> None:
    """Every module comes from its cached bytecode: on a read-only root compiling would cost each start."""
    root = unpacked(built, tmp_path)
    command = ["chroot", str(root), "/usr/bin/python3"]
    command += ["-I", "-S", "-v", "/app", "--plan", "/x"]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stderr
    assert "# code object from '/app/netdoctor_probe/__pycache__/wire.cpython-311.pyc'" in said
    assert not [line for line in said.splitlines() if line.startswith("# code object from /")]


def test_unknown_image_is_one_clear_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prob"]) == 2
    assert capsys.readouterr().err == "images.build: no image 'prob': probe, testapp, ingress or all\n"


@pytest.mark.parametrize("recipe", recipes(), ids=lambda recipe: recipe.name)
def test_dockerfile_is_pinned_and_copies_what_exists(recipe: Recipe) -> None:
    lines = (REPOSITORY / "images" / recipe.name / "Dockerfile").read_text().splitlines()
    words = [line.split() for line in lines]
    assert ["FROM", "debian:bookworm-20251117-slim"] in words
    assert ["USER", recipe.user] in words
    assert all((REPOSITORY / line[1]).is_dir() for line in words if line[:1] == ["COPY"])
