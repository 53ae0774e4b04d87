"""Small questions with small answers, by which loss, delay and size are measured: to a pod that answers, or ICMP echo.

ICMP echo takes no privilege where ``net.ipv4.ping_group_range`` lets this group have ping sockets (icmp(7)), and its
answers come from the far kernel: nothing need listen there.
"""

from __future__ import annotations

import errno
import socket
import struct
from abc import ABC, abstractmethod
from contextlib import suppress

from netdoctor_probe.attempt import EndedError
from netdoctor_probe.icmp import ask_for_errors, failure, queued_error, queued_failure
from netdoctor_probe.kernel import HEADERS, family_of, local_address, never_fragment, route_mtu
from netdoctor_probe.mesh import serve
from netdoctor_probe.wire import Outcome

_ECHO = {4: (8, 0), 6: (128, 129)}  # types of request and reply: RFC 792, RFC 4443
_ICMP = struct.Struct("!BBHHH")


class Exchange(ABC):
    """A socket to one peer."""

    def __init__(self, sock: socket.socket, host: str, port: int) -> None:
        """Connect. Raises EndedError without a route."""
        self.sock = sock
        self._host = host
        self.version = 6 if sock.family == socket.AF_INET6 else 4
        self._headers = HEADERS[socket.AddressFamily(sock.family)]
        try:
            ask_for_errors(sock)
            never_fragment(sock)
            sock.connect((host, port))
        except OSError as error:
            sock.close()
            raise failure(sock, error.errno or 0, "", host) from error
        self.local = local_address(sock)

    def close(self) -> None:
        """Be done with it."""
        self.sock.close()

    @property
    def believed(self) -> int:
        """Bytes of the largest packet that this kernel would send there in one piece."""
        return route_mtu(self.sock)

    def ask(self, number: int, size: int) -> bool:
        """Send a question in an IP packet of so many bytes; False if the kernel does not (the interface's MTU).

        Raises EndedError if there is no way at all.
        """
        try:
            self.sock.send(self._question(number, max(0, size - self._headers)))
        except OSError as error:
            if isinstance(error, BlockingIOError) or error.errno == errno.EMSGSIZE:
                return False
            raise failure(self.sock, error.errno or 0, self.local, self._host) from error
        return True

    def answers(self) -> list[tuple[int, str]]:
        """Those that have come: (number, address that the other end saw; empty if it does not say).

        Raises EndedError for an ICMP error instead.
        """
        found: list[tuple[int, str]] = []
        while True:
            try:
                data = self.sock.recv(65535)
            except BlockingIOError:
                # Its errno may have gone with an earlier call: an entry that nobody takes keeps the socket ready.
                if not found and (queued := queued_failure(self.sock, self.local, self._host)) is not None:
                    raise queued from None
                return found
            except OSError as error:
                if found:
                    return found
                raise failure(self.sock, error.errno or 0, self.local, self._host) from error
            if (answer := self._read(data)) is not None:
                found.append(answer)

    def too_big(self) -> int:
        """The MTU that a router has told, taken out of the error queue; 0 if none has."""
        told = 0
        while (error := queued_error(self.sock)) is not None:
            told = error.info if error.is_too_big else told
        with suppress(OSError):  # what else the kernel keeps for the next call
            self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        return told

    @abstractmethod
    def _question(self, number: int, length: int) -> bytes: ...

    @abstractmethod
    def _read(self, data: bytes) -> tuple[int, str] | None: ...


class Echo(Exchange):
    """With a pod that answers (see `serve`)."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(socket.socket(family_of(host), socket.SOCK_DGRAM | socket.SOCK_NONBLOCK), host, port)

    def _question(self, number: int, length: int) -> bytes:
        return serve.request(number, length)

    def _read(self, data: bytes) -> tuple[int, str] | None:
        return serve.read_answer(data)


class Ping(Exchange):
    """ICMP echo, with any kernel."""

    def __init__(self, host: str) -> None:
        """Raises EndedError: skipped, where this group may have no ping socket."""
        family = family_of(host)
        protocol = socket.IPPROTO_ICMPV6 if family == socket.AF_INET6 else socket.IPPROTO_ICMP
        try:
            sock = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK, protocol)
        except OSError as error:
            raise EndedError(Outcome.SKIPPED, because="ping sockets are not allowed here") from error
        super().__init__(sock, host, 0)

    def _question(self, number: int, length: int) -> bytes:
        return _ICMP.pack(_ECHO[self.version][0], 0, 0, 0, number & 0xFFFF) + b"." * length

    def _read(self, data: bytes) -> tuple[int, str] | None:
        if len(data) < _ICMP.size:
            return None
        kind, _, _, _, number = _ICMP.unpack_from(data)
        return (number, "") if kind == _ECHO[self.version][1] else None
