"""Tests in network namespaces of their own, as root of a user namespace: any user may make these on most machines."""

from __future__ import annotations

import os
import socket
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import ParamSpec

import pytest
from pyroute2 import IPRoute

from netdoctor.lab import kernel
from netdoctor.lab.kernel import Clone

_P = ParamSpec("_P")
_REFUSED = b"refused"
SILENCE = 0.25  # seconds, after which an answer on the same machine does not come any more


def sandboxed(test: Callable[_P, None]) -> Callable[_P, None]:
    """Run a test in a child process with an empty network of its own, whose loopback is up."""

    @wraps(test)
    def run(*args: _P.args, **kwargs: _P.kwargs) -> None:
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            _in_child(writing, lambda: test(*args, **kwargs))
        os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            said = pipe.read()
        _, status = os.waitpid(child, 0)
        if said == _REFUSED:
            pytest.skip("this kernel lets nobody make user namespaces")
        assert status == 0, said.decode()

    return run


def _in_child(pipe: int, test: Callable[[], None]) -> None:
    status = 1
    try:
        if not _entered():
            os.write(pipe, _REFUSED)
            return
        test()
        status = 0
    except BaseException:  # noqa: BLE001 (whatever it is, the parent reports it)
        os.write(pipe, traceback.format_exc().encode())
    finally:
        os._exit(status)


def _entered() -> bool:
    user, group = os.getuid(), os.getgid()
    try:
        kernel.unshare(Clone.USER | Clone.NET)
        kernel.map_root(user, group)
    except OSError:
        return False
    with IPRoute() as links:
        links.link("set", index=1, state="up")
    return True


def add_addresses(*addresses: str) -> None:
    """Give the loopback of this namespace more addresses."""
    with IPRoute() as links:
        for address in addresses:
            links.addr("add", index=1, address=address, prefixlen=128 if ":" in address else 32)


@contextmanager
def listening(address: str, port: int, kind: socket.SocketKind = socket.SOCK_STREAM) -> Iterator[socket.socket]:
    """A socket that takes connections, or datagrams."""
    with socket.socket(_family(address), kind) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind((address, port))
        if kind == socket.SOCK_STREAM:
            server.listen(64)
        server.settimeout(SILENCE)
        yield server


def connected(address: str, port: int, source: str = "") -> str:
    """What becomes of a connection: open, refused, or silent."""
    with socket.socket(_family(address)) as client:
        client.settimeout(SILENCE)
        if source:
            client.bind((source, 0))
        try:
            client.connect((address, port))
        except TimeoutError:
            return "silent"
        except ConnectionRefusedError:
            return "refused"
        return "open"


def reached(address: str, port: int, servers: Sequence[socket.socket], source: str = "") -> tuple[int, str]:
    """Which of several listening sockets a connection comes to, and as whose it arrives there."""
    with socket.socket(_family(address)) as client:
        client.settimeout(SILENCE)
        if source:
            client.bind((source, 0))
        client.connect((address, port))
        own = client.getpeername()
        assert own[:2] == (address, port)
        for number, server in enumerate(servers):
            server.setblocking(False)
            try:
                accepted, peer = server.accept()
            except BlockingIOError:
                continue
            accepted.close()
            return number, str(peer[0])
    raise AssertionError("no server has the connection")


def _family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET
