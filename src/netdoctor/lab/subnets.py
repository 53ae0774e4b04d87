"""Which of a cluster's addresses can be realised, and the nodes' network that they make."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_interface, ip_network

from netdoctor.cluster.addresses import Address, Network, parse_address
from netdoctor.model.errors import AccessError

_USUAL = {4: 24, 6: 64}  # prefix lengths
_WIDEST = {4: 8, 6: 16}  # wider than that nothing would be left that is outside
_BROADCAST = parse_address("255.255.255.255")


@dataclass(frozen=True, slots=True)
class Subnet:
    """The nodes' network of one IP version.

    Attributes:
        network: on which the nodes are.
        gateway: an address of it that no node has, for the outside.
        far: addresses of nodes beyond it, which are reached directly all the same.
    """

    network: Network
    gateway: Address
    far: tuple[Address, ...] = ()

    @property
    def version(self) -> int:
        """4 or 6."""
        return self.network.version


def subnets(nodes: Iterable[Address]) -> tuple[Subnet, ...]:
    """The networks of all nodes' addresses, at most one per IP version."""
    addresses = list(nodes)
    by_version = ([address for address in addresses if address.version == version] for version in (4, 6))
    return tuple(_subnet(members) for members in by_version if members)


def _subnet(members: Sequence[Address]) -> Subnet:
    version = members[0].version
    first = network = ip_interface(f"{members[0]}/{_USUAL[version]}").network
    while not all(address in network for address in members):
        network = network.supernet()
    if network.prefixlen < _WIDEST[version]:
        network = first
    gateway = next(address for address in first.hosts() if address not in members)
    return Subnet(network, gateway, tuple(address for address in members if address not in network))


def parsed(addresses: Iterable[str]) -> tuple[Address, ...]:
    """Those that are addresses, and such as a host can have."""
    return tuple(address for text in addresses if (address := parse_address(text)) and _is_a_hosts(address))


def _is_a_hosts(address: Address) -> bool:
    if isinstance(address, IPv6Address) and (address.scope_id or address.is_link_local):
        return False
    return not (address.is_multicast or address.is_loopback or address.is_unspecified or address == _BROADCAST)


def routable(networks: Iterable[Network], nodes: Sequence[Subnet]) -> tuple[Network, ...]:
    """Networks of pods to which there can be one route: not those in which nodes are themselves."""
    return tuple(
        network
        for network in networks
        if not (network.is_multicast or network.is_loopback or network.is_link_local)
        and not any(s.version == network.version and s.network.overlaps(network) for s in nodes)
    )


def around(used: Iterable[Address]) -> list[Network]:
    """The networks of the last addresses of each IP family, where nodes do not say which are theirs."""
    newest = {address.version: address for address in sorted(used, key=int)}
    return [ip_network(f"{address}/{24 if version == 4 else 120}", strict=False) for version, address in newest.items()]


def last_free(network: Network, used: Collection[Address]) -> Address:
    """From the end, where addresses are given last. Raises AccessError where none is left."""
    last = int(network.broadcast_address) - 1
    for number in range(last, max(int(network.network_address), last - 4096), -1):
        address = type(network.network_address)(number)
        if address not in used:
            return address
    raise AccessError(f"no address is left in {network}", hint="use a lab with fewer pods")
