"""One kind cluster, from nothing to Ready and back."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from string import Template

from . import engine as engines
from . import network
from .build import build_commands
from .engine import Engine
from .errors import ClusterError
from .image import ensure_node_image
from .kind import NODES, Cni, Kind, configuration, container_name, kubectl
from .packages import install_missing
from .paths import CACHE, MANIFESTS
from .progress import note, step
from .versions import KIND

_READY_SECONDS = 180  # for a new cluster
_PATIENCE_SECONDS = 30  # for one that was left ready


class Cluster:
    """A kind cluster whose CNI enforces NetworkPolicy (``policy``) or does not (``plain``).

    It runs on our own engine, in a network namespace without uplink, from a node image that is built here.
    With NETDOCTOR_NODE_IMAGE set it runs on the installed Docker engine, from that image.
    """

    def __init__(self, cni: Cni = "policy", name: str | None = None) -> None:
        self.cni: Cni = cni
        self.name = name or f"netdoctor-{cni}"
        self.given_image = os.environ.get("NETDOCTOR_NODE_IMAGE")
        self.engine = Engine() if self.given_image else engines.isolated_engine()
        self._directory = CACHE / "clusters" / self.name

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig. Only what ``command`` runs reaches its API server."""
        return self._directory / "kubeconfig"

    def command(self, argv: Sequence[str]) -> list[str]:
        """The command that runs ``argv`` where the API server is reached, with KUBECONFIG set."""
        return self.engine.inside(argv, KUBECONFIG=str(self.kubeconfig))

    def node(self, name: str) -> str:
        """The container of control-plane, worker-1 or worker-2. Raises ClusterError for another name."""
        return container_name(self.name, name)

    def node_command(self, node: str, argv: Sequence[str]) -> list[str]:
        """The command that runs ``argv`` on a node. Raises ClusterError for an unknown name."""
        return self.engine.inside(["docker", "exec", "-i", self.node(node), *argv])

    def up(self) -> None:
        """Brings the cluster up, whatever state it is in; one that is as it should be is left alone.

        Builds what is not cached, which takes some 20 minutes on two cores the first time. Raises ClusterError.
        """
        with _alone():
            image = self.given_image or self._prepare_engine()
            wanted = configuration(image, default_cni=self._has_default_cni)
            if self._recorded() == _fingerprint(wanted) and self.is_ready(_PATIENCE_SECONDS):
                note(f"{self.name} is up")
                return
            self._delete()
            self._create(wanted)
            self._record.write_text(_fingerprint(wanted))

    def is_ready(self, seconds: int = 5) -> bool:
        """Whether every node is Ready, or becomes so within some seconds."""
        try:
            self._wait_ready(seconds)
        except ClusterError:
            return False
        return True

    def load(self, archives: Iterable[Path]) -> None:
        """Loads image archives (`docker save`, or OCI) into every node at once. Raises ClusterError."""
        for archive in archives:
            with step(f"loading {archive.name}"), ThreadPoolExecutor() as pool:
                content = _read(archive)
                for _ in pool.map(lambda node, content=content: self._import(node, content), NODES):
                    pass  # only to raise what a thread raised

    def down(self) -> None:
        """Deletes the cluster, if there is one. Raises ClusterError."""
        with _alone(), step(f"deleting {self.name}"):
            self._delete()

    def _prepare_engine(self) -> str:
        install_missing()
        engines.start(self.engine)
        return ensure_node_image(self.engine)

    @property
    def _has_default_cni(self) -> bool:
        """kind's own CNI enforces NetworkPolicy too, and kind's own images have it."""
        return self.given_image is not None and self.cni == "policy"

    @property
    def _record(self) -> Path:
        """What the cluster was made of; written when it is complete."""
        return self._directory / "made-of"

    def _recorded(self) -> str | None:
        return self._record.read_text() if self._record.is_file() else None

    def _create(self, wanted: Mapping[str, object]) -> None:
        self._directory.mkdir(parents=True)
        with step(f"creating {self.name} with kind"):
            self._kind().create(self.name, wanted, self.kubeconfig)
        with step("connecting pods, and waiting until all is ready"):
            corefile = Template((MANIFESTS / "coredns.yaml").read_text()).substitute(NAME_SERVER=engines.NAME_SERVER)
            kubectl(self.engine, self.name, "replace", "-f", "-", stdin=corefile)
            # Before any pod can start: what asks for a Service too early keeps a flow that bypasses kube-proxy's rules.
            self._wait_for("daemonset/kube-proxy", _READY_SECONDS)
            if not self._has_default_cni:
                network.install(self.engine, self.name, self.cni)
            self._wait_ready(_READY_SECONDS)

    def _wait_ready(self, seconds: int) -> None:
        timeout = f"--timeout={seconds}s"
        kubectl(self.engine, self.name, "wait", "nodes", "--all", "--for=condition=Ready", timeout)
        for workload in ("daemonset", "deployment"):
            self._wait_for(workload, seconds)

    def _wait_for(self, workload: str, seconds: int) -> None:
        rollout = ("--namespace=kube-system", "rollout", "status", workload, f"--timeout={seconds}s")
        kubectl(self.engine, self.name, *rollout)

    def _delete(self) -> None:
        if self.engine.answers():
            self._kind().delete(self.name, self.kubeconfig)
        shutil.rmtree(self._directory, ignore_errors=True)

    def _kind(self) -> Kind:
        return Kind(self.engine, build_commands(KIND) / "kind")

    def _import(self, node: str, archive: bytes) -> None:
        ctr = ["ctr", "--namespace=k8s.io", "images", "import", "--no-unpack", "-"]
        self.engine.docker("exec", "-i", self.node(node), *ctr, stdin=archive)


def remove_everything() -> None:
    """Deletes every cluster on our own engine, stops it, and removes its namespace. Raises ClusterError."""
    engine = engines.isolated_engine()
    with _alone():
        if engine.answers():
            kind = Kind(engine, build_commands(KIND) / "kind")
            for name in kind.clusters():
                with step(f"deleting {name}"):
                    kind.delete(name, CACHE / "clusters" / name / "kubeconfig")
        with step("stopping dockerd"):
            engines.stop()
            engines.remove_namespace()
        shutil.rmtree(CACHE / "clusters", ignore_errors=True)


def _read(archive: Path) -> bytes:
    try:
        return archive.read_bytes()
    except OSError as error:
        raise ClusterError(f"cannot load {archive}", error.strerror or str(error), "build it first") from error


def _fingerprint(wanted: Mapping[str, object]) -> str:
    """Changes with the node image, kind's configuration, and the manifests."""
    manifests = "".join(file.read_text() for file in sorted(MANIFESTS.iterdir()))
    return hashlib.sha256((json.dumps(wanted) + manifests).encode()).hexdigest()


@contextmanager
def _alone() -> Iterator[None]:
    """Lets one process at a time change the engine and the clusters; the others wait."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
