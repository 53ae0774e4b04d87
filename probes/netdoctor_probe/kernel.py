"""Sockets as every probe opens them: the kernel's own, non-blocking, with ICMP errors kept."""

from __future__ import annotations

import ipaddress
import socket

from netdoctor_probe.attempt import EndedError
from netdoctor_probe.icmp import ask_for_errors
from netdoctor_probe.wire import Outcome


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


def local_address(sock: socket.socket) -> str:
    """The address that the kernel chose to send from."""
    return str(sock.getsockname()[0])
