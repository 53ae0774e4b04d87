"""Datagrams through a router that forwards, drops and rejects."""

from __future__ import annotations

from netdoctor_probe.wire import Outcome, Probe, ProbeKind
from tests.probes.network import CLOSED, DROPPED, REJECTED, Addresses, Network


def udp(host: str, port: int, **fields: object) -> Probe:
    return Probe("u", ProbeKind.UDP, host, port, **fields)  # type: ignore[arg-type]


def test_reply(net: Network, addresses: Addresses) -> None:
    seen = net.one(udp(addresses.server, 5353, payload="a\x1b[31mb"))
    assert (seen.outcome, seen.answered_by) == (Outcome.OK, addresses.server)
    assert seen.detail["reply"].endswith("a\\x1b[31mb")  # nothing that a terminal would act on


def test_closed_port_is_refused_by_the_destination(net: Network, addresses: Addresses) -> None:
    seen = net.one(udp(addresses.server, CLOSED))
    assert (seen.outcome, seen.answered_by) == (Outcome.REFUSED, addresses.server)
    assert seen.detail["meaning"] == "port unreachable"


def test_the_same_icmp_error_from_another_is_a_rejection(net: Network, addresses: Addresses) -> None:
    seen = net.one(udp(addresses.server, REJECTED))
    assert (seen.outcome, seen.answered_by) == (Outcome.REJECTED, addresses.router)
    assert seen.detail["meaning"] == "port unreachable"


def test_silence(net: Network, addresses: Addresses) -> None:
    seen = net.one(udp(addresses.server, DROPPED, timeout=0.1))
    assert (seen.outcome, seen.detail) == (Outcome.TIMEOUT, {"attempts": 2})


def test_no_route(net: Network, addresses: Addresses) -> None:
    seen = net.one(udp(addresses.unrouted, 53))
    assert (seen.outcome, seen.answered_by, seen.detail["errno"]) == (Outcome.REJECTED, None, "ENETUNREACH")
