"""Builds the commands and root filesystems of the node image into the cache, each once per version."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from .errors import ClusterError
from .paths import CACHE, NODE_SOURCES
from .process import shown
from .progress import note, step
from .versions import KUBERNETES, MODULES, GoModule, rootfs_directory

_PROGRESS_SECONDS = 30


def build_all() -> None:
    """Builds whatever the node image needs and the cache has not. Raises ClusterError if a build fails."""
    for module in MODULES:
        build_commands(module)
    _build_root_filesystems()


def build_commands(module: GoModule) -> Path:
    """Builds the commands of a module, unless they are cached, and returns their directory."""
    if module.directory.is_dir():
        return module.directory
    if shutil.which("go") is None:
        raise ClusterError(
            f"cannot build {module.name} {module.version}",
            "there is no Go toolchain on the PATH",
            "install Go 1.25 or newer, or set NETDOCTOR_NODE_IMAGE",
        )
    unfinished = module.directory.with_name(f"{module.directory.name}.new")
    unfinished.mkdir(parents=True, exist_ok=True)
    build = ["go", "build", "-v", "-trimpath", "-buildvcs=false", "-mod=readonly"]
    build += ["-ldflags", linker_flags(module), "-o", f"{unfinished}/", *module.packages]
    with step(f"building {module.name} {module.version}"):
        _build(build, NODE_SOURCES / module.name, {"CGO_ENABLED": "0"})
    return unfinished.rename(module.directory)


def linker_flags(module: GoModule) -> str:
    """Flags for the Go linker: no symbols, and for Kubernetes the version, without which kubeadm refuses."""
    flags = ["-s", "-w"]
    if module is KUBERNETES:
        major, minor, _ = module.version.removeprefix("v").split(".")
        facts = {
            "gitVersion": module.version,
            "gitMajor": major,
            "gitMinor": minor,
            "gitTreeState": "clean",
            "gitCommit": "0" * 40,
            "buildDate": "1970-01-01T00:00:00Z",
        }
        for package in ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version"):
            flags += [f"-X {package}.{name}={value}" for name, value in facts.items()]
    return " ".join(flags)


def _build_root_filesystems() -> None:
    directory = rootfs_directory()
    if (directory / "node.tar").exists() and (directory / "netbase.tar").exists():
        return
    directory.mkdir(parents=True, exist_ok=True)
    with step("building the root filesystems"):
        _build([str(NODE_SOURCES / "rootfs.sh"), str(directory)], NODE_SOURCES, {})


def _build(argv: Sequence[str], directory: Path, env: Mapping[str, str]) -> None:
    """Runs a long command with its output in a log, and says now and then how far that is."""
    log = CACHE / "build.log"
    note(f"          log: {log}")
    with log.open("wb") as output:
        building = subprocess.Popen(
            argv, cwd=directory, env={**os.environ, **env}, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
        while (code := _wait(building)) is None:
            lines = log.read_text(errors="replace").splitlines()
            note(f"          {len(lines)} lines, now: {lines[-1] if lines else ''}")
    if code != 0:
        # What Go says beside the names of the packages that it has compiled.
        said = [line for line in log.read_text(errors="replace").splitlines() if " " in line]
        reason = " | ".join([f"exit code {code}", *said[-3:]])
        raise ClusterError(f"{shown(argv)} failed", reason, f"read {log}, then run this again")


def _wait(building: subprocess.Popen[bytes]) -> int | None:
    try:
        return building.wait(_PROGRESS_SECONDS)
    except subprocess.TimeoutExpired:
        return None
