# SPDX-License-Identifier: GPL-2.0-only
"""TCP segments made and read with scapy. It never sends: the kernel does, so that its routes and netfilter apply."""

from __future__ import annotations

from dataclasses import dataclass

from scapy.config import conf

conf.route_autoload = False  # before anything that needs routes: with 5,000 of them the import takes 3 s
conf.route6_autoload = False

from scapy.layers.inet import IP, TCP  # noqa: E402
from scapy.layers.inet6 import IPv6  # noqa: E402


@dataclass(frozen=True, slots=True)
class Segment:
    """What a TCP segment says. `ttl` is None where the packet came without its IP header."""

    source_port: int
    port: int
    acknowledges: int
    flags: str
    window: int
    ttl: int | None


def syn(source: str, destination: str, source_port: int, port: int, sequence: int) -> bytes:
    """A SYN with its checksum, without an IP header."""
    segment = TCP(sport=source_port, dport=port, seq=sequence, flags="S", window=64240, options=[("MSS", 1220)])
    if ":" in destination:
        return bytes(IPv6(src=source, dst=destination) / segment)[40:]
    return bytes(IP(src=source, dst=destination) / segment)[20:]


def read(data: bytes, *, with_header: bool) -> Segment | None:
    """The segment that a raw socket received (IPv4: with its header); None if it is too short to be one."""
    header = (data[0] & 0x0F) * 4 if with_header and data else 0
    if len(data) < header + 20:
        return None
    tcp = TCP(data[header:])
    ttl = IP(data[:header]).ttl if with_header else None
    return Segment(tcp.sport, tcp.dport, tcp.ack, str(tcp.flags), tcp.window, ttl)
