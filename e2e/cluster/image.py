"""Makes the kind node image, and the images in it, of the cached parts; no registry is asked."""

from __future__ import annotations

import io
import json
import subprocess
import tarfile
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from .build import build_all
from .engine import Engine
from .errors import ClusterError
from .paths import NODE_SOURCES
from .process import run
from .progress import step
from .versions import CALICO, COREDNS, ETCD, KUBERNETES, PAUSE, calico_image, node_image, rootfs_directory

_NETBASE = "netdoctor.dev/netbase:1"
_ROOTFS = "netdoctor.dev/rootfs:1"


@dataclass(frozen=True, slots=True)
class Component:
    """A container image with one command."""

    tag: str
    command: str  #: its name in /usr/local/bin
    binary: Path
    base: str = "scratch"

    def context(self) -> dict[str, bytes | Path]:
        """What `docker build` makes it of."""
        path = f"/usr/local/bin/{self.command}"
        dockerfile = f"FROM {self.base}\nCOPY {self.command} {path}\nENTRYPOINT {json.dumps([path])}\n"
        return {"Dockerfile": dockerfile.encode(), self.command: self.binary}


def ensure_node_image(engine: Engine) -> str:
    """Builds the node image unless the engine has it, and returns its tag. Raises ClusterError if it cannot."""
    tag = node_image()
    if engine.docker("image", "ls", "--quiet", tag):
        return tag
    build_all()
    with step("building the cluster's images"):
        engine.docker("import", str(rootfs_directory() / "netbase.tar"), _NETBASE)
        engine.docker("import", str(rootfs_directory() / "node.tar"), _ROOTFS)
        made = components(_kubeadm_images())
        for component in made:
            _docker_build(engine, component.tag, component.context())
    with step(f"building the node image {tag}"), tempfile.TemporaryDirectory() as scratch:
        images = Path(scratch) / "images.tar"
        engine.docker("save", "--output", str(images), *(component.tag for component in made))
        _docker_build(engine, tag, _node_context(images), "--build-arg", f"ROOTFS={_ROOTFS}")
        engine.docker("image", "prune", "--force")  # the build's stages, and what older images alone used
    return tag


def components(kubeadm_images: Iterable[str]) -> list[Component]:
    """The images of a cluster: those that kubeadm wants, under the tags that it wants, and our own."""
    tags = {tag.rpartition("/")[2].partition(":")[0]: tag for tag in kubeadm_images}
    kubernetes = KUBERNETES.directory
    servers = ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
    return [
        *(Component(tags[name], name, kubernetes / name) for name in servers),
        Component(tags["kube-proxy"], "kube-proxy", kubernetes / "kube-proxy", _NETBASE),
        Component(tags["etcd"], "etcd", ETCD.directory / "server"),
        # Newer than kubeadm's, under kubeadm's tag: what its manifest names.
        Component(tags["coredns"], "coredns", COREDNS.directory / "coredns"),
        Component("netdoctor.dev/pause:1", "pause", PAUSE.directory / "pause"),
        Component(calico_image(), "calico-felix", CALICO.directory / "calico-felix", _NETBASE),
    ]


def _kubeadm_images() -> list[str]:
    kubeadm = str(KUBERNETES.directory / "kubeadm")
    listed = [kubeadm, "config", "images", "list", "--kubernetes-version", KUBERNETES.version]
    return run(listed, advice=f"remove {KUBERNETES.directory}, and run this again").split()


def _node_context(images: Path) -> dict[str, bytes | Path]:
    """What images/node/Dockerfile copies, by the names it uses."""
    kubernetes = KUBERNETES.directory
    return {
        "Dockerfile": NODE_SOURCES / "Dockerfile",
        "files": NODE_SOURCES / "files",
        "images.tar": images,
        "version": KUBERNETES.version.encode(),
        "cni/calico": CALICO.directory / "calico",
        "calico-crds.yaml": _calico_crds(),
        **{f"bin/{name}": kubernetes / name for name in ("kubeadm", "kubectl", "kubelet")},
    }


def _calico_crds() -> bytes:
    """Calico's CustomResourceDefinitions, from the sources of the version that is built."""
    download = ["go", "mod", "download", "-json", f"{CALICO.main}@{CALICO.version}"]
    module = json.loads(run(download, advice="check this machine's Go proxy"))
    files = sorted(Path(module["Dir"], "libcalico-go", "config", "crd").glob("*.yaml"))
    return b"\n---\n".join(file.read_bytes() for file in files)


def _docker_build(engine: Engine, tag: str, context: Mapping[str, bytes | Path], *options: str) -> None:
    """Builds an image of a context that is streamed, so that no copy of the large binaries is made."""
    build = ["docker", "build", "--quiet", "--network", "none", "--tag", tag, *options, "-"]
    with tempfile.TemporaryFile() as output:
        building = subprocess.Popen(engine.inside(build), stdin=subprocess.PIPE, stdout=output, stderr=output)
        with suppress(BrokenPipeError):  # docker has ended early, and its output says why
            _write_context(building, context)
        if building.wait() != 0:
            output.seek(0)
            reason = " ".join(output.read().decode(errors="replace").split("--->")[-1].split())
            raise ClusterError(f"docker build of {tag} failed", reason, "repair the cause, and run this again")


def _write_context(building: subprocess.Popen[bytes], context: Mapping[str, bytes | Path]) -> None:
    # Not the PAX format: docker takes a stream that begins with a PAX header for a Dockerfile.
    form = tarfile.GNU_FORMAT
    assert building.stdin is not None
    with building.stdin, tarfile.open(fileobj=building.stdin, mode="w|", format=form) as archive:
        for name, content in context.items():
            _add(archive, name, content)


def _add(archive: tarfile.TarFile, name: str, content: bytes | Path) -> None:
    if isinstance(content, Path):
        archive.add(content, name)
        return
    member = tarfile.TarInfo(name)
    member.size = len(content)
    member.mode = 0o644
    archive.addfile(member, io.BytesIO(content))
