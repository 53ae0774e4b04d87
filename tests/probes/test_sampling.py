"""Samples: how often, how fast, when they stop, and what they sum up to."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from netdoctor_probe import agent
from netdoctor_probe.loop import Task
from netdoctor_probe.wire import Observation, Outcome, Plan, Probe, ProbeKind, WireError, decode_plan, encode_plan


@contextmanager
def answering(answers: Callable[[int], bool]) -> Iterator[tuple[int, list[float]]]:
    """A UDP server that answers the datagrams of some numbers (from 0): its port, and when each came."""
    came: list[float] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(0.2)
        over = threading.Event()

        def serve() -> None:
            while not over.is_set():
                try:
                    data, client = server.recvfrom(100)
                except TimeoutError:
                    continue
                came.append(time.monotonic())
                if answers(len(came) - 1):
                    server.sendto(data, client)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield server.getsockname()[1], came
        finally:
            over.set()
            thread.join()


def sample(port: int, tries: int, pause: float = 0.01, enough: int = 0, timeout: float = 0.3) -> Probe:
    return Probe("s", ProbeKind.UDP, "127.0.0.1", port, timeout, tries=tries, pause=pause, enough=enough)


def run(*probes: Probe, deadline: float = 30.0, parallel: int = 256) -> dict[str, Observation]:
    seen: list[Observation] = []
    agent.run(Plan(probes, parallel, deadline), seen.append)
    assert len({one.id for one in seen}) == len(seen)
    return {one.id: one for one in seen}


def test_every_fourth_lost_is_one_observation_with_counts() -> None:
    with answering(lambda number: number % 4 != 3) as (port, came):
        seen = run(sample(port, 20))["s"]
    assert seen.outcome is Outcome.TIMEOUT
    assert (seen.detail["tries"], seen.detail["passed"]) == (20, 15)
    assert seen.detail["outcomes"] == {"ok": 15, "timeout": 5}
    assert len(came) == 20  # each try is one datagram: none is repeated
    times = seen.detail["seconds"]
    assert 0 < times["min"] <= times["p50"] <= times["p95"] <= times["max"] < 0.3
    assert seen.seconds == pytest.approx(times["p50"], abs=1e-6)


def test_the_tries_keep_their_distance() -> None:
    with answering(lambda number: True) as (port, came):
        begun = time.monotonic()
        run(sample(port, 5, pause=0.05))
    assert all(at - begun >= 0.05 * number for number, at in enumerate(came))
    assert len(came) == 5


def test_it_stops_when_enough_have_failed() -> None:
    with answering(lambda number: False) as (port, came):
        seen = run(sample(port, 50, pause=0.1, enough=2, timeout=0.05))["s"]
    assert seen.detail == {"tries": len(came), "passed": 0, "outcomes": {"timeout": len(came)}}
    assert 2 <= len(came) <= 4  # those under way when the second fails still count


def test_a_stopped_sample_does_not_wait_for_the_tries_that_it_leaves_out() -> None:
    with answering(lambda number: False) as (port, _):
        begun = time.monotonic()
        run(sample(port, 1000, pause=1.0, enough=1, timeout=0.05))
    assert time.monotonic() - begun < 5


def test_refused_tries_are_failures_that_stop_it_too() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        probe = Probe("s", ProbeKind.TCP, "127.0.0.1", closed.getsockname()[1], tries=30, pause=0.02, enough=3)
        seen = run(probe)["s"]
    assert seen.outcome is Outcome.REFUSED
    assert seen.answered_by == "127.0.0.1"
    assert seen.detail["outcomes"]["refused"] in {3, 4}


def test_all_passed_is_ok() -> None:
    with answering(lambda number: True) as (port, _):
        seen = run(sample(port, 7))["s"]
    assert (seen.outcome, seen.detail["tries"], seen.detail["passed"]) == (Outcome.OK, 7, 7)


def test_samples_and_single_probes_share_the_bound_of_what_runs_at_once() -> None:
    with answering(lambda number: True) as (port, came):
        seen = run(sample(port, 5), Probe("one", ProbeKind.UDP, "127.0.0.1", port), parallel=1)
    assert {name: one.outcome for name, one in seen.items()} == {"s": Outcome.OK, "one": Outcome.OK}
    assert len(came) == 6


def test_what_the_deadline_cuts_off_is_not_counted() -> None:
    with answering(lambda number: True) as (port, _):
        seen = run(sample(port, 100, pause=0.1), deadline=0.35)["s"]
    assert seen.outcome is Outcome.OK
    assert 2 <= seen.detail["tries"] <= 4
    assert seen.detail["tries"] == seen.detail["passed"]


def test_a_sample_that_could_not_begin_is_skipped_once() -> None:
    with answering(lambda number: True) as (port, came):
        late = sample(port, 5)
        seen = run(Probe("s", ProbeKind.UDP, "127.0.0.1", late.port, delay=60, tries=5, pause=1), deadline=0.1)["s"]
    assert seen.outcome is Outcome.SKIPPED
    assert "deadline" in seen.detail["because"]
    assert not came


def test_what_is_not_possible_here_is_tried_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def unavailable(self: object, probe: Probe) -> Task[Observation]:
        asked.append(probe.id)
        yield from ()
        return Observation(probe.id, Outcome.SKIPPED, 0.0, detail={"because": "NET_RAW"})

    monkeypatch.setattr(agent, "_may_send_raw", lambda: False)
    monkeypatch.setattr(agent._Unavailable, "run", unavailable)
    seen = run(Probe("s", ProbeKind.WHO, "127.0.0.1", 9, tries=50, pause=0.01))["s"]
    assert (seen.outcome, seen.detail, asked) == (Outcome.SKIPPED, {"because": "NET_RAW"}, ["s#0"])


@pytest.mark.parametrize(
    "fields", [{"tries": 0}, {"tries": 1001, "pause": 0.1}, {"tries": 2, "pause": 0.001}, {"enough": -1}]
)
def test_a_plan_that_would_be_a_load_is_refused(fields: dict[str, float]) -> None:
    probe = Probe("s", ProbeKind.TCP, "127.0.0.1", 9, **fields)  # type: ignore[arg-type]
    with pytest.raises(WireError, match=r"tries of probe s must be 1 to 1000, 0\.01 s apart or more"):
        decode_plan(encode_plan(Plan((probe,))))
