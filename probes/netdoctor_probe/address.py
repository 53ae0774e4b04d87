"""Addresses as sockets want them and as reports show them."""

from __future__ import annotations

import ipaddress
import socket

from netdoctor_probe.attempt import EndedError
from netdoctor_probe.wire import Outcome


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
