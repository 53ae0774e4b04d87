"""TCP: connect() as an application does it, and what came of it."""

from __future__ import annotations

import errno
import socket

from netdoctor_probe.attempt import EndedError, Seen, ready, repeated
from netdoctor_probe.icmp import failure
from netdoctor_probe.kernel import local_address, open_socket
from netdoctor_probe.loop import READ, WRITE, Task
from netdoctor_probe.text import printable
from netdoctor_probe.wire import Observation, Outcome, Probe

_REPLY_SHOWN = 256


def run(probe: Probe) -> Task[Observation]:
    """Connects and closes; with a payload, sends it and waits for the first bytes.

    Outcomes: ok (detail: localAddress, reply if there was a payload), refused = a RST, rejected = an ICMP error or
    the kernel's own refusal (no route, no neighbour; then `answered_by` is null and detail has errno), timeout,
    reset = a RST after connecting.
    """

    def attempt(until: float) -> Task[Seen]:
        sock = yield from connect(probe.host, probe.port, until)
        with sock:
            detail = {"localAddress": local_address(sock)}
            if not probe.payload:
                return Seen(Outcome.OK, probe.host, detail)
            send(sock, probe.payload.encode())
            reply = yield from receive(sock, _REPLY_SHOWN, until)
            return Seen(Outcome.OK, probe.host, {**detail, "reply": printable(reply)})

    return repeated(probe, attempt)


def connect(host: str, port: int, until: float) -> Task[socket.socket]:
    """A connected, non-blocking socket. Raises EndedError when there is none by `until`."""
    sock = begin(host, port)
    try:
        yield from finish(sock, host, until)
    except BaseException:
        sock.close()
        raise
    return sock


def begin(host: str, port: int, ttl: int | None = None) -> socket.socket:
    """Sends the SYN. Raises EndedError if the kernel refuses to."""
    sock = open_socket(host, socket.SOCK_STREAM, ttl=ttl)
    try:
        error = sock.connect_ex((host, port))
        if error not in {0, errno.EINPROGRESS}:
            raise failure(sock, error, local_address(sock), host)
    except BaseException:
        sock.close()
        raise
    return sock


def finish(sock: socket.socket, host: str, until: float) -> Task[None]:
    """Waits for the SYN's answer. Raises EndedError if it is anything but a SYN-ACK; silence has localAddress."""
    local = local_address(sock)  # the kernel forgets it when the connection fails
    try:
        yield from ready(sock, WRITE, until)
    except EndedError as silent:
        raise EndedError(silent.seen.outcome, localAddress=local) from silent
    error = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if error:
        raise failure(sock, error, local, host)


def send(sock: socket.socket, data: bytes) -> None:
    """Sends a small request, which a new connection's buffer always holds. Raises EndedError on a reset."""
    try:
        sock.sendall(data)
    except OSError as error:
        raise _after_connecting(error) from error


def receive(sock: socket.socket, size: int, until: float) -> Task[bytes]:
    """The next bytes; empty at the end. Raises EndedError (timeout with detail.connected, or reset)."""
    try:
        yield from ready(sock, READ, until)
        return sock.recv(size)
    except OSError as error:
        raise _after_connecting(error) from error
    except EndedError as ended:
        raise EndedError(ended.seen.outcome, connected=True) from ended


def _after_connecting(error: OSError) -> EndedError:
    if error.errno in {errno.ECONNRESET, errno.EPIPE}:
        return EndedError(Outcome.RESET)
    return EndedError(Outcome.ERROR, because=str(error), connected=True)
