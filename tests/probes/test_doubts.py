"""Silence where a sender of ICMP errors has reached its limit."""

from __future__ import annotations

import time

import pytest

from netdoctor_probe import doubts
from netdoctor_probe.doubts import Doubts
from netdoctor_probe.wire import Observation, Outcome, Probe, ProbeKind
from tests.probes.network import REJECTED, Network


def tcp(name: str, host: str = "10.98.2.2", port: int = REJECTED) -> Probe:
    return Probe(name, ProbeKind.TCP, host, port)


def test_rejections_beyond_the_kernels_limit_are_no_timeouts(net: Network) -> None:
    seen = net.observe(*(tcp(str(n)) for n in range(9)))
    assert {one.outcome for one in seen.values()} == {Outcome.REJECTED}


def seen(outcome: Outcome, by: str | None = None, name: str = "t") -> Observation:
    return Observation(name, outcome, 1.0, by, {"attempts": 2})


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch) -> Doubts:
    """Doubts about a run in which one sender has rejected many probes."""
    monkeypatch.setattr(doubts, "_REFILL", 0.0)
    made = Doubts()
    for _ in range(3):
        made.note(seen(Outcome.REJECTED, "10.0.0.1"))
        assert not made.keeps(tcp("r"), seen(Outcome.REJECTED, "10.0.0.1"))
    return made


def test_few_rejections_raise_no_doubt() -> None:
    made = Doubts()
    for by in ("10.0.0.1", "10.0.0.2", None, None, None):
        made.note(seen(Outcome.REJECTED, by))
    assert not made.keeps(tcp("t"), seen(Outcome.TIMEOUT))


@pytest.mark.parametrize("outcome", [Outcome.OK, Outcome.REFUSED, Outcome.UNRESOLVABLE])
def test_only_timeouts_are_doubted(many: Doubts, outcome: Outcome) -> None:
    assert not many.keeps(tcp("t"), seen(outcome))


def test_a_second_look_decides(many: Doubts) -> None:
    asked: list[Probe] = []

    def again(probe: Probe) -> Observation:
        asked.append(probe)
        return seen(Outcome.REJECTED, "10.0.0.1") if probe.id == "rejected" else seen(Outcome.TIMEOUT)

    for name in ("rejected", "silent"):
        assert many.keeps(tcp(name), seen(Outcome.TIMEOUT, name=name))
    first, second = many.settled(again, time.monotonic() + 60)
    assert (first.outcome, first.answered_by) == (Outcome.REJECTED, "10.0.0.1")
    assert second == Observation("silent", Outcome.TIMEOUT, 1.0, None, {"attempts": 2, "icmpLimited": True})
    assert [(probe.id, probe.attempts) for probe in asked] == [("rejected", 1), ("silent", 1)]


@pytest.mark.parametrize(("number", "seconds", "looks"), [(9, 60, 5), (9, 0.5, 0)])
def test_looks_are_bounded_and_what_was_not_looked_at_is_marked(
    many: Doubts, number: int, seconds: float, looks: int
) -> None:
    asked = 0

    def again(_: Probe) -> Observation:
        nonlocal asked
        asked += 1
        return seen(Outcome.REJECTED, "10.0.0.1")

    for _ in range(number):
        many.keeps(tcp("t"), seen(Outcome.TIMEOUT))
    settled = list(many.settled(again, time.monotonic() + seconds))
    assert asked == looks
    assert [one.detail.get("icmpLimited", False) for one in settled] == [False] * looks + [True] * (number - looks)
