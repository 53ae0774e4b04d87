"""How commands reach a cluster: one of the project's own, or one that is given with --context or --kubeconfig."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from e2e.cluster import Cluster, ClusterError, Cni
from e2e.cluster.process import run
from images.build.__main__ import CACHE, build
from images.build.recipes import recipes
from netdoctor.lab.scenario import OUTSIDE, node_names

RUN_MARK = "netdoctor.dev/e2e"  # annotation of every namespace that a run makes
_SECONDS = 120  # no kubectl command of a scenario may take longer


class Access(Protocol):
    """A cluster as the runner uses it."""

    owned: bool  # whether the cluster is there for scenarios only, so that what is left over may be deleted

    @property
    def options(self) -> Sequence[str]:
        """Options that make netdoctor and kubectl use this cluster."""
        ...

    def command(self, argv: Sequence[str]) -> list[str]:
        """The command that runs `argv` where the API server is reached."""
        ...

    def node_command(self, node: str, argv: Sequence[str]) -> list[str]:
        """The command that runs `argv` on a node, by its name in scenarios. Raises ClusterError."""
        ...

    def use(self, *, alone: bool) -> AbstractContextManager[None]:
        """Holds the cluster, beside others or alone, also against other runs on this machine."""
        ...


class OwnCluster:
    """A cluster of the project's own, brought up with its images in it."""

    owned = True
    options: Sequence[str] = ()

    def __init__(self, cni: Cni) -> None:
        self._cluster = Cluster(cni)
        if not self._cluster.is_ready():
            self._cluster.up()
        self._load_images()

    def command(self, argv: Sequence[str]) -> list[str]:
        return self._cluster.command(argv)

    def node_command(self, node: str, argv: Sequence[str]) -> list[str]:
        return self._cluster.node_command(node, argv)

    @contextmanager
    def use(self, *, alone: bool) -> Iterator[None]:
        with self._cluster.kubeconfig.with_name("in-use").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
            yield

    def _load_images(self) -> None:
        """Load the images, but for those that this very cluster has got already."""
        record = self._cluster.kubeconfig.with_name("images")
        CACHE.mkdir(parents=True, exist_ok=True)
        archives = [build(recipe, CACHE) for recipe in recipes()]
        names = "\n".join(archive.name for archive in archives)
        if not record.is_file() or record.read_text() != names:
            self._cluster.load(archives)
            record.write_text(names)


class GivenCluster:
    """A cluster that exists already. Its nodes cannot be changed from here."""

    owned = False

    def __init__(self, context: str | None, kubeconfig: Path | None) -> None:
        pairs = (("--context", context), ("--kubeconfig", kubeconfig))
        self.options: Sequence[str] = [word for flag, value in pairs if value for word in (flag, str(value))]

    def command(self, argv: Sequence[str]) -> list[str]:
        return list(argv)

    def node_command(self, node: str, argv: Sequence[str]) -> list[str]:
        raise ClusterError(
            f"cannot run {argv[-1]!r} on {node}",
            "the nodes of a given cluster are out of reach",
            "leave it out with -k",
        )

    def use(self, *, alone: bool) -> AbstractContextManager[None]:  # noqa: ARG002 - one run at a time is the user's affair
        return nullcontext()


class Kubectl:
    """kubectl on one cluster. Every method raises ClusterError where kubectl fails."""

    def __init__(self, access: Access) -> None:
        self.access = access

    def __call__(self, *arguments: str, stdin: str | None = None) -> str:
        """Run one command and return what it prints."""
        argv = self.access.command(["kubectl", *self.access.options, *arguments])
        data = stdin.encode() if stdin is not None else None
        return run(argv, advice="look at the cluster's state", stdin=data, timeout=_SECONDS)

    def get(self, resources: str, *arguments: str) -> list[dict[str, Any]]:
        """Objects as kubectl prints them, those of one command."""
        document = json.loads(self("get", resources, *arguments, "--ignore-not-found", "-o", "json") or '{"items": []}')
        items: list[dict[str, Any]] = document.get("items", [document])
        return items

    def create_namespace(self, name: str) -> None:
        """Create a namespace that is marked as one of a run."""
        metadata = {"name": name, "annotations": {RUN_MARK: ""}}
        self("create", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}))

    @cached_property
    def nodes(self) -> Mapping[str, str]:
        """From the nodes' names in scenarios to their real ones."""
        return node_names(self.get("nodes"))

    def on_node(self, node: str, script: str) -> str:
        """Run a shell script on a node, or `outside` the cluster."""
        words = ["sh", "-c", script]
        argv = self.access.command(words) if node == OUTSIDE else self.access.node_command(node, words)
        return run(argv, advice="try it by hand there", timeout=_SECONDS)
