"""What a check of a way out of the cluster adds: the same from the source's nodes themselves.

A pod that gets nowhere while its node does is held back by policy or by address translation; where neither gets
anywhere, it is the way beyond the node.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from netdoctor.cluster.snapshot import Snapshot
from netdoctor.model.probe import NotTested, Position, Probe, ProbeKind, Role
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
    """The URL itself, over plain HTTP, and whether the machine's metadata service answers a pod."""
    if not leaves_cluster(snapshot, path.target):
        return
    if path.target.scheme == "http":
        for route in path.routes:
            yield Aimed(Aim.URL, True, route, next(iter(route.ready), None)), _request(path)
    asked = (path.target.ref.name, path.target.port) == (METADATA, METADATA_PORT)
    if position.role is Role.SOURCE and path.source.on_pod_network and not asked:
        yield Aimed(Aim.METADATA), reach("TCP", METADATA, METADATA_PORT)


def egress_left_out(snapshot: Snapshot, path: Path) -> Iterator[NotTested]:
    """What of a URL no probe tells."""
    if path.target.scheme == "https" and leaves_cluster(snapshot, path.target):
        yield NotTested(
            f"the TLS handshake and the HTTP answer of {path.target.text}",
            "probes speak no TLS: of https:// only the TCP connection is tried",
        )


def _request(path: Path) -> Probe:
    """By name, a request looks it up itself and goes to its first address."""
    target = path.target
    port = target.port if isinstance(target.port, int) else 80
    by_name = bool(path.dns.name)
    return Probe(
        "",
        ProbeKind.HTTP,
        host="" if by_name else target.ref.name,
        port=port,
        name=path.dns.name if by_name else "",
        path=target.url_path or "/",
    )
