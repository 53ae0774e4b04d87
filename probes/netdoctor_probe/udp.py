"""UDP: send a datagram, wait for a datagram or an ICMP error."""

from __future__ import annotations

import socket

from netdoctor_probe.attempt import EndedError, Seen, ready, repeated
from netdoctor_probe.icmp import failure
from netdoctor_probe.kernel import local_address, open_socket
from netdoctor_probe.loop import READ, Task
from netdoctor_probe.text import printable
from netdoctor_probe.wire import Observation, Outcome, Probe

DEFAULT_PAYLOAD = b"netdoctor\n"
_REPLY_SHOWN = 256


def run(probe: Probe) -> Task[Observation]:
    """Sends the payload and waits for any reply.

    Outcomes: ok (detail: reply), refused = ICMP port unreachable from the destination itself, rejected = any other
    ICMP error, timeout, which proves nothing: most UDP servers ignore what they do not understand.
    """

    def attempt(until: float) -> Task[Seen]:
        with begin(probe.host, probe.port, source_port=probe.source_port) as sock:
            send(sock, probe.payload.encode() or DEFAULT_PAYLOAD)
            reply = yield from receive(sock, until)
            detail = {"localAddress": local_address(sock), "reply": printable(reply[:_REPLY_SHOWN])}
            return Seen(Outcome.OK, probe.host, detail)

    return repeated(probe, attempt)


def begin(host: str, port: int, ttl: int | None = None, source_port: int = 0) -> socket.socket:
    """A socket that only this peer's datagrams and errors reach; `source_port` 0 = a new one.

    Raises EndedError without a route, and where somebody here has the source port.
    """
    sock = open_socket(host, socket.SOCK_DGRAM, ttl=ttl)
    if source_port:
        _take(sock, source_port)
    try:
        sock.connect((host, port))
    except OSError as error:
        sock.close()
        raise failure(sock, error.errno or 0, "", host) from error
    return sock


def _take(sock: socket.socket, port: int) -> None:
    try:
        sock.bind(("", port))
    except OSError as error:
        sock.close()
        raise EndedError(Outcome.SKIPPED, because=f"source port {port} cannot be had: {error.strerror}") from error


def send(sock: socket.socket, data: bytes) -> None:
    """Sends one datagram. Raises EndedError if the kernel refuses, or reports an earlier one's ICMP error."""
    try:
        sock.send(data)
    except OSError as error:
        raise _failure(sock, error) from error


def receive(sock: socket.socket, until: float) -> Task[bytes]:
    """The next datagram. Raises EndedError: timeout, refused or rejected."""
    yield from ready(sock, READ, until)
    try:
        return sock.recv(65535)
    except OSError as error:
        raise _failure(sock, error) from error


def _failure(sock: socket.socket, error: OSError) -> Exception:
    return failure(sock, error.errno or 0, local_address(sock), str(sock.getpeername()[0]))
