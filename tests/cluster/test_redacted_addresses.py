"""Other addresses that are inside one another as the real ones are."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netdoctor.cluster.redacted_addresses import RedactedAddresses

OWN = [ip_network("10.244.0.0/16"), ip_network("10.96.0.1/32"), ip_network("fd00:10::/56")]
REDACTED = RedactedAddresses(b"secret", OWN)


def agreeing(one: IPv4Address | IPv6Address, other: IPv4Address | IPv6Address) -> int:
    """How many leading bits two addresses share."""
    return one.max_prefixlen - (int(one) ^ int(other)).bit_length()


@pytest.mark.parametrize("version", [4, 6])
@given(st.data())
def test_two_addresses_share_as_many_leading_bits_as_before(version: Literal[4, 6], data: st.DataObject) -> None:
    addresses = st.ip_addresses(v=version)
    one = data.draw(addresses)
    shared = data.draw(st.integers(0, one.max_prefixlen))
    other = ip_address(
        (int(one) ^ data.draw(st.integers(0, 2 ** (one.max_prefixlen - shared) - 1))).to_bytes(one.max_prefixlen // 8)
    )
    assert agreeing(REDACTED.address(one), REDACTED.address(other)) == agreeing(one, other)


@pytest.mark.parametrize(
    "text",
    ["0.0.0.0", "127.0.0.1", "169.254.20.10", "224.0.0.1", "10.244.3.4", "10.96.0.1", "::1", "::", "fe80::1",
     "fd00:10::5", "0.0.0.0/0", "::/0", "10.0.0.0/8", "192.168.0.0/16"],
)  # fmt: skip
def test_what_an_address_is_does_not_change(text: str) -> None:
    assert REDACTED.text(text) == text


@pytest.mark.parametrize(
    ("network", "text"),
    [
        ("10.0.0.0/8", "10.20.30.40"),
        ("192.168.0.0/16", "192.168.7.9"),
        ("fc00::/7", "fd12::9"),
        ("2000::/3", "2a00::1"),
    ],
)
def test_what_is_private_or_public_stays_so(network: str, text: str) -> None:
    after = REDACTED.text(text)
    assert after != text
    assert ip_address(after) in ip_network(network)


@pytest.mark.parametrize(
    "text", ["http://{}/x", "[{}]", "{},{}", "dial tcp {}:80: refused", "{}/32", "({})", "--to={}", '"{}"']
)
def test_addresses_are_found_wherever_they_stand(text: str) -> None:
    after = REDACTED.text("198.51.100.7")
    assert after != "198.51.100.7"
    assert REDACTED.text(text.replace("{}", "198.51.100.7")) == text.replace("{}", after)


def test_an_address_with_a_length_keeps_its_host_bits_apart_from_a_network() -> None:
    assert REDACTED.text("198.51.100.0/24").endswith(".0/24")
    assert REDACTED.text("198.51.100.7/24") == f"{REDACTED.text('198.51.100.7')}/24"


@pytest.mark.parametrize(
    "text", ["1.2.3", "1.2.3.4.5", "v1.34.4", "300.1.1.1", "12:30:45", "a:b", "std::string", "1.2.3.4/99"]
)
def test_what_is_no_address_stays(text: str) -> None:
    assert REDACTED.text(text) == text
