"""A cluster's pods and nodes as network namespaces, and flows between them with real sockets."""

from __future__ import annotations

import select
import socket
import struct
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pyroute2 import IPRoute

from netdoctor.cluster.addresses import parse_address, parse_networks
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.lab.network import LabNetwork, PodSpace
from netdoctor.lab.nft.door import replace_tables
from netdoctor.lab.nft.table import Table
from netdoctor.lab.rules.policies import LocalPod
from netdoctor.lab.subnets import parsed

_LATE = 0.3  # seconds, after which an answer on the same machine does not come any more
_GRACE = 0.02  # for what should not arrive: the kernel has handled it before `send` returns
_PERMANENT = 0x80  # NUD_PERMANENT
_AT_ONCE = struct.pack("ii", 1, 0)  # SO_LINGER: close without a word


@dataclass(frozen=True, slots=True)
class Trial:
    """A flow between addresses; `source` has no port."""

    source: str
    destination: str
    port: int
    protocol: str


class Topology:
    """The nodes and pods of a snapshot, and addresses outside that have a route to them. Nothing is filtered yet."""

    def __init__(self, snapshot: Snapshot, outside: Sequence[str] = ()) -> None:
        addresses = {n.name: parsed(a.address for a in n.status.addresses) for n in snapshot.nodes}
        self._network = LabNetwork([address for of_node in addresses.values() for address in of_node])
        for address in parsed(outside):
            links = self._network.outside.links
            links.addr("add", index=1, address=str(address), prefixlen=address.max_prefixlen)
        self._places = dict.fromkeys((*outside, *self._network.gateways), self._network.outside.descriptor)
        self._pods: dict[tuple[str, str], PodSpace] = {}
        for node in snapshot.nodes:
            networks = parse_networks(set(node.spec.pod_cidrs))
            self._network.add_node(node.name, addresses[node.name], networks)
            descriptor = self._network.nodes[node.name].space.descriptor
            self._places |= {str(address): descriptor for address in addresses[node.name]}
            for network in networks:
                via = next(a for a in addresses[node.name] if a.version == network.version)
                self._network.outside.links.route("add", dst=str(network), gateway=str(via))
        for pod in snapshot.pods:
            if not pod.spec.host_network:
                made = self._network.add_pod(pod.spec.node_name, parsed(pod.ips))
                self._pods[pod.namespace, pod.name] = made
                self._places |= dict.fromkeys(pod.ips, made.descriptor)
        self._servers: dict[int, list[socket.socket]] = defaultdict(list)

    def reach_from_outside(self, addresses: Iterable[str], via: str) -> None:
        """Routes to addresses that only a node knows."""
        for address in addresses:
            self._network.outside.links.route("add", dst=f"{address}/32", gateway=via)

    def forget_neighbours(self, place: str) -> None:
        """Let a pod find out for itself which link addresses its neighbours have."""
        with self._network.inside(self._places[place]), IPRoute() as links:
            (index,) = links.link_lookup(ifname="eth0")
            for known in list(links.get_neighbours(ifindex=index, state=_PERMANENT)):
                links.neigh("del", dst=known.get("dst"), ifindex=index, family=known["family"])

    def filter(self, tables: Mapping[str, Sequence[Table]]) -> None:
        """Give nodes their tables."""
        for node, of_node in tables.items():
            with self._network.inside(self._network.nodes[node].space.descriptor):
                replace_tables(of_node)

    def local(self, snapshot: Snapshot, node: str) -> list[LocalPod]:
        """The pods of a node."""
        there = [pod for pod in snapshot.pods if pod.spec.node_name == node and not pod.spec.host_network]
        return [LocalPod(pod, self._pods[pod.namespace, pod.name].interface) for pod in there]

    def serve(self, ports: Iterable[tuple[str, int]], places: Iterable[str] = ()) -> None:
        """Listen everywhere, or at the places with these addresses, on ports of these protocols."""
        wanted = list(ports)
        for descriptor in {self._places[place] for place in places or self._places}:
            with self._network.inside(descriptor):
                self._servers[descriptor] += [_server(protocol, port) for protocol, port in wanted]

    def arrives(self, expected: Mapping[Trial, bool]) -> dict[Trial, bool]:
        """Which flows arrive, and are answered where the protocol is; what should and does not is tried twice."""
        found = self._tried(expected)
        again = {trial: True for trial, should in expected.items() if should and not found[trial]}
        return {**found, **self._tried(again)} if again else found

    def peers(self, trial: Trial, times: int = 1) -> list[tuple[str, str]]:
        """Which address each connection of a TCP flow comes to, and from which."""
        return [self._peer(trial) for _ in range(times)]

    def outcome(self, trial: Trial) -> str:
        """What becomes of a TCP connection: open, refused or silent."""
        with self._network.inside(self._places[trial.source]):
            client = _client(trial, blocking=True)
        with client:
            try:
                client.connect((trial.destination, trial.port))
            except TimeoutError:
                return "silent"
            except ConnectionRefusedError:
                return "refused"
            return "open"

    def _peer(self, trial: Trial) -> tuple[str, str]:
        with self._network.inside(self._places[trial.source]):
            client = _client(trial, blocking=True)
        with client:
            client.connect((trial.destination, trial.port))
            for server in self._all_servers(socket.SOCK_STREAM):
                for accepted, peer in _accepted(server):
                    with accepted:
                        return _plain(accepted.getsockname()[0]), _plain(peer)
        raise AssertionError(f"no server has the connection of {trial}")

    def _tried(self, expected: Mapping[Trial, bool]) -> dict[Trial, bool]:
        clients: list[tuple[Trial, socket.socket]] = []
        by_source: defaultdict[int, list[Trial]] = defaultdict(list)
        for trial in expected:
            by_source[self._places[trial.source]].append(trial)
        for descriptor, trials in by_source.items():
            with self._network.inside(descriptor):
                clients += [(trial, _client(trial)) for trial in trials]
        for number, (trial, client) in enumerate(clients):
            _begin(client, trial, number)
        try:
            return self._awaited(clients, expected)
        finally:
            for _, client in clients:
                client.close()
            for server in self._all_servers(socket.SOCK_STREAM):
                for accepted, _ in _accepted(server):
                    accepted.close()

    def _awaited(
        self, clients: Sequence[tuple[Trial, socket.socket]], expected: Mapping[Trial, bool]
    ) -> dict[Trial, bool]:
        arrived: set[int] = set()
        open_flows = {n for n, (trial, _) in enumerate(clients) if expected[trial]}
        deadline, settled = time.monotonic() + _LATE, 0.0
        while time.monotonic() < deadline and (not settled or time.monotonic() < settled):
            arrived |= self._datagrams() | _connected(clients)
            if open_flows <= arrived and not settled:
                settled = time.monotonic() + _GRACE
        return {trial: number in arrived for number, (trial, _) in enumerate(clients)}

    def _datagrams(self) -> set[int]:
        found = set()
        for server in self._all_servers(socket.SOCK_DGRAM):
            while True:
                try:
                    found.add(int.from_bytes(server.recv(4), "big"))
                except BlockingIOError:
                    break
        return found

    def _all_servers(self, kind: socket.SocketKind) -> Iterator[socket.socket]:
        return (server for servers in self._servers.values() for server in servers if server.type == kind)


