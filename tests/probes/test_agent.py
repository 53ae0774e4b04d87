"""Plans: bounds, faults of one probe, and the process around them."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys

import pytest

from netdoctor_probe import agent
from netdoctor_probe.wire import (
    Observation,
    Outcome,
    Plan,
    Probe,
    ProbeKind,
    decode_line,
    encode_observation,
    encode_plan,
)
from tests.probes.network import REPOSITORY


def run(*probes: Probe, parallel: int = 256, deadline: float = 30.0) -> list[Observation]:
    seen: list[Observation] = []
    agent.run(Plan(probes, parallel, deadline), seen.append)
    return seen


def silent(name: str, server: socket.socket, timeout: float = 0.2, **fields: object) -> Probe:
    """A probe that is sent to a UDP socket which never answers."""
    port = server.getsockname()[1]
    return Probe(name, ProbeKind.UDP, "127.0.0.1", port, timeout, 1, **fields)  # type: ignore[arg-type]


@pytest.fixture
def mute() -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))
    return sock


@pytest.mark.parametrize("parallel", [1, 3, 4])
def test_at_most_so_many_at_once(mute: socket.socket, parallel: int) -> None:
    with mute:
        seen = run(*(silent(str(n), mute, timeout=60) for n in range(4)), parallel=parallel, deadline=0.3)
    assert [one.outcome for one in seen] == [Outcome.ERROR] * parallel + [Outcome.SKIPPED] * (4 - parallel)


def test_the_next_begins_when_one_has_ended(mute: socket.socket) -> None:
    with mute:
        seen = run(*(silent(str(n), mute, timeout=0.05) for n in range(4)), parallel=2)
    assert [(one.id, one.outcome) for one in seen] == [(str(n), Outcome.TIMEOUT) for n in range(4)]


def test_delay_orders_the_starts(mute: socket.socket) -> None:
    with mute:
        run(silent("late", mute, payload="late", delay=0.1), silent("early", mute, payload="early"))
        assert [mute.recv(100), mute.recv(100)] == [b"early", b"late"]


def test_deadline_names_what_it_cut_and_what_it_never_began(mute: socket.socket) -> None:
    with mute:
        seen = run(silent("cut", mute, timeout=60), silent("unbegun", mute), parallel=1, deadline=0.2)
    assert [(one.id, one.outcome) for one in seen] == [("cut", Outcome.ERROR), ("unbegun", Outcome.SKIPPED)]
    assert all("deadline of 0.2 s" in one.detail["because"] for one in seen)


def test_an_answer_counts_even_if_the_agent_was_late_to_look(mute: socket.socket) -> None:
    """A pod at its CPU limit is stopped for longer than the timeout: what arrived meanwhile is an answer."""
    with mute:
        mute.settimeout(5)
        child = subprocess.Popen(
            [sys.executable, "-m", "netdoctor_probe"],
            env={
                "PYTHONPATH": str(REPOSITORY / "probes"),
                "NETDOCTOR_PLAN": encode_plan(Plan((silent("a", mute, 1.0),))),
            },
            stdout=subprocess.PIPE,
            text=True,
        )
        _, client = mute.recvfrom(100)
        child.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, child.pid, os.WSTOPPED)
        mute.sendto(b"here", client)
        mute.settimeout(1.2)
        with pytest.raises(TimeoutError):  # the probe's timeout passes
            mute.recv(100)
        child.send_signal(signal.SIGCONT)
        out, _ = child.communicate(timeout=10)
    first = decode_line(out.splitlines()[0])
    assert isinstance(first, Observation)
    assert first.outcome is Outcome.OK


def test_a_faulty_runner_costs_only_its_own_probe(monkeypatch: pytest.MonkeyPatch, mute: socket.socket) -> None:
    monkeypatch.setattr("netdoctor_probe.sockets.parse", lambda *_: 1 / 0)
    with mute:
        seen = {one.id: one for one in run(Probe("bad", ProbeKind.SOCKETS), silent("good", mute))}
    assert (seen["bad"].outcome, seen["good"].outcome) == (Outcome.ERROR, Outcome.TIMEOUT)
    assert "ZeroDivisionError" in seen["bad"].detail["because"]


def test_a_missing_library_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "netdoctor_probe.dns", None)
    monkeypatch.delitem(sys.modules, "netdoctor_probe.lookup", raising=False)
    (seen,) = run(Probe("d", ProbeKind.DNS, server="127.0.0.1", name="a."))
    assert seen.outcome is Outcome.SKIPPED
    assert "is not installed" in seen.detail["because"]


def process(*arguments: str, plan: str | None = None, stdin: str = "") -> subprocess.CompletedProcess[str]:
    environment = {"PYTHONPATH": str(REPOSITORY / "probes")} | ({"NETDOCTOR_PLAN": plan} if plan else {})
    command = [sys.executable, "-m", "netdoctor_probe", *arguments]
    return subprocess.run(command, env=environment, input=stdin, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("way", ["environment", "stdin"])
def test_process_prints_lines_and_an_end(way: str) -> None:
    plan = encode_plan(Plan((Probe("t", ProbeKind.TCP, "127.0.0.1", 9), Probe("r", ProbeKind.RESOLV_CONF))))
    ended = process(plan=plan) if way == "environment" else process("--plan", "-", stdin=plan)
    lines = [decode_line(line) for line in ended.stdout.splitlines()]
    assert (ended.returncode, lines[-1]) == (0, 2)
    assert {line.id for line in lines[:-1] if isinstance(line, Observation)} == {"t", "r"}


@pytest.mark.parametrize(
    ("arguments", "stdin", "says"),
    [
        ([], "", "NETDOCTOR_PLAN"),
        (["--plna", "x"], "", "--plna"),
        (["--plan", "/nowhere"], "", "/nowhere"),
        (["--plan", "-"], "{", "not a probe plan"),
        (["--plan", "-"], '{"version":9}', "version 9"),
    ],
)
def test_no_plan_is_one_clear_line(arguments: list[str], stdin: str, says: str) -> None:
    ended = process(*arguments, stdin=stdin)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert len(ended.stderr.splitlines()) == 1
    assert says in ended.stderr


def test_sigterm_ends_it_at_once(mute: socket.socket) -> None:
    with mute:
        mute.settimeout(5)
        plan = encode_plan(Plan((silent("s", mute, timeout=60),)))
        environment = {"PYTHONPATH": str(REPOSITORY / "probes"), "NETDOCTOR_PLAN": plan}
        child = subprocess.Popen([sys.executable, "-m", "netdoctor_probe"], env=environment)
        mute.recv(100)
        child.terminate()
        assert child.wait(timeout=5) == 143


def test_observations_stay_json_whatever_a_server_says() -> None:
    seen = Observation("x", Outcome.OK, 0.1, detail={"reply": "\u2028\n\x00"})
    line = encode_observation(seen)
    assert "\n" not in line
    assert json.loads(line)["detail"]["reply"] == "\u2028\n\x00"
