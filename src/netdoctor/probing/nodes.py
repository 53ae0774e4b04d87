"""Contrasts between nodes: whether an endpoint's node itself is reached, and whether large packets get there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from netdoctor.cluster.objects import HealthProbe
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.model.probe import Position, Probe, ProbeKind, Role
from netdoctor.path.backends import Backend
from netdoctor.path.entrances import Entrance, Way, has_entrances
from netdoctor.path.expectation import Expectation, destination
from netdoctor.path.nodes import KUBELET_PORT, internal_addresses, pods_of_node
from netdoctor.path.path import Path, Route
from netdoctor.policy.decide import allows
from netdoctor.policy.flow import Flow, node_endpoint
from netdoctor.probing.aims import Aim, Aimed
from netdoctor.probing.reaching import reach

MAX_NODES = 4  # whose own addresses are tried
_MAX_PODS = 3  # on a node that is asked about
_MAX_SWEPT = 2  # endpoints, each on a node of its own, to which packets of several sizes are sent
_LARGE = 4000  # bytes: two packets of the largest usual size, and a rest
_PATIENCE = 5  # seconds at most for an answer that the kubelet waits longer for


def node_probes(
    snapshot: Snapshot, path: Path, expectation: Expectation, position: Position
) -> Iterator[tuple[Aimed, Probe]]:
    """What to ask of the nodes behind a target's endpoints, beside the endpoints, from one position."""
    if not has_entrances(path.target.service):  # the sweep of NodePorts asks for them already
        yield from _nodes_themselves(snapshot, path, expectation, position)
    swept: set[str] = set()
    for route in path.routes:
        for backend in route.ready:
            elsewhere = backend.node and backend.node != position.node
            if not elsewhere or backend.node in swept or len(swept) >= _MAX_SWEPT:
                continue
            swept.add(backend.node)
            if expectation.of(backend, route.protocol).allowed is not False:
                yield from _sizes(route, backend)


def _nodes_themselves(
    snapshot: Snapshot, path: Path, expectation: Expectation, position: Position
) -> Iterator[tuple[Aimed, Probe]]:
    """Nodes with endpoints and DNS servers first, and any other one: it tells which end of a broken way is at fault."""
    behind = [b.node for route in path.routes for b in route.backends] + [b.node for b in path.dns.udp]
    if not any(behind):
        return
    yield from _asked(snapshot, path, expectation, [*filter(None, behind), *_ready(snapshot)], position)


def _asked(
    snapshot: Snapshot, path: Path, expectation: Expectation, wanted: Iterable[str], position: Position
) -> Iterator[tuple[Aimed, Probe]]:
    """The kubelet's port of each of these nodes but the position's own, as far as policies admit it."""
    names = dict.fromkeys(wanted)
    nodes = [node for name in names if name != position.node and (node := snapshot.node(name))]
    for node in nodes[:MAX_NODES]:
        flow = Flow(path.source.endpoint, node_endpoint(node), "TCP", KUBELET_PORT)
        if allows(expectation.policies, flow, expectation.profile):
            for address in internal_addresses(node)[:1]:
                at_node = Entrance(Way.NODE_PORT, KUBELET_PORT, address, node=node.name)
                yield Aimed(Aim.NODE, entrance=at_node), reach("TCP", address, KUBELET_PORT)


def node_target_probes(
    snapshot: Snapshot, path: Path, expectation: Expectation, position: Position
) -> Iterator[tuple[Aimed, Probe]]:
    """What to ask of the node that a check is about: itself, other nodes, and some of its pods.

    From the node's own network only its pods are asked, as its kubelet does. From pods, only what policies admit: it
    is the node that the check is about.
    """
    name = path.target.ref.name
    if position.role is Role.SOURCE:
        for aimed, probe in _asked(snapshot, path, expectation, [name, *_ready(snapshot)], position):
            yield replace(aimed, required=aimed.entrance is not None and aimed.entrance.node == name), probe
    for number, backend in enumerate(pods_of_node(snapshot, name)[:_MAX_PODS]):
        flow = Flow(path.source.endpoint, destination(backend, snapshot), "TCP", backend.port)
        if position.role is Role.SOURCE and not allows(expectation.policies, flow, expectation.profile):
            continue
        yield Aimed(Aim.NODE_POD, True, backend=backend), reach("TCP", backend.address, backend.port)
        if position.role is Role.SOURCE and position.node != name and not number:
            yield from _sizes(None, backend)


def _ready(snapshot: Snapshot) -> Iterator[str]:
    yield from (node.name for node in snapshot.nodes if node.ready)


def _sizes(route: Route | None, backend: Backend) -> Iterator[tuple[Aimed, Probe]]:
    """Packets of several sizes, and of HTTP a small and a large request; nothing that a program could dislike.

    The small one is what the endpoint's kubelet gets an answer to, in the time that it gives it: it must be answered.
    """
    yield (
        Aimed(Aim.PATH_MTU, route=route, backend=backend),
        Probe("", ProbeKind.PATH_MTU, host=backend.address, transport="icmp"),
    )
    if (asked := _asked_by_kubelet(backend)) and asked.http_get:
        path, patience = asked.http_get.path or "/", min(asked.timeout_seconds, _PATIENCE)
        for aim, size in ((Aim.SMALL, 0), (Aim.LARGE, _LARGE)):
            probe = Probe(
                "", ProbeKind.HTTP, host=backend.address, port=backend.port, path=path, size=size, timeout=patience
            )
            yield Aimed(aim, aim is Aim.SMALL, route=route, backend=backend), probe


def _asked_by_kubelet(backend: Backend) -> HealthProbe | None:
    """The HTTP readiness probe of this very port; None where there is none."""
    for container in backend.pod.spec.containers if backend.pod else ():
        asked = container.readiness_probe
        action = asked.http_get if asked else None
        names = {port.name: port.container_port for port in container.ports}
        if (
            action
            and action.scheme == "HTTP"
            and not action.host
            and backend.port in {action.port, names.get(str(action.port))}
        ):
            return asked
    return None
