"""Datagrams through a router that forwards, drops and rejects."""

from __future__ import annotations

import socket
from dataclasses import replace

from netdoctor_probe import agent
from netdoctor_probe.wire import Observation, Outcome, Plan, Probe, ProbeKind
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


def test_a_source_port_of_ones_own_choice() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server, socket.socket(type=socket.SOCK_DGRAM) as other:
        server.bind(("127.0.0.1", 0))
        other.bind(("", 0))
        taken = other.getsockname()[1]
        probe = Probe("u", ProbeKind.UDP, "127.0.0.1", server.getsockname()[1], 0.05, 1)
        seen: list[Observation] = []
        agent.run(Plan((replace(probe, source_port=taken),)), seen.append)
        other.close()
        agent.run(Plan((replace(probe, source_port=taken),)), seen.append)
        assert server.recvfrom(100)[1][1] == taken
    assert [one.outcome for one in seen] == [Outcome.SKIPPED, Outcome.TIMEOUT]
    assert f"source port {taken} cannot be had" in seen[0].detail["because"]
