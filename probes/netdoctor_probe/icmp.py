"""Why the kernel failed a socket: RST, ICMP error and its sender, or the kernel itself.

Sources: ip(7) and ipv6(7) for the error queue (`IP_RECVERR`), RFC 792, RFC 1812 and RFC 4443 for types and codes.
"""

from __future__ import annotations

import errno
import ipaddress
import os
import socket
import struct
from dataclasses import dataclass

from netdoctor_probe.attempt import EndedError
from netdoctor_probe.wire import Outcome

# linux/in.h and linux/in6.h; not all of them have a name in Python's socket module.
IP_RECVERR = 11
IPV6_RECVERR = 25
_EXTENDED_ERROR = struct.Struct("=IBBBBII")  # linux/errqueue.h: errno, origin, type, code, pad, info, data
_ORIGIN_ICMP = 2
_ORIGIN_ICMP6 = 3
_DESTINATION_UNREACHABLE = {4: 3, 6: 1}  # ICMP type by IP version
_PORT_UNREACHABLE = {(4, 3, 3), (6, 1, 4)}
_HOST_UNREACHABLE = {(4, 3, 1), (6, 1, 3)}
_TOO_BIG = {(4, 3, 4), (6, 2, 0)}
_TIME_EXCEEDED = {(4, 11), (6, 3)}

_MEANINGS = {
    (4, 3, 0): "network unreachable",
    (4, 3, 1): "host unreachable",
    (4, 3, 2): "protocol unreachable",
    (4, 3, 3): "port unreachable",
    (4, 3, 4): "fragmentation needed",
    (4, 3, 9): "network prohibited",
    (4, 3, 10): "host prohibited",
    (4, 3, 13): "admin prohibited",
    (4, 11, 0): "TTL exceeded",
    (6, 1, 0): "no route",
    (6, 1, 1): "admin prohibited",
    (6, 1, 3): "host unreachable",
    (6, 1, 4): "port unreachable",
    (6, 1, 5): "source address failed policy",
    (6, 1, 6): "route rejected",
    (6, 2, 0): "packet too big",
    (6, 3, 0): "TTL exceeded",
}


@dataclass(frozen=True, slots=True)
class IcmpError:
    """An ICMP error as the kernel queued it. `info` is the next hop's MTU where the error is about size."""

    version: int
    type: int
    code: int
    sender: str | None
    info: int = 0

    @property
    def meaning(self) -> str:
        """Its usual name."""
        return _MEANINGS.get((self.version, self.type, self.code), f"ICMP type {self.type} code {self.code}")

    @property
    def is_port_unreachable(self) -> bool:
        """Nothing listens on the UDP port, or a firewall says so."""
        return (self.version, self.type, self.code) in _PORT_UNREACHABLE

    @property
    def is_host_unreachable(self) -> bool:
        """The last router got no answer to ARP or neighbour discovery, or a firewall says so."""
        return (self.version, self.type, self.code) in _HOST_UNREACHABLE

    @property
    def is_too_big(self) -> bool:
        """A router's next link is too small for the packet; `info` is how large one may be."""
        return (self.version, self.type, self.code) in _TOO_BIG

    @property
    def is_time_exceeded(self) -> bool:
        """A router on the way saw the packet's TTL end."""
        return (self.version, self.type) in _TIME_EXCEEDED


def ask_for_errors(sock: socket.socket) -> None:
    """Keep ICMP errors, and fail at once: without it a REJECT over IPv6 shows only after a second."""
    if sock.family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVERR, 1)
    else:
        sock.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)


def queued_error(sock: socket.socket) -> IcmpError | None:
    """Takes the oldest ICMP error out of the socket's error queue; None if there is none."""
    try:
        _, ancillary, _, _ = sock.recvmsg(1, 512, socket.MSG_ERRQUEUE | socket.MSG_DONTWAIT)
    except OSError:
        return None
    for level, kind, data in ancillary:
        if (level, kind) in {(socket.IPPROTO_IP, IP_RECVERR), (socket.IPPROTO_IPV6, IPV6_RECVERR)}:
            return _decode(data)
    return None


def failure(sock: socket.socket, error: int, local: str, remote: str) -> EndedError:
    """What a socket's errno means, given what its error queue holds."""
    return queued_failure(sock, local, remote) or _without_icmp(error, remote)


def queued_failure(sock: socket.socket, local: str, remote: str) -> EndedError | None:
    """What the oldest entry of the error queue means, though no call has failed; None if there is none."""
    icmp = queued_error(sock)
    if icmp is None:
        return None
    if icmp.is_host_unreachable and icmp.sender == local:
        # The kernel tells itself that nobody answered its ARP requests: nobody rejected anything.
        return EndedError(Outcome.REJECTED, errno="EHOSTUNREACH", meaning="no neighbour answered")
    refused = sock.type == socket.SOCK_DGRAM and icmp.is_port_unreachable and icmp.sender == remote
    return EndedError(
        Outcome.REFUSED if refused else Outcome.REJECTED,
        icmp.sender,
        icmpType=icmp.type,
        icmpCode=icmp.code,
        meaning=icmp.meaning,
        **({"mtu": icmp.info} if icmp.info else {}),
    )


def _without_icmp(error: int, remote: str) -> EndedError:
    name = errno.errorcode.get(error, str(error))
    if error == errno.ECONNREFUSED:
        return EndedError(Outcome.REFUSED, remote)
    if error in {errno.ECONNRESET, errno.EPIPE}:
        return EndedError(Outcome.RESET, remote)
    if error == errno.ETIMEDOUT:
        return EndedError(Outcome.TIMEOUT)
    if error in {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EPERM, errno.EACCES, errno.EINVAL}:
        return EndedError(Outcome.REJECTED, errno=name, meaning=os.strerror(error).lower())
    return EndedError(Outcome.ERROR, because=f"{os.strerror(error)} ({name})")


def _decode(data: bytes) -> IcmpError | None:
    if len(data) < _EXTENDED_ERROR.size:
        return None
    _, origin, kind, code, _, info, _ = _EXTENDED_ERROR.unpack_from(data)
    if origin not in {_ORIGIN_ICMP, _ORIGIN_ICMP6}:
        return None
    version = 4 if origin == _ORIGIN_ICMP else 6
    return IcmpError(version, kind, code, _sender(data[_EXTENDED_ERROR.size :]), info)


def _sender(sockaddr: bytes) -> str | None:
    family = struct.unpack_from("=H", sockaddr)[0] if len(sockaddr) >= 2 else socket.AF_UNSPEC
    if family == socket.AF_INET and len(sockaddr) >= 8:
        return str(ipaddress.IPv4Address(sockaddr[4:8]))
    if family == socket.AF_INET6 and len(sockaddr) >= 24:
        return str(ipaddress.IPv6Address(sockaddr[8:24]))
    return None
