"""The packages' files, unpacked but not installed, by mmdebstrap from the machine's own apt sources."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from .errors import BuildError
from .recipes import PACKAGES, SUITE

_SOURCES = (Path("/etc/apt/sources.list.d/debian.sources"), Path("/etc/apt/sources.list"))


def packages_tar(cache: Path) -> Path:
    """A tar of the packages' files, kept in `cache`. Raises BuildError."""
    key = hashlib.sha256(" ".join([SUITE, *PACKAGES]).encode()).hexdigest()[:12]
    tar = cache / f"packages-{key}.tar"
    if tar.exists():
        return tar
    new = cache / f"packages-{key}.{os.getpid()}.tar"
    sources = next((file for file in _SOURCES if file.is_file() and file.stat().st_size), None)
    if sources is None:
        raise BuildError(
            "cannot fetch the packages", "no apt sources on this machine", "docker build -f images/probe/Dockerfile ."
        )
    _need_mmdebstrap()
    include = f"--include={','.join(PACKAGES)}"
    _run("mmdebstrap", "--quiet", "--variant=extract", include, SUITE, str(new), str(sources))
    new.replace(tar)
    return tar


def _need_mmdebstrap() -> None:
    if shutil.which("mmdebstrap"):
        return
    if os.geteuid() != 0:
        raise BuildError("cannot unpack the packages", "mmdebstrap is not installed", "sudo apt-get install mmdebstrap")
    print("installing mmdebstrap ...", file=sys.stderr, flush=True)
    _run("apt-get", "install", "--yes", "--no-install-recommends", "mmdebstrap")


def _run(*command: str) -> None:
    ended = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if ended.returncode:
        reason = " | ".join(ended.stderr.strip().splitlines()[-4:]) or f"exit code {ended.returncode}"
        raise BuildError(f"{command[0]} failed", reason, "apt-get update, and see that the package sources answer")
