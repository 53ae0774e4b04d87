"""A and AAAA asked at once, against a server that answers one, both or none."""

from __future__ import annotations

import pytest

from netdoctor_probe.wire import Observation, Outcome, Probe, ProbeKind
from tests.probes.fake_dns import Answer, serving
from tests.probes.test_agent import run


def ask(a: Answer, aaaa: Answer, name: str = "a.b.", **fields: int | float) -> Observation:
    with serving(lambda _, qtype, transport: a if qtype == "A" else aaaa) as (port, asked):
        probe = Probe("p", ProbeKind.PAIR, port=port, server="127.0.0.1", name=name, timeout=0.2, attempts=1)
        (seen,) = run(Probe(**{**{f: getattr(probe, f) for f in probe.__slots__}, **fields}))
    assert all(transport == "udp" for *_, transport in asked)
    return seen


@pytest.mark.parametrize("aaaa", [["AAAA fd00::1"], [], "NXDOMAIN", "SERVFAIL", "TC"])
def test_every_answer_counts_whatever_it_says(aaaa: Answer) -> None:
    seen = ask(["A 10.0.0.1"], aaaa)
    assert (seen.outcome, seen.answered_by, seen.detail) == (Outcome.OK, "127.0.0.1", {"attempts": 1})


@pytest.mark.parametrize(("a", "aaaa", "lost"), [(["A 10.0.0.1"], None, "AAAA"), (None, [], "A"), (None, None, "both")])
def test_which_one_is_lost(a: Answer, aaaa: Answer, lost: str) -> None:
    seen = ask(a, aaaa)
    assert (seen.outcome, seen.detail["lost"]) == (Outcome.TIMEOUT, lost)


def test_a_sample_counts_what_is_lost() -> None:
    seen = ask(["A 10.0.0.1"], None, tries=4, pause=0.01)
    assert seen.detail == {"tries": 4, "passed": 0, "outcomes": {"timeout": 4}, "lost": {"AAAA": 4}}


def test_what_is_no_name_is_said() -> None:
    seen = ask([], [], name="a..b")
    assert seen.outcome is Outcome.ERROR
    assert "a..b" in seen.detail["because"]
