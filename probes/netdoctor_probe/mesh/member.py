"""One node's part: ask all peers, at most so many at once, and say what came of it."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from typing import Any

from netdoctor_probe import tcp
from netdoctor_probe.attempt import EndedError, Seen
from netdoctor_probe.loop import Loop, Task
from netdoctor_probe.mesh.document import AT_ONCE, NODE, POD, SWEEP_SECONDS, Mesh, PeerSeen, Said
from netdoctor_probe.mesh.exchanges import Echo, Exchange, Ping
from netdoctor_probe.mesh.sampling import RoundTrips, sample
from netdoctor_probe.mesh.serve import plain
from netdoctor_probe.mesh.sweep import PathMTU, Sweep
from netdoctor_probe.wire import Outcome, Probe, ProbeKind

_UNKNOWN = PathMTU(0, 0)


def ask_peers(mesh: Mesh, name: str, network: str, seconds: float) -> Said:
    """Everything that the member of that name can tell, from its own network (NODE or POD); bounded in seconds.

    What has not ended by then is missing. Raises ValueError if nobody has that name.
    """
    me = [member.name for member in mesh.members].index(name)
    deadline = time.monotonic() + seconds
    waiting = deque(_tests(mesh, me, network))
    done: list[PeerSeen] = []
    loop = Loop()
    while (waiting or loop) and time.monotonic() < deadline:
        while waiting and len(loop) < AT_ONCE:
            loop.start(waiting.popleft(), done.append)
        if loop:
            loop.step(deadline)
    return Said(network, tuple(sorted(done, key=lambda tested: tested.peer)))


def _tests(mesh: Mesh, me: int, network: str) -> Iterator[Task[PeerSeen]]:
    """From a pod to all pods, its own node's among them; from a node to all nodes, and to its own pod."""
    own = mesh.members[me]
    if own.pod:
        yield _guarded(_to_pod(mesh, me), me)
    for peer in mesh.peers(me):
        if network == NODE and mesh.members[peer].address:
            yield _guarded(_to_node(mesh, peer), peer)
        elif network == POD and mesh.members[peer].pod:
            yield _guarded(_to_pod(mesh, peer), peer)


def _guarded(test: Task[PeerSeen], peer: int) -> Task[PeerSeen]:
    try:
        return (yield from test)
    except EndedError as ended:
        return _failed(peer, ended.seen)
    except Exception as error:  # noqa: BLE001  one pair's fault must not take the others with it
        return PeerSeen(peer, Outcome.ERROR, meaning=f"{type(error).__name__}: {error}"[:80])


def _failed(peer: int, seen: Seen, **more: Any) -> PeerSeen:
    meaning = str(seen.detail.get("meaning") or seen.detail.get("because") or "")
    return PeerSeen(peer, seen.outcome, by=seen.answered_by or "", meaning=meaning[:80], **more)


def _to_pod(mesh: Mesh, peer: int) -> Task[PeerSeen]:
    address = mesh.members[peer].pod
    exchange = Echo(address, mesh.port)
    try:
        trips, path = yield from _measured(mesh, exchange)
        connected = yield from _connected(address, mesh.port, mesh.timeout, payload="netdoctor")
        return _tested(peer, exchange, trips, path, connected)
    finally:
        exchange.close()


def _to_node(mesh: Mesh, peer: int) -> Task[PeerSeen]:
    """ICMP echo where it is allowed. The port of the kubelet, once: even a refusal tells that packets get there."""
    address = mesh.members[peer].address
    connected = yield from _connected(address, mesh.node_port, mesh.timeout)
    try:
        exchange: Exchange = Ping(address)
    except EndedError as ended:
        if ended.seen.outcome is not Outcome.SKIPPED:
            raise
        got_there = connected.outcome in {Outcome.OK, Outcome.REFUSED}
        return PeerSeen(peer, Outcome.OK, tcp=connected.outcome) if got_there else _failed(peer, connected)
    try:
        trips, path = yield from _measured(mesh, exchange)
        return _tested(peer, exchange, trips, path, connected)
    finally:
        exchange.close()


def _measured(mesh: Mesh, exchange: Exchange) -> Task[tuple[RoundTrips, PathMTU]]:
    trips = yield from sample(exchange, mesh.samples, mesh.interval, mesh.timeout)
    if not trips.seconds:
        return trips, _UNKNOWN
    until = time.monotonic() + SWEEP_SECONDS
    path = yield from Sweep(exchange, max(trips.seconds), trips.lost > 0, until).run()
    return trips, path


def _connected(address: str, port: int, timeout: float, payload: str = "") -> Task[Seen]:
    """One connection, and an answer where something is said; tried twice: silence may be a lost packet."""
    probe = Probe("tcp", ProbeKind.TCP, address, port, timeout=timeout, payload=payload)
    try:
        observation = yield from tcp.run(probe)
    except EndedError as ended:
        return ended.seen
    return Seen(observation.outcome, observation.answered_by, observation.detail)


def _tested(peer: int, exchange: Exchange, trips: RoundTrips, path: PathMTU, connected: Seen) -> PeerSeen:
    counts: dict[str, Any] = {"sent": trips.sent, "received": len(trips.seconds), "tcp": str(connected.outcome)}
    if not trips.seconds:
        # Firewalls before nodes often drop ICMP. Before pods, which answer datagrams here, their silence is a fault.
        if isinstance(exchange, Ping) and connected.outcome in {Outcome.OK, Outcome.REFUSED}:
            return PeerSeen(peer, Outcome.OK, **counts)
        silent = connected if isinstance(exchange, Ping) else Seen(Outcome.TIMEOUT)
        return _failed(peer, trips.failed or silent, **counts)
    other = trips.seen - {plain(exchange.local)}
    return PeerSeen(
        peer,
        Outcome.OK,
        p50=trips.microseconds(50),
        p95=trips.microseconds(95),
        p99=trips.microseconds(99),
        mtu=path.mtu,
        hole=path.hole,
        believed=path.believed,
        seen=min(other, default=""),
        **counts,
    )
