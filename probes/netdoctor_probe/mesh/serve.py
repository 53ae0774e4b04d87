"""The pod that answers: it tells everybody who asks which address the question came from, and nothing else.

It is bounded in seconds and in datagrams, an answer is never longer than its question, and it keeps nothing.
"""

from __future__ import annotations

import ipaddress
import selectors
import socket
import struct
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress

REQUEST = b"netdoc-?"
REPLY = b"netdoc-!"
_HEAD = struct.Struct("!8sI")
_ANSWER = struct.Struct("!8sIH16s")  # the request's number and length, and its sender as an IPv6 address
LEAST = _ANSWER.size  # bytes of a question
_MOST_DATAGRAMS = 5_000_000
_LONGEST = 65535
_BACKLOG = 128
_MOST_CLIENTS = 512


def request(number: int, length: int) -> bytes:
    """A question of so many bytes, at least `LEAST`."""
    return _HEAD.pack(REQUEST, number).ljust(max(length, LEAST), b".")


def answer(data: bytes, sender: str) -> bytes | None:
    """What to say to a datagram; None if it is no question."""
    if len(data) < LEAST or _HEAD.unpack_from(data)[0] != REQUEST:
        return None
    address = ipaddress.ip_address(sender.partition("%")[0])
    packed = address.packed if address.version == 6 else ipaddress.IPv6Address(f"::ffff:{address}").packed
    return _ANSWER.pack(REPLY, _HEAD.unpack_from(data)[1], len(data), packed)


def read_answer(data: bytes) -> tuple[int, str] | None:
    """The question's number, and the address it came from; None for anything else."""
    if len(data) != _ANSWER.size:
        return None
    magic, number, _, packed = _ANSWER.unpack(data)
    return (number, plain(str(ipaddress.IPv6Address(packed)))) if magic == REPLY else None


def plain(address: str) -> str:
    """An address without the form that IPv4 has on IPv6 sockets (RFC 4291, 2.5.5.2)."""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    mapped = parsed.ipv4_mapped if parsed.version == 6 else None
    return str(mapped or parsed)


def serve(port: int, seconds: float, ready: Callable[[], object] = lambda: None) -> None:
    """Answer at a port, UDP and TCP, for so long; `ready` is called when it does. Raises OSError: the port is taken."""
    until = time.monotonic() + seconds
    left = _MOST_DATAGRAMS
    with _bound(socket.SOCK_DGRAM, port) as udp, _bound(socket.SOCK_STREAM, port) as tcp:
        tcp.listen(_BACKLOG)
        ready()
        with selectors.DefaultSelector() as selector:
            selector.register(udp, selectors.EVENT_READ)
            selector.register(tcp, selectors.EVENT_READ)
            clients = _Clients(selector)
            while left > 0 and (rest := until - time.monotonic()) > 0:
                for key, _ in selector.select(rest):
                    if key.fileobj is udp:
                        left -= _datagrams(udp)
                    elif key.fileobj is tcp:
                        clients.accept(tcp)
                    else:
                        clients.answer(key.data)


class _Clients:
    """TCP connections, at most `_MOST_CLIENTS`: who has said something is told its address, and that is all."""

    def __init__(self, selector: selectors.BaseSelector) -> None:
        self._selector = selector
        self._open: deque[socket.socket] = deque()

    def accept(self, tcp: socket.socket) -> None:
        """Take one more; the oldest goes where there are too many."""
        try:
            client, _ = tcp.accept()
        except OSError:
            return
        client.setblocking(False)
        self._open.append(client)
        self._selector.register(client, selectors.EVENT_READ, client)
        if len(self._open) > _MOST_CLIENTS:
            self._end(self._open[0])

    def answer(self, client: socket.socket) -> None:
        """It has said something, or has gone."""
        if client not in self._open:  # made to go a moment ago
            return
        with suppress(OSError):
            if client.recv(_LONGEST):
                client.send(f"{plain(client.getpeername()[0])}\n".encode())
        self._end(client)

    def _end(self, client: socket.socket) -> None:
        self._selector.unregister(client)
        self._open.remove(client)
        client.close()


def _bound(kind: socket.SocketKind, port: int) -> socket.socket:
    """For both IP versions, where this kernel has both."""
    try:
        sock = socket.socket(socket.AF_INET6, kind | socket.SOCK_NONBLOCK)
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        anywhere = "::"
    except OSError:
        sock, anywhere = socket.socket(socket.AF_INET, kind | socket.SOCK_NONBLOCK), "0.0.0.0"  # noqa: S104 - a server
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((anywhere, port))
    except BaseException:
        sock.close()
        raise
    return sock


def _datagrams(udp: socket.socket) -> int:
    """Answer those that have come; how many they were."""
    for count in range(256):
        try:
            data, sender = udp.recvfrom(_LONGEST)
        except OSError:  # no more; or an ICMP error about an answer that nobody waited for
            return count + 1
        if (said := answer(data, sender[0])) is not None:
            with suppress(OSError):
                udp.sendto(said, sender)
    return 256
