"""Sockets as every probe opens them: the kernel's own, non-blocking, with ICMP errors kept."""

from __future__ import annotations

import ipaddress
import socket

from netdoctor_probe.attempt import EndedError
from netdoctor_probe.icmp import ask_for_errors
from netdoctor_probe.wire import Outcome

# linux/in.h and linux/in6.h; Python's socket module lacks them.
_MTU_DISCOVER, _IPV6_MTU_DISCOVER, _PMTUDISC_PROBE = 10, 23, 3
_MTU, _IPV6_MTU = 14, 24
_IPV6_DONTFRAG = 62
#: Bytes before the data: IP, and UDP or ICMP echo.
HEADERS = {socket.AF_INET: 28, socket.AF_INET6: 48}


def open_socket(host: str, kind: socket.SocketKind, protocol: int = 0, ttl: int | None = None) -> socket.socket:
    """A socket of the host's family; `ttl` is the TTL, or hop limit, of what it sends.

    Raises EndedError if `host` is not an IP address, and OSError as socket() does.
    """
    family = family_of(host)
    sock = socket.socket(family, kind | socket.SOCK_NONBLOCK, protocol)
    ask_for_errors(sock)
    if ttl is not None and family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, ttl)
    elif ttl is not None:
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, ttl)
    return sock


def family_of(host: str) -> socket.AddressFamily:
    """AF_INET or AF_INET6. Raises EndedError for what is not an IP address: names are for lookups."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError as error:
        raise EndedError(Outcome.ERROR, because=f"{host!r} is not an IP address") from error
    return socket.AF_INET6 if address.version == 6 else socket.AF_INET


def never_fragment(sock: socket.socket) -> None:
    """What it sends is never cut up, and whatever the kernel has learnt of the path is not heeded (ip(7))."""
    if sock.family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, _IPV6_MTU_DISCOVER, _PMTUDISC_PROBE)
        sock.setsockopt(socket.IPPROTO_IPV6, _IPV6_DONTFRAG, 1)
    else:
        sock.setsockopt(socket.IPPROTO_IP, _MTU_DISCOVER, _PMTUDISC_PROBE)


def route_mtu(sock: socket.socket) -> int:
    """Bytes of the largest packet that this kernel would send in one piece to where the socket is connected."""
    if sock.family == socket.AF_INET6:
        return sock.getsockopt(socket.IPPROTO_IPV6, _IPV6_MTU)
    return sock.getsockopt(socket.IPPROTO_IP, _MTU)


def local_address(sock: socket.socket) -> str:
    """The address that the kernel chose to send from."""
    return str(sock.getsockname()[0])
