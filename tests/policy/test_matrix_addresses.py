from __future__ import annotations

from ipaddress import ip_address, ip_network

from hypothesis import given
from hypothesis import strategies as st

from netdoctor.cluster.addresses import Address, Network
from netdoctor.policy.addresses import ROOTS, AddressSpace


def _network(version: int, number: int, length: int) -> Network:
    bits = 32 if version == 4 else 128
    address = ip_address((number << (bits - 8)).to_bytes(bits // 8))
    return ip_network(f"{address}/{length}", strict=False)


networks = st.builds(_network, st.sampled_from((4, 6)), st.integers(0, 255), st.integers(0, 12))
tight = st.builds(
    lambda n, length: ip_network(f"10.0.0.{n}/{length}", strict=False), st.integers(0, 15), st.integers(27, 32)
)
addresses = st.one_of(
    st.integers(0, 2**32 - 1).map(ip_address),
    st.builds(lambda n: ip_address(f"10.0.0.{n}"), st.integers(0, 20)),
    st.integers(0, 2**128 - 1).map(lambda n: ip_address(n.to_bytes(16))),
)


@given(chosen=st.lists(networks | tight, max_size=8), asked=st.lists(addresses, min_size=1, max_size=8))
def test_the_smallest_network_of_an_address(chosen: list[Network], asked: list[Address]) -> None:
    space = AddressSpace.of(chosen)
    edges = [edge for n in chosen for edge in (n.network_address, n.broadcast_address)]
    for address in (*asked, *edges):
        holders = [network for network in (*chosen, *ROOTS) if address in network]
        assert space.smallest(address) == max(holders, key=lambda network: network.prefixlen)


@given(chosen=st.lists(networks | tight, max_size=8), data=st.data())
def test_a_free_address_is_in_its_network_and_in_no_smaller_one(chosen: list[Network], data: st.DataObject) -> None:
    space = AddressSpace.of(chosen)
    network = data.draw(st.sampled_from(space.networks))
    first = space.free_address(network, frozenset())
    if first is None:
        assert sum(inner.num_addresses for inner in space.within(network)) == network.num_addresses
        return
    assert space.smallest(first) == network
    second = space.free_address(network, frozenset({first}))
    assert second is None or (second != first and space.smallest(second) == network)
