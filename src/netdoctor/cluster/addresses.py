"""IP addresses and networks as they stand in objects: whoever wrote the objects may have written anything there."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


@lru_cache(maxsize=65536)
def parse_address(text: str) -> Address | None:
    """The address, an IPv4-mapped one as IPv4; None where the text is none."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def holds(outer: Network, inner: Network) -> bool:
    """Whether every address of one network is in another one."""
    return outer.version == inner.version and outer.supernet_of(inner)  # type: ignore[arg-type]  # of one version


def host_and_port(host: str, port: int) -> str:
    """HOST:PORT, an IPv6 address in brackets (RFC 3986)."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def parse_networks(texts: set[str]) -> tuple[Network, ...]:
    """The networks in the order of their texts, without those that are none."""
    networks = []
    for text in sorted(texts):
        try:
            networks.append(ip_network(text, strict=False))
        except ValueError:
            continue
    return tuple(networks)
