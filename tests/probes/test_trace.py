"""Hops by TTL, without privilege."""

from __future__ import annotations

import pytest

from netdoctor_probe.wire import Outcome, Probe, ProbeKind
from tests.probes.network import CLOSED, DROPPED, REJECTED, Addresses, Network


def trace(host: str, port: int, transport: str) -> Probe:
    return Probe("t", ProbeKind.TRACE, host, port, timeout=0.5, transport=transport)


@pytest.mark.parametrize(("transport", "port"), [("tcp", 8080), ("udp", 5353)])
def test_every_hop_to_an_open_port(net: Network, addresses: Addresses, transport: str, port: int) -> None:
    seen = net.one(trace(addresses.server, port, transport))
    assert (seen.outcome, seen.answered_by) == (Outcome.OK, addresses.server)
    assert seen.detail["hops"] == [
        {"ttl": 1, "address": addresses.router},
        {"ttl": 2, "address": addresses.server},
    ]


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_closed_port_ends_it_too(net: Network, addresses: Addresses, transport: str) -> None:
    seen = net.one(trace(addresses.server, CLOSED, transport))
    assert seen.outcome is Outcome.REFUSED
    assert [hop["address"] for hop in seen.detail["hops"]] == [addresses.router, addresses.server]


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_the_last_hop_before_silence(net: Network, addresses: Addresses, transport: str) -> None:
    seen = net.one(trace(addresses.server, DROPPED, transport))
    assert seen.outcome is Outcome.TIMEOUT
    assert [hop["address"] for hop in seen.detail["hops"]] == [addresses.router]


def test_a_hop_that_rejects(net: Network, addresses: Addresses) -> None:
    seen = net.one(trace(addresses.server, REJECTED, "tcp"))
    assert (seen.outcome, seen.answered_by) == (Outcome.REJECTED, addresses.router)
    assert seen.detail["meaning"] == "port unreachable"
