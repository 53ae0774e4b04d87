"""The nodes' network, from the addresses that nodes have."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest

from netdoctor.cluster.addresses import Address
from netdoctor.lab.subnets import parsed, routable, subnets


def addresses(*texts: str) -> list[Address]:
    return [ip_address(text) for text in texts]


@pytest.mark.parametrize(
    ("nodes", "network", "gateway", "far"),
    [
        (["172.18.0.2", "172.18.0.3"], "172.18.0.0/24", "172.18.0.1", []),
        (["10.0.0.1", "10.0.3.9"], "10.0.0.0/22", "10.0.0.2", []),
        (["10.0.0.1", "192.168.7.7"], "10.0.0.0/24", "10.0.0.2", ["192.168.7.7"]),
        (["203.0.113.7", "8.8.8.8"], "203.0.113.0/24", "203.0.113.1", ["8.8.8.8"]),
        (["fd00::2", "fd00:0:0:1::3"], "fd00::/63", "fd00::1", []),
        (["fd00::2", "2001:db8::3"], "fd00::/64", "fd00::1", ["2001:db8::3"]),
    ],
)
def test_the_nodes_network_holds_all_that_are_near(
    nodes: list[str], network: str, gateway: str, far: list[str]
) -> None:
    (found,) = subnets(addresses(*nodes))
    assert (str(found.network), str(found.gateway)) == (network, gateway)
    assert list(found.far) == addresses(*far)


def test_each_ip_version_has_its_own() -> None:
    assert [one.version for one in subnets(addresses("fd00::2", "10.0.0.2"))] == [4, 6]
    assert subnets([]) == ()


def test_only_addresses_that_a_host_can_have() -> None:
    odd = ["junk", "0.0.0.0", "127.0.0.1", "224.0.0.1", "255.255.255.255", "::", "::1", "ff02::1", "fe80::1%eth0"]
    assert parsed([*odd, "10.0.0.1", "::ffff:10.0.0.2"]) == tuple(addresses("10.0.0.1", "10.0.0.2"))


def test_no_route_leads_to_a_network_in_which_nodes_are() -> None:
    nodes = subnets(addresses("10.0.0.1"))
    networks = [ip_network(text) for text in ("10.0.0.0/16", "10.1.0.0/24", "0.0.0.0/0", "224.0.0.0/24", "fd00::/64")]
    assert [str(one) for one in routable(networks, nodes)] == ["10.1.0.0/24", "fd00::/64"]
