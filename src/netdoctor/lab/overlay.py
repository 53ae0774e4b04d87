"""An overlay between the nodes: packets from pod to pod travel inside UDP packets from node to node (VXLAN, RFC 7348).

Nothing is learnt: each node is told where all others are, as Flannel and Calico do it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pyroute2 import IPRoute

from netdoctor.cluster.addresses import Address
from netdoctor.lab.links import FAMILIES, PERMANENT, UNDERLAY_MTU, add_link

LINK = "vxlan.lab"
PORT = 4789  # UDP
OVERHEAD = 50  # bytes: Ethernet, VXLAN, UDP and IPv4 headers around each packet
MTU = UNDERLAY_MTU - OVERHEAD
_NETWORK_IDENTIFIER = 4096
_ON_LINK = 4  # RTNH_F_ONLINK: the gateway is there, though the link has no address in common with it


@dataclass(frozen=True, slots=True)
class _Member:
    links: IPRoute
    index: int
    mac: str
    outer: Address
    gateways: Mapping[int, str]  # by IP version: what others call it


class Overlay:
    """The ends of the overlay, one per node."""

    def __init__(self) -> None:
        self._members: dict[str, _Member] = {}

    def join(self, name: str, links: IPRoute, addresses: Sequence[Address]) -> None:
        """Make a node's end; all other nodes learn of it, and it of them. Raises OSError."""
        number = len(self._members) + 1
        mac = f"66:42:00:00:{number >> 8:02x}:{number & 255:02x}"
        outer = {"vxlan_local" if addresses[0].version == 4 else "vxlan_local6": str(addresses[0])}
        index = add_link(
            links,
            ifname=LINK,
            kind="vxlan",
            address=mac,
            mtu=MTU,
            vxlan_id=_NETWORK_IDENTIFIER,
            vxlan_port=PORT,
            vxlan_learning=False,
            **outer,
        )
        gateways: dict[int, str] = {a.version: str(a) if a.version == 4 else f"fe80::{number:x}" for a in addresses}
        member = _Member(links, index, mac, addresses[0], gateways)
        for other in self._members.values():
            _introduce(member, other)
            _introduce(other, member)
        self._members[name] = member

    def way(self, name: str, to: str, version: int) -> dict[str, Any]:
        """How a node's route leads to another one, as pyroute2 takes it."""
        return {
            "gateway": self._members[to].gateways[version],
            "oif": self._members[name].index,
            "flags": _ON_LINK,
        }


def _introduce(to: _Member, other: _Member) -> None:
    to.links.fdb("append", ifindex=to.index, lladdr=other.mac, dst=str(other.outer), state=PERMANENT)
    for version, gateway in other.gateways.items():
        family = FAMILIES[version]
        to.links.neigh("add", dst=gateway, lladdr=other.mac, ifindex=to.index, state=PERMANENT, family=family)
