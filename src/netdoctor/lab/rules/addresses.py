"""Addresses as sets: of pods, of nodes, and what is left of networks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from netdoctor.cluster.addresses import Address, Network, parse_address, parse_networks
from netdoctor.cluster.objects import Node
from netdoctor.cluster.snapshot import Snapshot

VERSIONS = (4, 6)
Range = tuple[int, int]  # first and last address, as numbers
_LENGTH = {4: 4, 6: 16}


def of_version(addresses: Iterable[str], version: int) -> list[Address]:
    """The texts that are addresses of one family, without doubles."""
    parsed = dict.fromkeys(map(parse_address, addresses))
    return [address for address in parsed if address is not None and address.version == version]


def ranges_of(networks: Iterable[Network], addresses: Iterable[Address]) -> list[Range]:
    """Networks and addresses of one family as ranges; they may overlap."""
    whole = [(int(network.network_address), int(network.broadcast_address)) for network in networks]
    return whole + [(int(address), int(address)) for address in addresses]


def merged(ranges: Iterable[Range]) -> tuple[Range, ...]:
    """The same addresses in ascending order, as ranges that do not touch."""
    found: list[Range] = []
    for first, last in sorted(ranges):
        if found and first <= found[-1][1] + 1:
            found[-1] = found[-1][0], max(last, found[-1][1])
        else:
            found.append((first, last))
    return tuple(found)


def without(ranges: Sequence[Range], removed: Sequence[Range]) -> Iterator[Range]:
    """What is left of merged ranges where other merged ranges are cut out."""
    for first, last in ranges:
        start = first
        for low, high in removed:
            if high < start or low > last:
                continue
            if low > start:
                yield start, low - 1
            start = high + 1
        if start <= last:
            yield start, last


def common(ranges: Sequence[Range], others: Sequence[Range]) -> Iterator[Range]:
    """What merged ranges have in common with other merged ranges."""
    for first, last in ranges:
        for low, high in others:
            if low <= last and high >= first:
                yield max(first, low), min(last, high)


def encoded(ranges: Iterable[Range], version: int) -> list[tuple[bytes, bytes]]:
    """Ranges as a set of nftables has them."""
    length = _LENGTH[version]
    return [(first.to_bytes(length, "big"), last.to_bytes(length, "big")) for first, last in ranges]


def pod_ranges(snapshot: Snapshot, version: int) -> tuple[Range, ...]:
    """Where pods have their addresses: the nodes' podCIDRs, and any other address of a pod."""
    cidrs = parse_networks({c for n in snapshot.nodes for c in (*n.spec.pod_cidrs, n.spec.pod_cidr) if c})
    pods = (ip for pod in snapshot.pods if not pod.spec.host_network and not pod.finished for ip in pod.ips)
    networks = (network for network in cidrs if network.version == version)
    return merged(ranges_of(networks, of_version(pods, version)))


def node_ranges(nodes: Iterable[Node], version: int) -> tuple[Range, ...]:
    """The addresses of nodes."""
    addresses = (one.address for node in nodes for one in node.status.addresses)
    return merged(ranges_of((), of_version(addresses, version)))
