"""``net``: the interfaces with their addresses, and the routes. ``net add|del NETWORK via ADDRESS``: one route.

Exit code 1 where the kernel refuses, 2 on a bad argument.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from socket import AF_INET, AF_INET6
from typing import Any

from pyroute2 import IPRoute
from pyroute2.netlink.exceptions import NetlinkError

_MAIN = 254  # RT_TABLE_MAIN
_UNICAST = 1  # RTN_UNICAST
_FAMILIES = {4: AF_INET, 6: AF_INET6}

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address


class BadArgumentError(ValueError):
    """What is wrong with the arguments."""


def main(arguments: list[str]) -> int:
    """Shows, or changes; returns the exit code."""
    try:
        change = _change(arguments)
        with IPRoute() as links:
            if change is None:
                print("\n".join([*_interfaces(links), *_routes(links)]), flush=True)
            else:
                verb, network, gateway = change
                links.route(verb, dst=str(network), gateway=str(gateway), family=_FAMILIES[network.version])
    except BadArgumentError as error:
        print(f"net: {error}", file=sys.stderr)
        return 2
    except (OSError, NetlinkError) as error:
        print(f"net: {' '.join(arguments)}: {error.args[-1]}", file=sys.stderr)
        return 1
    return 0


def _change(arguments: Sequence[str]) -> tuple[str, Network, Address] | None:
    """The route to add or to delete; None to show what there is."""
    match arguments:
        case []:
            return None
        case [("add" | "del") as verb, network, "via", gateway]:
            try:
                read = verb, ip_network(network), ip_address(gateway)
            except ValueError as error:
                raise BadArgumentError(str(error)) from error
            if read[1].version != read[2].version:
                raise BadArgumentError(f"{network} via {gateway}: IPv4 and IPv6 do not mix")
            return read
    raise BadArgumentError("give nothing, or: add|del NETWORK via ADDRESS")


def _interfaces(links: Any) -> Iterator[str]:
    names = _names(links)
    addresses: dict[int, list[str]] = {index: [] for index in names}
    for found in links.get_addr():
        own = found.get_attr("IFA_LOCAL") or found.get_attr("IFA_ADDRESS")
        addresses[found["index"]].append(f"{own}/{found['prefixlen']}")
    for index, name in names.items():
        yield " ".join([f"interface {name}:", *addresses[index]])


def _routes(links: Any) -> Iterator[str]:
    names = _names(links)
    for family, everything in ((AF_INET, "0.0.0.0/0"), (AF_INET6, "::/0")):
        for found in links.get_routes(family=family, table=_MAIN, type=_UNICAST):
            to = found.get_attr("RTA_DST")
            network = f"{to}/{found['dst_len']}" if to else everything
            gateway = found.get_attr("RTA_GATEWAY")
            via = f" via {gateway}" if gateway else ""
            yield f"route {network}{via} dev {names.get(found.get_attr('RTA_OIF'), '?')}"


def _names(links: Any) -> dict[int, str]:
    return {found["index"]: found.get_attr("IFLA_IFNAME") for found in links.get_links()}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
