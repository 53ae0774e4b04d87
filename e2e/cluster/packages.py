"""Installs the Debian packages that building and running the engine need."""

from __future__ import annotations

import shutil

from .process import run, succeeds
from .progress import step
from .versions import suite

#: Commands that must exist, and the Debian packages that bring them.
_PACKAGES = {
    "containerd": "containerd",
    "dockerd": "docker.io",
    "ip": "iproute2",
    "iptables": "iptables",
    "mmdebstrap": "mmdebstrap",
    "nsenter": "util-linux",
    "runc": "runc",
}


def missing_packages() -> list[str]:
    """The packages whose command is not on the PATH."""
    return [package for command, package in _PACKAGES.items() if shutil.which(command) is None]


def install_missing() -> None:
    """Installs what is missing with apt-get. Raises ClusterError if that fails, or if this is not Debian."""
    missing = missing_packages()
    if not missing:
        return
    suite()
    with step(f"installing {' '.join(missing)}"):
        install = ["apt-get", "install", "--yes", "--no-install-recommends", *missing]
        quiet = {"DEBIAN_FRONTEND": "noninteractive"}
        if not succeeds(install, quiet):  # most often because the package lists are old
            run(["apt-get", "update"], advice="check this machine's apt sources")
            run(install, env=quiet, advice="install these packages by hand, as root")
