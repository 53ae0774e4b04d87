"""Probes from this machine, over loopback."""

from __future__ import annotations

import os
import signal
import socket
import threading

import pytest

from netdoctor.model.probe import Outcome, Position, Probe, ProbeKind, ProbePod, Role
from netdoctor.probing.local import LocalProber

OUTSIDE = Position("outside", Role.SOURCE, "shop", outside=True)


def test_the_agent_runs_here_and_needs_no_pod() -> None:
    said: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # nobody listens there
        ports = server.getsockname()[1], closed.getsockname()[1]
        probes = tuple(Probe(f"p{n}", ProbeKind.TCP, "127.0.0.1", port) for n, port in enumerate(ports))
        ran = LocalProber().run([ProbePod(OUTSIDE, probes)], said.append)
    assert {one.id: one.outcome for one in ran.observed} == {"p0": Outcome.OK, "p1": Outcome.REFUSED}
    assert ran.observed[0].observation.detail["localAddress"] == "127.0.0.1"
    assert (ran.not_tested, said) == ((), ["probing from this machine"])


def test_an_agent_that_gives_no_answer_is_said() -> None:
    twice = Probe("same", ProbeKind.TCP, "127.0.0.1", 1)
    ran = LocalProber().run([ProbePod(OUTSIDE, (twice, twice))], lambda _: None)
    (missing,) = ran.not_tested
    assert (missing.what, ran.observed) == ("2 of 2 probes from this machine", ())
    assert "two probes have the same id" in missing.because


def test_a_signal_ends_the_agent() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        probe = Probe("p", ProbeKind.UDP, "127.0.0.1", silent.getsockname()[1], timeout=50.0)

        def stop() -> None:
            silent.recv(1)  # the agent is at work
            os.kill(os.getpid(), signal.SIGTERM)

        waiting = threading.Thread(target=stop)
        waiting.start()
        with pytest.raises(KeyboardInterrupt):
            LocalProber().run([ProbePod(OUTSIDE, (probe,))], lambda _: None)
        waiting.join()
