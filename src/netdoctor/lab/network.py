"""The lab's network: an underlay with a switch, nodes on it, pods on nodes, and what lies outside.

Pods are connected as Calico connects them: a routed pair of virtual interfaces each, with host routes on the node,
so that traffic between two pods of a node is forwarded, and filtered, like any other. Everything lives in network
namespaces that only this process holds: when it ends, the kernel removes them with all that is in them.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from ipaddress import ip_interface
from typing import Any

from pyroute2 import IPRoute
from pyroute2.netlink.exceptions import NetlinkError

from netdoctor.cluster.addresses import Address, Network
from netdoctor.lab import kernel
from netdoctor.lab.kernel import Clone
from netdoctor.lab.links import PERMANENT, UNDERLAY_MTU, add_link, family_of, index_of
from netdoctor.lab.overlay import MTU, Overlay
from netdoctor.lab.spaces import HOST, PASSING_ON, ROUTER, Space, made, set_sysctl
from netdoctor.lab.subnets import routable, subnets

GATEWAYS = {4: "169.254.1.1", 6: "fe80::ecee:eeff:feee:eeee"}  # of every pod: its node, by an address that no link has
_GATEWAY_MAC = "ee:ee:ee:ee:ee:ee"
_NODAD = 0x02  # IFA_F_NODAD: nobody else can have the address, so nobody need be asked
_LOCAL = {"type": "local", "table": 255, "scope": 254}  # a route to this host itself: RT_TABLE_LOCAL, RT_SCOPE_HOST


@dataclass(slots=True)
class NodeSpace:
    """A node. `networks` are those of its pods; `routed` the addresses of its pods that are in none of them."""

    name: str
    space: Space
    addresses: tuple[Address, ...]
    networks: tuple[Network, ...]
    routed: set[Address] = field(default_factory=set)


@dataclass(slots=True)
class PodSpace:
    """A pod: the file descriptor of its network namespace. `interface` is its link on the node."""

    node: str
    descriptor: int
    addresses: tuple[Address, ...]
    interface: str


class LabNetwork:
    """Makes and removes the namespaces and links. Addresses are those of the objects."""

    def __init__(self, node_addresses: Sequence[Address], *, overlay: bool = False) -> None:
        """The underlay and the outside; `overlay` is whether pods' packets travel in VXLAN. Raises OSError."""
        self.nodes: dict[str, NodeSpace] = {}
        self._overlay = Overlay() if overlay else None
        self._mtu = MTU if overlay else UNDERLAY_MTU
        self._detours: set[tuple[str, str]] = set()
        self._numbers = iter(range(1, 1 << 16))
        self._home = kernel.own_namespace(Clone.NET)
        self._subnets = subnets(node_addresses)
        self._underlay = made({}, self._home)
        self._bridge = add_link(self._underlay.links, ifname="underlay", kind="bridge")
        self.outside = self._attach([subnet.gateway for subnet in self._subnets], HOST)

    @property
    def has_overlay(self) -> bool:
        """Whether packets between the nodes' pods travel in VXLAN."""
        return self._overlay is not None

    def add_outside(self, addresses: Iterable[Address]) -> None:
        """Addresses outside the cluster at which somebody is; what is sent to others is never answered."""
        for address in addresses:
            destination = f"{address}/{address.max_prefixlen}"
            self.outside.links.route("replace", dst=destination, oif=1, family=family_of(address), **_LOCAL)

    def lead_in(self, address: Address, node: str) -> None:
        """Let what lies outside send to an address by way of a node. Nodes' own addresses need no way."""
        gateways = (own for own in self.nodes[node].addresses if own.version == address.version)
        gateway = next(gateways, None)
        if gateway is not None and not any(address in other.addresses for other in self.nodes.values()):
            self._reach_from_outside(f"{address}/{address.max_prefixlen}", gateway)

    @property
    def gateways(self) -> tuple[str, ...]:
        """The addresses of the outside on the nodes' network."""
        return tuple(str(subnet.gateway) for subnet in self._subnets)

    def add_node(self, name: str, addresses: Sequence[Address], networks: Sequence[Network]) -> None:
        """A node on the underlay, with routes to and from all others. Raises OSError."""
        space = self._attach(addresses, ROUTER)
        node = NodeSpace(name, space, tuple(addresses), routable(networks, self._subnets))
        for subnet in self._subnets:
            if any(address.version == subnet.version for address in addresses):
                gateway = subnet.gateway
                space.links.route("add", dst="default", gateway=str(gateway), family=family_of(gateway))
        if self._overlay is not None:
            self._overlay.join(name, space.links, addresses)
        for other in self.nodes.values():
            for network in other.networks:
                self._route(node, str(network), other)
            for network in node.networks:
                self._route(other, str(network), node)
        self.nodes[name] = node

    def detour(self, name: str, to: str) -> None:
        """Let what a node sends to another's pods, now and later, go through the outside. Raises OSError."""
        with self.inside(self.outside.descriptor):
            for setting, value in PASSING_ON.items():
                set_sysctl(setting, value)
        self._detours.add((name, to))
        at, via = self.nodes[name], self.nodes[to]
        for network in via.networks:
            self._route(at, str(network), via)
        for address in via.routed:
            self._route(at, f"{address}/{address.max_prefixlen}", via)

    def add_pod(self, node: str, addresses: Sequence[Address]) -> PodSpace:
        """A pod on a node, as a CNI plugin connects it. Raises OSError."""
        host, number = self.nodes[node], next(self._numbers)
        space = made(HOST, self._home)
        interface, mac = f"pod{number}", _mac(number)
        index = add_link(
            host.space.links,
            ifname=interface,
            kind="veth",
            address=_GATEWAY_MAC,
            mtu=self._mtu,
            peer={"ifname": "eth0", "net_ns_fd": space.descriptor, "address": mac, "mtu": self._mtu},
        )
        eth0 = index_of(space.links, "eth0")
        space.links.link("set", index=eth0, state="up")
        for address in addresses:
            _address(space.links, eth0, address)
            self._reach(host, index, mac, address)
        space.links.close()
        return PodSpace(node, space.descriptor, tuple(addresses), interface)

    def _reach(self, host: NodeSpace, index: int, mac: str, address: Address) -> None:
        """Let a node, and through it the others, reach a pod of its own."""
        destination, family = f"{address}/{address.max_prefixlen}", family_of(address)
        host.space.links.route("replace", dst=destination, oif=index, family=family)  # two pods may claim one address
        host.space.links.neigh("replace", dst=str(address), lladdr=mac, ifindex=index, state=PERMANENT, family=family)
        if not any(address in network for network in host.networks if network.version == address.version):
            host.routed.add(address)
            for other in self._others(host):
                if address not in other.routed:
                    self._route(other, destination, host)

    def remove_pod(self, pod: PodSpace) -> None:
        """Take a pod away, with its routes."""
        host = self.nodes[pod.node]
        for index in host.space.links.link_lookup(ifname=pod.interface):
            host.space.links.link("del", index=index)
        for address in host.routed.intersection(pod.addresses):
            host.routed.discard(address)
            self._forget(address, host)
        os.close(pod.descriptor)

    def _forget(self, address: Address, host: NodeSpace) -> None:
        """Take away the routes to a pod that was on a node, or let them lead to another one that has its address."""
        destination = f"{address}/{address.max_prefixlen}"
        holder = next((node for node in self.nodes.values() if address in node.routed), None)
        for node in self.nodes.values():
            if holder is not None and address not in node.routed:
                self._route(node, destination, holder)
            elif holder is None and node is not host:
                with suppress(NetlinkError):  # there is none where a node has no address of this IP version
                    node.space.links.route("del", dst=destination, family=family_of(address))

    @contextmanager
    def inside(self, descriptor: int) -> Iterator[None]:
        """Within the block this process is in that network namespace. Raises OSError."""
        kernel.enter(descriptor, Clone.NET)
        try:
            yield
        finally:
            kernel.enter(self._home, Clone.NET)

    def _others(self, node: NodeSpace) -> Iterable[NodeSpace]:
        return (other for other in self.nodes.values() if other is not node)

    def _route(self, at: NodeSpace, destination: str, via: NodeSpace) -> None:
        """Let a node send to a network of another's pods."""
        version = ip_interface(destination).version
        for gateway in via.addresses:
            if gateway.version == version and any(own.version == version for own in at.addresses):
                way = self._way(at, destination, via, gateway)
                at.space.links.route("replace", dst=destination, family=family_of(gateway), **way)
                return

    def _way(self, at: NodeSpace, destination: str, via: NodeSpace, gateway: Address) -> dict[str, Any]:
        """How a node's packets for another one's pods get to it."""
        if (at.name, via.name) in self._detours:
            self._reach_from_outside(destination, gateway)
            return {"gateway": next(str(s.gateway) for s in self._subnets if s.version == gateway.version)}
        if self._overlay is not None:
            return self._overlay.way(at.name, via.name, gateway.version)
        return {"gateway": str(gateway)}

    def _reach_from_outside(self, destination: str, gateway: Address) -> None:
        self.outside.links.route("replace", dst=destination, gateway=str(gateway), family=family_of(gateway))

    def _attach(self, addresses: Sequence[Address], settings: Mapping[str, str]) -> Space:
        """A new network namespace with an interface eth0 on the underlay."""
        space, number = made(settings, self._home), next(self._numbers)
        index = add_link(
            self._underlay.links,
            ifname=f"port{number}",
            kind="veth",
            peer={"ifname": "eth0", "net_ns_fd": space.descriptor, "address": _mac(number)},
        )
        self._underlay.links.link("set", index=index, master=self._bridge)
        eth0 = index_of(space.links, "eth0")
        space.links.link("set", index=eth0, state="up")
        for address in addresses:
            prefix = next((s.network.prefixlen for s in self._subnets if address in s.network), address.max_prefixlen)
            space.links.addr("replace", index=eth0, address=str(address), prefixlen=prefix, flags=_NODAD)
        self._meet_far_nodes(space.links, eth0, addresses)
        return space

    def _meet_far_nodes(self, links: IPRoute, eth0: int, own: Sequence[Address]) -> None:
        """Routes on the underlay between nodes whose addresses are in no common network."""
        for subnet in self._subnets:
            beyond = [f"{address}/{address.max_prefixlen}" for address in subnet.far if address not in own]
            beyond += [str(subnet.network)] if set(own) & set(subnet.far) else []
            if any(address.version == subnet.version for address in own):
                for destination in beyond:
                    links.route("replace", dst=destination, oif=eth0, scope="link", family=family_of(subnet.gateway))


def _address(links: IPRoute, index: int, address: Address) -> None:
    """Give a pod's interface an address, and its node as the gateway."""
    family, gateway = family_of(address), GATEWAYS[address.version]
    links.addr("replace", index=index, address=str(address), prefixlen=address.max_prefixlen, flags=_NODAD)
    links.neigh("replace", dst=gateway, lladdr=_GATEWAY_MAC, ifindex=index, state=PERMANENT, family=family)
    if address.version == 4:
        links.route("replace", dst=f"{gateway}/32", oif=index, scope="link")
    links.route("replace", dst="default", gateway=gateway, oif=index, family=family)


def _mac(number: int) -> str:
    """A locally administered address."""
    return f"02:42:00:00:{number >> 8:02x}:{number & 255:02x}"
