"""The address space as policies divide it: ipBlocks nest or are disjoint, so they form a tree.

Two addresses whose smallest enclosing network is the same are in the same ipBlocks and in the same exceptions.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from ipaddress import ip_address, ip_network

from netdoctor.cluster.addresses import Address, Network, holds

ROOTS: tuple[Network, ...] = (ip_network("0.0.0.0/0"), ip_network("::/0"))
_MOST_TRIED = 256  # addresses of one region; pods hardly have all of these


@dataclass(frozen=True)
class AddressSpace:
    """All addresses, divided by `networks` (with the two roots, without doubles, each after those that hold it)."""

    networks: tuple[Network, ...]

    @classmethod
    def of(cls, networks: Iterable[Network]) -> AddressSpace:
        """Divided by any networks."""
        distinct = {*networks, *ROOTS}
        return cls(tuple(sorted(distinct, key=lambda n: (n.version, int(n.network_address), n.prefixlen))))

    def smallest(self, address: Address) -> Network:
        """The smallest network that holds an address."""
        starts, holders = self._edges[address.version]
        return holders[bisect_right(starts, int(address)) - 1]

    def within(self, network: Network) -> Sequence[Network]:
        """The networks directly inside one."""
        return self._children.get(network, ())

    def free_address(self, network: Network, taken: frozenset[Address]) -> Address | None:
        """An address whose smallest network this is, and that nobody has; None where none is found."""
        found = (a for a in self._own_addresses(network) if a not in taken)
        return next(found, None)

    def _own_addresses(self, network: Network) -> Iterator[Address]:
        """The first addresses of each part of a network that is in no smaller one."""
        starts, holders = self._edges[network.version]
        first = int(network.network_address)
        for at in range(bisect_right(starts, first) - 1, len(starts)):
            if starts[at] > int(network.broadcast_address):
                return
            if holders[at] == network:
                end = starts[at + 1] if at + 1 < len(starts) else int(network.broadcast_address) + 1
                numbers = range(starts[at], min(end, starts[at] + _MOST_TRIED))
                yield from (_address(number, network.version) for number in numbers)

    @cached_property
    def _edges(self) -> dict[int, tuple[list[int], list[Network]]]:
        """By version: where another network becomes the smallest one, and which."""
        return {version: _sweep([n for n in self.networks if n.version == version]) for version in (4, 6)}

    @cached_property
    def _children(self) -> Mapping[Network, Sequence[Network]]:
        children: defaultdict[Network, list[Network]] = defaultdict(list)
        open_: list[Network] = []
        for network in self.networks:
            while open_ and not holds(open_[-1], network):
                open_.pop()
            if open_:
                children[open_[-1]].append(network)
            open_.append(network)
        return children


def _sweep(networks: list[Network]) -> tuple[list[int], list[Network]]:
    starts: list[int] = []
    holders: list[Network] = []
    open_: list[Network] = []

    def edge(at: int, holder: Network) -> None:
        if starts and starts[-1] == at:
            holders[-1] = holder
        else:
            starts.append(at)
            holders.append(holder)

    def close_until(at: int) -> None:
        while len(open_) > 1 and int(open_[-1].broadcast_address) < at:
            after = int(open_.pop().broadcast_address) + 1
            if after <= int(open_[-1].broadcast_address):
                edge(after, open_[-1])

    for network in networks:
        close_until(int(network.network_address))
        open_.append(network)
        edge(int(network.network_address), network)
    close_until(1 << networks[0].max_prefixlen)
    return starts, holders


def _address(number: int, version: int) -> Address:
    return ip_address(number.to_bytes(4 if version == 4 else 16))
