"""How large packets may be, and whether larger ones vanish."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from netdoctor_probe.wire import Observation, Outcome, Probe, ProbeKind
from tests.probes.network import Addresses, Network

TRANSPORTS = ("icmp", "udp")


def inside(namespace: str, *command: str) -> None:
    subprocess.run(["ip", "netns", "exec", namespace, *command], check=True, capture_output=True)


@pytest.fixture(params=TRANSPORTS)
def transport(request: pytest.FixtureRequest, net: Network) -> str:
    """Echo where everybody may send it, UDP to a closed port where nobody may."""
    by_echo = request.param == "icmp"
    inside(net.client, "sysctl", "-qw", f"net.ipv4.ping_group_range={'0 0' if by_echo else '1 0'}")
    inside(net.server, "sysctl", "-qw", "net.ipv4.icmp_ratelimit=0", "net.ipv6.icmp.ratelimit=0")
    return "icmp" if by_echo else "udp"


def sweep(net: Network, host: str, timeout: float = 0.3) -> Observation:
    return net.one(Probe("m", ProbeKind.PATH_MTU, host, timeout=timeout, transport="icmp"))


@contextmanager
def forwarding_without(net: Network, version: int, *match: str) -> Iterator[None]:
    """What the router drops without a word."""
    tool = "iptables" if version == 4 else "ip6tables"
    inside(net.router, tool, "-I", "FORWARD", *match, "-j", "DROP")
    try:
        yield
    finally:
        inside(net.router, tool, "-D", "FORWARD", *match, "-j", "DROP")


def larger_than(most: int) -> tuple[str, ...]:
    return "-m", "length", "--length", f"{most + 1}:65535"


def test_the_largest_packet_of_the_link_gets_there(net: Network, addresses: Addresses, transport: str) -> None:
    seen = sweep(net, addresses.server)
    assert (seen.outcome, seen.detail["mtu"], seen.detail["localMTU"]) == (Outcome.OK, 1500, 1500)
    assert seen.detail["transport"] == transport
    assert "tooBigFrom" not in seen.detail


def test_a_router_that_says_how_large_packets_may_be_is_no_fault(
    net: Network, addresses: Addresses, transport: str
) -> None:
    inside(net.router, "ip", "link", "set", "side2", "mtu", "1400")
    try:
        seen = sweep(net, addresses.server)
    finally:
        inside(net.router, "ip", "link", "set", "side2", "mtu", "1500")
        inside(net.client, "ip", "route", "flush", "cache")
        inside(net.client, "ip", "-6", "route", "flush", "cache")
    assert (seen.outcome, seen.detail["mtu"]) == (Outcome.OK, 1400)
    assert seen.detail["tooBigFrom"] == addresses.router
    assert seen.detail["transport"] == transport


@pytest.mark.parametrize("most", [1400, 1331])
def test_a_black_hole_is_found_to_the_byte(net: Network, addresses: Addresses, transport: str, most: int) -> None:
    with forwarding_without(net, addresses.version, *larger_than(most)):
        seen = sweep(net, addresses.server)
    assert (seen.outcome, seen.detail["mtu"], seen.detail["lost"]) == (Outcome.TIMEOUT, most, most + 1)
    assert seen.detail["transport"] == transport


def test_where_nothing_is_answered_nothing_is_known(net: Network, addresses: Addresses, transport: str) -> None:
    with forwarding_without(net, addresses.version, "-d", addresses.server):
        seen = sweep(net, addresses.server)
    assert seen.outcome is Outcome.SKIPPED
    assert "too few small packets" in seen.detail["because"]
    assert seen.detail["transport"] == transport


def test_random_loss_is_no_black_hole(net: Network, addresses: Addresses) -> None:
    inside(net.client, "sysctl", "-qw", "net.ipv4.ping_group_range=0 0")
    every_third = ("-m", "statistic", "--mode", "nth", "--every", "3", "--packet", "0")
    with forwarding_without(net, addresses.version, "-d", addresses.server, *every_third):
        seen = sweep(net, addresses.server)
    assert (seen.outcome, seen.detail["mtu"]) == (Outcome.OK, 1500)


def test_without_a_route_it_is_skipped(net: Network, addresses: Addresses, transport: str) -> None:
    assert sweep(net, addresses.unrouted).outcome is Outcome.SKIPPED
    assert transport in TRANSPORTS
