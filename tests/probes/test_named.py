"""A TCP, UDP or HTTP probe that has a name instead of a host."""

from __future__ import annotations

import socket
import threading
from dataclasses import dataclass

import pytest

from netdoctor_probe import lookup
from netdoctor_probe.loop import Task
from netdoctor_probe.wire import Observation, Outcome, Probe, ProbeKind
from tests.probes.test_agent import run


@dataclass
class Resolver:
    """What a lookup finds, without a name server."""

    outcome: Outcome
    answers: tuple[str, ...] = ()
    asked: str = ""

    def run(self, probe: Probe) -> Task[Observation]:
        yield from ()
        self.asked = f"{probe.kind} {probe.name} {probe.port}"
        return Observation(probe.id, self.outcome, 0.1, "10.96.0.10", {"answers": self.answers})


def reach(monkeypatch: pytest.MonkeyPatch, resolver: Resolver, port: int) -> Observation:
    monkeypatch.setattr(lookup, "run", resolver.run)
    (seen,) = run(Probe("a", ProbeKind.TCP, port=port, name="web"))
    return seen


def test_connects_to_the_first_address_of_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    resolver = Resolver(Outcome.OK, ("127.0.0.1", "192.0.2.1"))
    with socket.create_server(("127.0.0.1", 0)) as server:
        seen = reach(monkeypatch, resolver, server.getsockname()[1])
    assert (seen.outcome, seen.answered_by, seen.detail["address"]) == (Outcome.OK, "127.0.0.1", "127.0.0.1")
    assert resolver.asked == "lookup web 0"  # 0: the name servers' own port, not the target's


def test_a_name_without_address_is_not_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = reach(monkeypatch, Resolver(Outcome.UNRESOLVABLE), 80)
    assert (seen.id, seen.outcome, seen.answered_by) == ("a", Outcome.UNRESOLVABLE, "10.96.0.10")


def test_an_http_request_goes_to_the_address_and_says_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookup, "run", Resolver(Outcome.OK, ("127.0.0.1",)).run)
    said: list[bytes] = []

    def serve(server: socket.socket) -> None:
        client, _ = server.accept()
        with client:
            said.append(client.recv(4096))
            client.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve, args=(server,))
        thread.start()
        (seen,) = run(Probe("a", ProbeKind.HTTP, port=server.getsockname()[1], name="web.example", path="/a"))
        thread.join()
    assert (seen.outcome, seen.detail["status"], seen.detail["address"]) == (Outcome.OK, 204, "127.0.0.1")
    assert b"GET /a HTTP/1.1\r\nHost: web.example\r\n" in said[0]
