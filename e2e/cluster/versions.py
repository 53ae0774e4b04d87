"""What the node image is made of, and the keys under which its parts are cached.

The go.mod files below images/node are the only place where versions are written.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from .errors import ClusterError
from .paths import CACHE, NODE_SOURCES


@dataclass(frozen=True, slots=True)
class GoModule:
    """A module below images/node, and the commands that are built from it."""

    name: str  #: its directory
    main: str  #: the module whose version it pins; empty if it is all our own
    packages: tuple[str, ...]  #: import paths of the commands

    @property
    def version(self) -> str:
        """The pinned version of the main module, such as v1.34.4."""
        if not self.main:
            return "v1"
        return required_version((NODE_SOURCES / self.name / "go.mod").read_text(), self.main)

    @property
    def directory(self) -> Path:
        """Where its commands are cached: a directory of their own per version and sources."""
        sources = NODE_SOURCES / self.name
        return CACHE / f"{self.name}-{self.version}-{digest(sources.iterdir())}"


_COMMANDS = "kube-apiserver kube-controller-manager kube-proxy kube-scheduler kubeadm kubectl kubelet"

KUBERNETES = GoModule(
    "kubernetes", "k8s.io/kubernetes", tuple(f"k8s.io/kubernetes/cmd/{name}" for name in _COMMANDS.split())
)
KIND = GoModule("kind", "sigs.k8s.io/kind", ("sigs.k8s.io/kind",))
ETCD = GoModule("etcd", "go.etcd.io/etcd/server/v3", ("go.etcd.io/etcd/server/v3",))
COREDNS = GoModule("coredns", "github.com/coredns/coredns", (".",))
CALICO = GoModule(
    "calico",
    "github.com/projectcalico/calico",
    (
        "github.com/projectcalico/calico/cni-plugin/cmd/calico",
        "github.com/projectcalico/calico/felix/cmd/calico-felix",
    ),
)
PAUSE = GoModule("pause", "", (".",))
MODULES = (KIND, PAUSE, ETCD, COREDNS, CALICO, KUBERNETES)


def required_version(go_mod: str, module: str) -> str:
    """The version that a go.mod requires of a module. Raises ClusterError if it requires none."""
    found = re.search(rf"^(?:require)?\s*{re.escape(module)} (v\S+)(?: //.*)?$", go_mod, re.MULTILINE)
    if not found:
        raise ClusterError(
            f"no version of {module} is known", "its go.mod does not require it", "run `go mod tidy` there"
        )
    return found[1]


def digest(files: Iterable[Path]) -> str:
    """Eight hexadecimal digits that change with the names or contents of files."""
    summed = hashlib.sha256()
    for file in sorted(files):
        summed.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return summed.hexdigest()[:8]


@cache
def suite() -> str:
    """The Debian release of this machine, of which the root filesystems are made, such as bookworm."""
    release = Path("/etc/os-release").read_text()
    found = re.search(r"^VERSION_CODENAME=(\w+)$", release, re.MULTILINE)
    if not found or not re.search(r"^ID=debian$", release, re.MULTILINE):
        raise ClusterError(
            "the node image cannot be built here",
            "it is made of this machine's Debian packages, and this is not Debian",
            "set NETDOCTOR_NODE_IMAGE to a kind node image, for the Docker engine that is installed",
        )
    return found[1]


def rootfs_directory() -> Path:
    """Where the root filesystems are cached."""
    return CACHE / f"rootfs-{suite()}-{digest([NODE_SOURCES / 'rootfs.sh'])}"


def node_image() -> str:
    """The node image's tag, which names the Kubernetes version and everything it is made of."""
    sources = digest(file for file in NODE_SOURCES.rglob("*") if file.is_file())
    return f"netdoctor.dev/node:{KUBERNETES.version}-{suite()}-{sources}"


def calico_image() -> str:
    """The tag of the image with Felix, which the Calico manifest names."""
    return f"netdoctor.dev/calico:{CALICO.version}"
