"""Questions and answers over loopback, and the ICMP errors that come between them."""

from __future__ import annotations

import select
import socket

import pytest

from netdoctor_probe.attempt import EndedError
from netdoctor_probe.mesh.exchanges import Echo
from netdoctor_probe.mesh.serve import answer
from netdoctor_probe.wire import Outcome

SIZE = 100  # bytes


class Peer:
    """Somebody who answers one question, until the port is closed."""

    def __init__(self) -> None:
        self.sock = socket.socket(type=socket.SOCK_DGRAM)
        self.sock.bind(("127.0.0.1", 0))
        self.port: int = self.sock.getsockname()[1]

    def answer(self) -> None:
        data, sender = self.sock.recvfrom(65535)
        said = answer(data, sender[0])
        assert said is not None
        self.sock.sendto(said, sender)


class Interrupted(Echo):
    """As soon as an answer has been read, the peer goes, and the next question gets an ICMP error."""

    def __init__(self, peer: Peer) -> None:
        super().__init__("127.0.0.1", peer.port)
        self._peer = peer

    def _read(self, data: bytes) -> tuple[int, str] | None:
        self._peer.sock.close()
        self.ask(2, SIZE)
        return super()._read(data)


def test_an_answer_is_told_with_the_address_that_was_seen() -> None:
    peer = Peer()
    with peer.sock:
        exchange = Echo("127.0.0.1", peer.port)
        assert exchange.ask(1, SIZE)
        peer.answer()
        assert exchange.answers() == [(1, "127.0.0.1")]
        assert exchange.answers() == []
        exchange.close()


def test_an_error_that_comes_between_answers_is_told_and_does_not_keep_the_socket_ready() -> None:
    peer = Peer()
    exchange = Interrupted(peer)
    assert exchange.ask(1, SIZE)
    peer.answer()
    assert exchange.answers() == [(1, "127.0.0.1")]
    with pytest.raises(EndedError) as ended:
        exchange.answers()
    assert ended.value.seen.outcome is Outcome.REFUSED
    assert select.select([exchange.sock], [], [], 0) == ([], [], [])
    exchange.close()
