"""Nodes as targets: by which address they are known, and which of their pods can be asked."""

from __future__ import annotations

from collections.abc import Iterator

from netdoctor.cluster.addresses import parse_address
from netdoctor.cluster.objects import Node, Pod
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.path.backends import Backend

KUBELET_PORT = 10250  # what listens on every node: even a refusal tells that packets get there


def internal_addresses(node: Node) -> tuple[str, ...]:
    """By which other nodes know it."""
    return tuple(
        one.address for one in node.status.addresses if one.type == "InternalIP" and parse_address(one.address)
    )


def pods_of_node(snapshot: Snapshot, name: str) -> tuple[Backend, ...]:
    """Ready pods with an address of their own on a node, each with a TCP port on which something listens.

    That is a port of which a passing readiness probe tells; nothing else does.
    """
    here = (pod for pod in snapshot.pods if pod.spec.node_name == name and pod.ready and not pod.terminating)
    return tuple(
        Backend(pod.ips[0], port, True, pod, name, None)
        for pod in here
        if pod.ips and not pod.spec.host_network and (port := next(_probed(pod), None))
    )


def _probed(pod: Pod) -> Iterator[int]:
    for container in pod.spec.containers:
        probe = container.readiness_probe
        action = probe and (probe.http_get or probe.tcp_socket)
        if not action or action.host:
            continue
        named = {port.name: port.container_port for port in container.ports if port.protocol == "TCP"}
        port = action.port if isinstance(action.port, int) else named.get(action.port)
        if port:
            yield port