def _server(protocol: str, port: int) -> socket.socket:
    server = socket.socket(socket.AF_INET6, socket.SOCK_STREAM if protocol == "TCP" else socket.SOCK_DGRAM)
    server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    server.bind(("::", port))
    if protocol == "TCP":
        server.listen(1024)
    server.setblocking(False)
    return server


def _client(trial: Trial, *, blocking: bool = False) -> socket.socket:
    kind = socket.SOCK_STREAM if trial.protocol == "TCP" else socket.SOCK_DGRAM
    client = socket.socket(socket.AF_INET6 if ":" in trial.source else socket.AF_INET, kind)
    if kind == socket.SOCK_STREAM:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
    client.bind((trial.source, 0))
    client.settimeout(_LATE if blocking else 0)
    return client


def _begin(client: socket.socket, trial: Trial, number: int) -> None:
    if trial.protocol == "TCP":
        client.connect_ex((trial.destination, trial.port))
    else:
        client.connect((trial.destination, trial.port))
        client.send(number.to_bytes(4, "big"))


def _connected(clients: Sequence[tuple[Trial, socket.socket]]) -> set[int]:
    poll = select.poll()
    by_descriptor = {client.fileno(): n for n, (trial, client) in enumerate(clients) if trial.protocol == "TCP"}
    for descriptor in by_descriptor:
        poll.register(descriptor, select.POLLOUT)
    return {by_descriptor[descriptor] for descriptor, event in poll.poll(5) if event == select.POLLOUT}


def _accepted(server: socket.socket) -> Iterator[tuple[socket.socket, str]]:
    while True:
        try:
            accepted, peer = server.accept()
        except BlockingIOError:
            return
        yield accepted, str(peer[0])


def _plain(address: str) -> str:
    return str(parse_address(address))
