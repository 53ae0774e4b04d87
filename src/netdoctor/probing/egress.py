"""What a check of a way out of the cluster adds: the same from the source's nodes themselves.

A pod that gets nowhere while its node does is held back by policy or by address translation; where neither gets
anywhere, it is the way beyond the node.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from netdoctor.cluster.snapshot import Snapshot
from netdoctor.model.probe import Position, Probe, Role
from netdoctor.model.refs import ObjectRef
from netdoctor.path.egress import METADATA, METADATA_PORT, is_api_server, leaves_cluster
from netdoctor.path.path import Path
from netdoctor.path.source import Source
from netdoctor.probing.aims import Aim, Aimed
from netdoctor.probing.reaching import reach

MAX_NODES = 2  # from which a way out is tried: enough to tell one node's fault from everybody's


def node_contrasts(snapshot: Snapshot, path: Path, placed: Sequence[Position]) -> Iterator[Position]:
    """A position in the network of each node on which a pod stands for the source, where that tells something."""
    if not path.source.on_pod_network or not (
        leaves_cluster(snapshot, path.target) or is_api_server(snapshot, path.target)
    ):
        return
    nodes = dict.fromkeys(position.node for position in placed if position.role is Role.SOURCE)
    for number, node in enumerate(nodes):
        yield Position(
            f"node-{number}" if number else "node",
            Role.NODE,
            path.source.namespace,
            node=node,
            host_network=True,
            dns_policy="ClusterFirstWithHostNet",  # the same servers, so that a name means the same
            stands_for=ObjectRef("Node", node) if node else None,
        )


def egress_places(source: Source, allowed: Sequence[str]) -> Iterator[tuple[str, str | None]]:
    """(position id, node): first where the source's own pods run, then where else it may."""
    own = [pod.spec.node_name for pod in source.pods if not pod.finished and pod.spec.node_name in allowed]
    nodes = [*dict.fromkeys((*own, *allowed))][:MAX_NODES]
    yield from zip(("source", "other-node"), nodes or (None,), strict=False)


def egress_probes(snapshot: Snapshot, path: Path, position: Position) -> Iterator[tuple[Aimed, Probe]]:
    """Whether the machine's metadata service answers a pod."""
    if not leaves_cluster(snapshot, path.target):
        return
    asked = (path.target.ref.name, path.target.port) == (METADATA, METADATA_PORT)
    if position.role is Role.SOURCE and path.source.on_pod_network and not asked:
        yield Aimed(Aim.METADATA), reach("TCP", METADATA, METADATA_PORT)
