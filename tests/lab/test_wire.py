"""Messages and descriptors between a keeper and its clients."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from threading import Thread

import pytest

from netdoctor.lab import wire


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    one, other = socket.socketpair()
    with one, other:
        yield one, other


def test_a_large_message_arrives_with_its_descriptors(pair: tuple[socket.socket, socket.socket]) -> None:
    reading, writing = os.pipe()
    message = {"text": "é" * 3_000_000, "list": [1, None, {"a": True}]}
    sending = Thread(target=wire.send, args=(pair[0], message, [writing]))
    sending.start()
    received, (descriptor,) = wire.receive(pair[1])
    sending.join()
    assert received == message
    os.write(descriptor, b"through the copy")
    assert os.read(reading, 99) == b"through the copy"
    for one in (reading, writing, descriptor):
        os.close(one)


@pytest.mark.parametrize("said", [b"", b"\0\0", b"\0\0\0\x09short", b"\0\0\0\x04nope", b"GET / HTTP/1.1\r\n\r\n"])
def test_what_is_no_message_is_an_end(pair: tuple[socket.socket, socket.socket], said: bytes) -> None:
    pair[0].sendall(said)
    pair[0].close()
    with pytest.raises(wire.GoneError):
        wire.receive(pair[1])


def test_nobody_is_there_to_receive(pair: tuple[socket.socket, socket.socket]) -> None:
    pair[1].close()
    with pytest.raises(wire.GoneError):
        wire.send(pair[0], {"a": 1})


def test_the_peer_is_the_user_at_the_other_end(pair: tuple[socket.socket, socket.socket]) -> None:
    assert wire.peer(pair[0]) == os.getuid()
