"""What making links takes everywhere: in the nodes' network and in an overlay on top of it."""

from __future__ import annotations

from typing import Any

from pyroute2 import IPRoute

from netdoctor.cluster.addresses import Address

PERMANENT = 0x80  # NUD_PERMANENT
FAMILIES = {4: 2, 6: 10}  # AF_INET, AF_INET6
UNDERLAY_MTU = 1500  # bytes


def add_link(links: IPRoute, **attributes: Any) -> int:
    """Add a link and set it up; its index. Raises OSError."""
    links.link("add", **attributes)
    index = index_of(links, attributes["ifname"])
    links.link("set", index=index, state="up")
    return index


def index_of(links: IPRoute, name: str) -> int:
    """The index of a link that there is."""
    (index,) = links.link_lookup(ifname=name)
    return int(index)


def family_of(address: Address) -> int:
    """AF_INET or AF_INET6."""
    return FAMILIES[address.version]
