"""A kind cluster: its configuration, and the names of its nodes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from .engine import Engine
from .errors import ClusterError
from .process import run

Cni = Literal["policy", "plain"]

POD_SUBNET = "10.244.0.0/16"
SERVICE_SUBNET = "10.96.0.0/16"

#: The nodes, as scenarios name them.
NODES = ("control-plane", "worker-1", "worker-2")


def container_name(cluster: str, node: str) -> str:
    """The name that kind gives a node: NAME-control-plane, NAME-worker, NAME-worker2. Raises ClusterError."""
    if node not in NODES:
        raise ClusterError(f"no node {node!r}", f"a cluster has {', '.join(NODES)}", "name one of them")
    return f"{cluster}-{node.replace('-1', '').replace('worker-', 'worker')}"


def configuration(image: str, default_cni: bool) -> dict[str, object]:
    """kind's configuration (kind.x-k8s.io/v1alpha4) of one control plane and two workers."""
    return {
        "kind": "Cluster",
        "apiVersion": "kind.x-k8s.io/v1alpha4",
        "networking": {
            "ipFamily": "ipv4",
            "disableDefaultCNI": not default_cni,
            "podSubnet": POD_SUBNET,
            "serviceSubnet": SERVICE_SUBNET,
            "kubeProxyMode": "iptables",
        },
        "nodes": [{"role": _role(node), "image": image} for node in NODES],
    }


def _role(node: str) -> str:
    return node.partition("-")[0] if node.startswith("worker") else node


def kubectl(engine: Engine, cluster: str, *arguments: str, stdin: str | None = None) -> str:
    """Runs kubectl as the administrator, on the control plane's node, and returns what it writes.

    So it needs neither a kubectl of this machine nor its network. Raises ClusterError if it fails.
    """
    node = container_name(cluster, "control-plane")
    command = ["kubectl", "--kubeconfig=/etc/kubernetes/admin.conf", *arguments]
    return engine.docker("exec", "-i", node, *command, stdin=stdin.encode() if stdin else None)


class Kind:
    """The kind command, on one engine."""

    def __init__(self, engine: Engine, command: Path) -> None:
        self._engine = engine
        self._command = str(command)

    def create(self, cluster: str, configuration: Mapping[str, object], kubeconfig: Path) -> None:
        """Creates a cluster and writes its kubeconfig; its nodes are not Ready without a CNI."""
        options = ["--config", "-", "--kubeconfig", str(kubeconfig)]
        self._run(["create", "cluster", "--name", cluster, *options], json.dumps(configuration).encode())

    def delete(self, cluster: str, kubeconfig: Path) -> None:
        """Deletes a cluster, whole or half-made, if there is one."""
        self._run(["delete", "cluster", "--name", cluster, "--kubeconfig", str(kubeconfig)])

    def clusters(self) -> list[str]:
        """The names of the clusters on this engine."""
        return self._run(["get", "clusters", "--quiet"]).split()

    def _run(self, arguments: Sequence[str], stdin: bytes | None = None) -> str:
        advice = "run this again; `docker logs` of the node says more"
        return run(self._engine.inside([self._command, *arguments]), advice=advice, stdin=stdin)
