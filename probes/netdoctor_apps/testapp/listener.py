"""Listeners: from an argument to a bound socket."""

from __future__ import annotations

import socket
from dataclasses import dataclass

_PROTOCOLS = ("http", "tcp", "udp", "tls")
_BACKLOG = 512


class BadArgumentError(ValueError):
    """An argument that is no listener: what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Listener:
    """One listener; without an address it is open on all, IPv4 and IPv6."""

    protocol: str
    port: int
    address: str = ""

    def __str__(self) -> str:
        return f"{self.protocol}:{self.port}" + (f"@{self.address}" if self.address else "")


def parse(arguments: list[str]) -> list[Listener]:
    """The listeners that the arguments name; none for ``sleep``. Raises BadArgumentError."""
    if arguments == ["sleep"]:
        return []
    if not arguments:
        raise BadArgumentError("no listener: give http:PORT, tcp:PORT, udp:PORT, tls:PORT, or sleep")
    return [_listener(argument) for argument in arguments]


def _listener(argument: str) -> Listener:
    place, at, address = argument.partition("@")
    protocol, _, port = place.partition(":")
    if protocol not in _PROTOCOLS:
        raise BadArgumentError(f"{argument!r}: it must begin with {':, '.join(_PROTOCOLS)}:, or be sleep alone")
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise BadArgumentError(f"{argument!r}: the port must be a number from 1 to 65535")
    if at and _family(address) is None:
        raise BadArgumentError(f"{argument!r}: {address!r} is not an IP address")
    return Listener(protocol, int(port), address)


def bind(listener: Listener) -> socket.socket:
    """The listener's socket. Raises OSError that names the listener."""
    kind = socket.SOCK_DGRAM if listener.protocol == "udp" else socket.SOCK_STREAM
    try:
        sock = _socket(listener.address, kind)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((listener.address, listener.port))
        if kind == socket.SOCK_STREAM:
            sock.listen(_BACKLOG)
    except OSError as error:
        raise OSError(f"cannot listen on {listener}: {error.strerror}") from error
    return sock


def _socket(address: str, kind: int) -> socket.socket:
    if address:
        return socket.socket(_family(address) or socket.AF_INET, kind)
    try:
        sock = socket.socket(socket.AF_INET6, kind)
    except OSError:
        return socket.socket(socket.AF_INET, kind)  # a kernel without IPv6
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    return sock


def _family(address: str) -> socket.AddressFamily | None:
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, address)
        except OSError:
            continue
        return family
    return None
