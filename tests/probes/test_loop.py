"""Sockets come before timers."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest

from netdoctor_probe.loop import READ, Loop, Task, Wait

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def pairs() -> Iterator[tuple[Pair, Pair]]:
    made = socket.socketpair(), socket.socketpair()
    yield made
    for sock in (*made[0], *made[1]):
        sock.close()


def run(task: Task[list[bool]]) -> list[bool]:
    ended: list[list[bool]] = []
    loop = Loop()
    loop.start(task, ended.append)
    while loop:
        loop.step(time.monotonic() + 5)
    return ended[0]


def test_an_answer_is_seen_by_a_wait_that_begins_after_its_time(pairs: tuple[Pair, Pair]) -> None:
    """A trace waits for its hops one after the other, with one end: a silent first must not hide the others."""
    (silent, _), (answered, far_end) = pairs

    def task() -> Task[list[bool]]:
        until = time.monotonic() + 0.05
        far_end.send(b"x")
        first = yield Wait(until, silent, READ)
        second = yield Wait(until, answered, READ)
        return [first, second]

    assert run(task()) == [False, True]


def test_a_wait_without_an_answer_ends_at_its_time(pairs: tuple[Pair, Pair]) -> None:
    def task() -> Task[list[bool]]:
        until = time.monotonic() + 0.05
        ready = yield Wait(until, pairs[0][0], READ)
        return [ready, time.monotonic() >= until]

    assert run(task()) == [False, True]
