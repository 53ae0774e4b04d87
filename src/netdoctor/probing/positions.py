"""Where probe pods stand: as the source on an endpoint's node and on another, and one neutral pod beside it."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from netdoctor.cluster.objects import DaemonSet, Node, Pod, PodSpec
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.model.probe import Position, Role
from netdoctor.model.refs import ObjectRef
from netdoctor.path.egress import leaves_cluster
from netdoctor.path.path import Path
from netdoctor.path.source import Source, SourceKind
from netdoctor.path.target import TargetKind
from netdoctor.probing.egress import egress_places, node_contrasts


def positions(snapshot: Snapshot, path: Path, *, attach: bool) -> tuple[Position, ...]:
    """The positions of a check. With `attach`, existing pods are entered instead of imitated."""
    source = path.source
    if source.kind is SourceKind.OUTSIDE:
        return (Position("outside", Role.SOURCE, source.namespace, outside=True),)
    if attach and (pod := _running(source.pods)) is not None:
        placed = [Position("source", Role.SOURCE, pod.namespace, attach_to=pod.ref, node=pod.spec.node_name)]
    else:
        placed = [position_of(source, name, node) for name, node in places(snapshot, path)]
    if _needs_contrast(snapshot, path) or itself_among(path, placed[0].attach_to):
        placed.append(Position("neutral", Role.NEUTRAL, source.namespace, node=placed[0].node))
    placed += node_contrasts(snapshot, path, placed)
    placed += _as_kubelet(snapshot, path)
    if attach:
        placed += _endpoint_positions(path)
    return tuple(placed)


def places(snapshot: Snapshot, path: Path) -> Iterator[tuple[str, str | None]]:
    """(position id, node) of the stand-ins; node None = wherever the scheduler likes."""
    source = path.source
    if source.kind is SourceKind.OUTSIDE:
        return
    if source.kind in (SourceKind.NODE, SourceKind.POD):
        yield "source", source.node or None
        return
    with_endpoint = [b.node for route in path.routes for b in route.backends if b.node]
    if path.target.kind is TargetKind.NODE:
        with_endpoint = [path.target.ref.name]
    allowed = _allowed_nodes(snapshot, source)
    if leaves_cluster(snapshot, path.target):
        yield from egress_places(source, allowed)
        return
    same = next((node for node in with_endpoint if node in allowed), None)
    others = [node for node in allowed if node != same]
    other = next((node for node in others if node not in with_endpoint), next(iter(others), None))
    if same is not None:
        yield "same-node", same
    if other is not None:
        yield "other-node", other
    if same is None and other is None:
        yield "source", None


def _allowed_nodes(snapshot: Snapshot, source: Source) -> tuple[str, ...]:
    """Nodes on which a stand-in of the source can run, in the cluster's order."""
    spec = source.spec
    constrained = spec is not None and (spec.node_selector or "nodeAffinity" in spec.affinity)
    if constrained or any(snapshot.find(pod.ref) and _of_daemon_set(snapshot, pod) for pod in source.pods[:1]):
        used = {pod.spec.node_name for pod in source.pods if not pod.finished}
        return tuple(node.name for node in snapshot.nodes if node.name in used)
    return tuple(node.name for node in snapshot.nodes if _schedulable(node))


def _of_daemon_set(snapshot: Snapshot, pod: Pod) -> bool:
    return isinstance(snapshot.workload_of(pod), DaemonSet)


def _schedulable(node: Node) -> bool:
    tainted = any(taint.effect in ("NoSchedule", "NoExecute") for taint in node.spec.taints)
    return node.ready and not tainted and not node.spec.unschedulable


def position_of(source: Source, name: str, node: str | None) -> Position:
    """In the source's place, on a node; None = wherever the scheduler likes. `name` is the position's id."""
    if source.kind is SourceKind.NODE:
        return Position(
            name,
            Role.SOURCE,
            source.namespace,
            node=node,
            host_network=True,
            dns_policy="ClusterFirstWithHostNet",  # a node's own resolver need not know the cluster's names
            stands_for=source.ref,
        )
    if source.spec is None:
        return Position(name, Role.SOURCE, source.namespace, node=node)
    spec: PodSpec = source.spec
    return Position(
        name,
        Role.SOURCE,
        source.namespace,
        labels=source.labels,
        stands_for=source.ref,
        node=node,
        host_network=spec.host_network,
        dns_policy=spec.dns_policy,
        dns_config=msgspec.to_builtins(spec.dns_config) if spec.dns_config else None,
        host_aliases=spec.host_aliases,
        service_account=spec.service_account_name,
        node_selector=spec.node_selector,
        affinity={k: v for k, v in spec.affinity.items() if k == "nodeAffinity"} or None,
        tolerations=spec.tolerations,
    )


def _needs_contrast(snapshot: Snapshot, path: Path) -> bool:
    """A neutral pod tells something only where labels can matter: beside a source with labels, under policies."""
    source = path.source
    if source.spec is None or source.host_network:
        return False
    namespaces = source.namespace, path.target.ref.namespace
    return bool(snapshot.cluster_wide_policies or any(map(snapshot.policies_in, namespaces)))


def itself_among(path: Path, *pods: ObjectRef | None) -> bool:
    """Whether one of these pods is an endpoint that the target's ClusterIP may send back to itself."""
    return any(
        b.pod is not None and not b.pod.spec.host_network and b.pod.ref in pods
        for route in path.routes
        if route.vips
        for b in route.ready
    )


def _as_kubelet(snapshot: Snapshot, path: Path) -> Iterator[Position]:
    """In the network of the node asked about, or of one on which a pod runs and is not ready: as its kubelet stands."""
    if path.source.kind is SourceKind.NODE:
        return
    names = [path.target.ref.name] if path.target.kind is TargetKind.NODE else [*_probed_in_vain(path)]
    for name in names[:1]:
        node = snapshot.node(name)
        if node is not None and node.ready:
            ref = ObjectRef("Node", name)
            yield Position("kubelet", Role.NODE, path.source.namespace, node=name, host_network=True, stands_for=ref)


def _probed_in_vain(path: Path) -> Iterator[str]:
    for route in path.routes:
        for backend in route.unready:
            running = backend.pod is not None and backend.pod.status.phase == "Running" and not backend.terminating
            probes = (c.readiness_probe for c in backend.pod.spec.containers) if backend.pod and running else ()
            if any(probe and (probe.http_get or probe.tcp_socket or probe.grpc) for probe in probes):
                yield backend.node


def _endpoint_positions(path: Path) -> list[Position]:
    pods = [b.pod for route in path.routes for b in route.backends if b.pod is not None]
    pod = _running(tuple(pods))
    if pod is None:
        return []
    return [Position("endpoint", Role.ENDPOINT, pod.namespace, attach_to=pod.ref, node=pod.spec.node_name)]


def _running(pods: tuple[Pod, ...]) -> Pod | None:
    return next((pod for pod in pods if pod.status.phase == "Running" and not pod.terminating), None)
