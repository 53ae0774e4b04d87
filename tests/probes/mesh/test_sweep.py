"""The sweep for a path's MTU, with a peer on this machine that answers some sizes and not others."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from netdoctor_probe.loop import Loop
from netdoctor_probe.mesh.exchanges import Echo
from netdoctor_probe.mesh.serve import answer
from netdoctor_probe.mesh.sweep import PathMTU, Sweep

HEADERS = 28  # bytes: IPv4 and UDP
BELIEVED = 1500


class Ethernet(Echo):
    """Loopback with a usual link's MTU."""

    believed = BELIEVED


@contextmanager
def peer(largest: int) -> Iterator[Ethernet]:
    """Somebody who answers packets of at most so many bytes; others vanish."""
    with socket.socket(type=socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        serving = threading.Thread(target=_serve, args=(sock, largest))
        serving.start()
        exchange = Ethernet("127.0.0.1", sock.getsockname()[1])
        try:
            yield exchange
        finally:
            exchange.close()
            sock.sendto(b"", sock.getsockname())
            serving.join()


def _serve(sock: socket.socket, largest: int) -> None:
    while True:
        data, sender = sock.recvfrom(65535)
        if not data:
            return
        said = answer(data, sender[0])
        if said is not None and len(data) + HEADERS <= largest:
            sock.sendto(said, sender)


def swept(exchange: Ethernet, *, lossy: bool, seconds: float) -> tuple[PathMTU, float]:
    """What it finds, and how long that takes."""
    found: list[PathMTU] = []
    loop, begun = Loop(), time.monotonic()
    loop.start(Sweep(exchange, 0.001, lossy, begun + seconds).run(), found.append)
    while loop:
        loop.step(begun + 60)
    return found[0], time.monotonic() - begun


def test_one_packet_is_enough_where_it_arrives() -> None:
    with peer(BELIEVED) as exchange:
        assert swept(exchange, lossy=False, seconds=5)[0] == PathMTU(BELIEVED, BELIEVED)


def test_what_arrives_below_a_hole_is_found() -> None:
    with peer(1490) as exchange:
        assert swept(exchange, lossy=False, seconds=8)[0] == PathMTU(1490, BELIEVED, hole=True)


def test_a_hole_of_which_the_size_is_not_found_in_time_is_a_hole() -> None:
    with peer(1000) as exchange:
        found, took = swept(exchange, lossy=False, seconds=1.0)
    assert found == PathMTU(0, BELIEVED, hole=True)
    assert took <= 1.1


def test_nothing_is_said_of_a_size_that_was_not_sent_often_enough() -> None:
    with peer(1000) as exchange:
        found, took = swept(exchange, lossy=True, seconds=1.0)
    assert found == PathMTU(0, BELIEVED)
    assert took <= 1.1
