"""Silence where a sender of ICMP errors has reached its limit."""

from __future__ import annotations

import pytest

from netdoctor_probe import doubts
from netdoctor_probe.wire import Outcome, Probe, ProbeKind
from tests.probes.network import DROPPED, REJECTED, Addresses, Network


def tcp(name: str, host: str, port: int, timeout: float = 1.0) -> Probe:
    return Probe(name, ProbeKind.TCP, host, port, timeout)


def test_rejections_beyond_the_kernels_limit_are_no_timeouts(net: Network) -> None:
    seen = net.observe(*(tcp(str(n), "10.98.2.2", REJECTED) for n in range(9)))
    assert {one.outcome for one in seen.values()} == {Outcome.REJECTED}


@pytest.mark.parametrize("looks", [0, 1])
def test_what_the_limit_may_have_silenced_is_marked(
    net: Network, addresses: Addresses, monkeypatch: pytest.MonkeyPatch, looks: int
) -> None:
    monkeypatch.setattr(doubts, "_LOOKS", looks)
    monkeypatch.setattr(doubts, "_MANY", 1)
    seen = net.observe(tcp("r", addresses.server, REJECTED), tcp("t", addresses.server, DROPPED, 0.1))
    assert (seen["r"].outcome, "icmpLimited" in seen["r"].detail) == (Outcome.REJECTED, False)
    assert (seen["t"].outcome, seen["t"].detail["icmpLimited"]) == (Outcome.TIMEOUT, True)
