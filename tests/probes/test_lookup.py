"""The lookup probe asks what glibc's getaddrinfo asks, and says what it is told."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from netdoctor_probe import resolv_conf
from netdoctor_probe.wire import Observation, Outcome, Probe, ProbeKind
from tests.probes.fake_dns import Answer, serving
from tests.probes.network import REPOSITORY, unable
from tests.probes.resolver_cases import CASES
from tests.probes.test_agent import run

#: What getaddrinfo says for each outcome of the probe.
TOLD = {
    "ok": {"ok"},
    "unresolvable": {"EAI_NONAME", "EAI_NODATA"},
    "servfail": {"EAI_AGAIN"},
    "timeout": {"EAI_AGAIN"},
    "refused": {"EAI_AGAIN"},
    "truncated": {"EAI_AGAIN"},
}


@pytest.fixture(scope="module")
def played() -> Any:
    if because := unable():
        pytest.skip(because)
    command = ["unshare", "--mount", sys.executable, "-m", "tests.probes.resolver_cases"]
    path = os.pathsep.join([str(REPOSITORY / "probes"), str(REPOSITORY)])
    ended = subprocess.run(
        command, env=os.environ | {"PYTHONPATH": path}, cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


@pytest.mark.parametrize("case", CASES)
def test_as_glibc(played: dict[str, Any], case: str) -> None:
    glibc, probe = played[case]["glibc"], played[case]["probe"]
    for theirs, ours in zip(glibc["asked"], probe["asked"], strict=True):
        assert by_name(ours) == by_name(theirs)
    assert probe["answers"] == glibc["answers"]
    assert glibc["outcome"] in TOLD[probe["outcome"]]


def by_name(asked: list[list[str]]) -> list[tuple[str, list[tuple[str, str]]]]:
    """What one server was asked: names in order, each with transports and types (sent together, so in any order)."""
    grouped = itertools.groupby(asked, key=lambda one: one[1])
    return [(name, sorted((transport, qtype) for *_, qtype, transport in group)) for name, group in grouped]


@pytest.fixture
def conf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "resolv.conf"
    file.write_text("nameserver 127.0.0.3\nsearch ns.svc svc\noptions ndots:5 timeout:9\n")
    monkeypatch.setattr(resolv_conf, "PATH", file)


def look(name: str, answers: dict[str, Answer], *, tcp: bool = True, timeout: float = 0.2) -> Observation:
    def table(name: str, _: str, transport: str) -> Answer:
        return answers.get(f"{name} {transport}", answers.get(name, "NXDOMAIN"))

    with serving(table, tcp=tcp) as (port, _):
        probe = Probe("l", ProbeKind.LOOKUP, port=port, timeout=timeout, name=name, server="127.0.0.1", attempts=1)
        (seen,) = run(probe)
    return seen


@pytest.mark.usefixtures("conf")
def test_every_question_is_listed() -> None:
    seen = look("db", {"db.svc": ["CNAME c.svc.", "c.svc. A 10.0.0.1"]})
    assert (seen.outcome, seen.answered_by) == (Outcome.OK, "127.0.0.1")
    listed = [(query["name"], query["qtype"], query["outcome"], query["rcode"]) for query in seen.detail["queries"]]
    assert listed == [
        ("db.ns.svc", "A", "unresolvable", "NXDOMAIN"),
        ("db.ns.svc", "AAAA", "unresolvable", "NXDOMAIN"),
        ("db.svc", "A", "ok", "NOERROR"),
        ("db.svc", "AAAA", "unresolvable", "NOERROR"),
    ]
    assert (seen.detail["answers"], seen.detail["canonical"]) == (["10.0.0.1"], "c.svc")
    assert seen.detail["resolvConf"]["ndots"] == 5


@pytest.mark.usefixtures("conf")
def test_silence_is_bounded_by_the_probe_not_by_resolv_conf() -> None:
    seen = look("db", {"db.ns.svc": None, "db": None})
    assert (seen.outcome, seen.detail["status"]) == (Outcome.TIMEOUT, "timeout")
    assert 0.4 <= seen.seconds < 2


@pytest.mark.usefixtures("conf")
@pytest.mark.parametrize(("tcp", "outcome"), [(True, "timeout"), (False, "refused")])
def test_truncated_and_tcp_gives_no_answer(tcp: bool, outcome: str) -> None:
    seen = look("db.", {"db udp": "TC", "db tcp": None}, tcp=tcp)
    assert (seen.outcome, seen.detail["tcpFallback"]) == (Outcome.TRUNCATED, True)
    listed = [(query["transport"], query["outcome"]) for query in seen.detail["queries"]]
    assert listed == [("udp", "truncated")] * 2 + [("tcp", outcome)] * 2


@pytest.mark.usefixtures("conf")
def test_what_is_no_name_is_said() -> None:
    seen = look("a..b", {})
    assert seen.outcome is Outcome.ERROR
    assert "is not a DNS name" in seen.detail["because"]
