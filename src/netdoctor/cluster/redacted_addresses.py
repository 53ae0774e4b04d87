"""Other addresses in the place of real ones, so that whatever was inside the same network still is.

Each bit of an address is turned or not, by a secret function of the bits before it: two addresses agree in as many
leading bits as before (Xu, Fan, Ammar and Moon: Prefix-Preserving IP Address Anonymization, ICNP 2002). So policies'
ipBlocks, their exceptions and routes mean what they meant. No bit is turned on the way to a network that is to stay.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from netdoctor.cluster.addresses import Address, Network

# What an address is, must not change: loopback, link-local, multicast stay as they are …
_SAME = ("0.0.0.0/32", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3", "::/96", "fe80::/10", "ff00::/8")
# … and what is private stays private, with other addresses in it (RFC 1918, RFC 6598, RFC 4193).
_SAME_KIND = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7", "2000::/3")
_IN_TEXT = re.compile(
    r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|(?=[0-9a-fA-F:.]{0,44}::|(?:[0-9a-fA-F]{0,4}:){5})[0-9a-fA-F:.]{0,44}[0-9a-fA-F:])"
    r"(?:/\d{1,3})?(?![\w.]*\w)"
)


class RedactedAddresses:
    """Addresses, networks and texts with other addresses in them."""

    def __init__(self, key: bytes, own: Iterable[Network]) -> None:
        """A secret key, and the cluster's own networks, which stay if they are private."""
        same = [*map(ip_network, _SAME), *(network for network in own if network.is_private)]
        self._key = key
        self._found: dict[str, str] = {}
        self._same = {_prefix(network) for network in same}
        ways = [*same, *map(ip_network, _SAME_KIND)]
        self._ways = {
            (network.version, length, int(network.network_address) >> (network.max_prefixlen - length))
            for network in ways
            for length in range(network.prefixlen)
        }

    def text(self, text: str) -> str:
        """A text with all its addresses and networks replaced."""
        return _IN_TEXT.sub(lambda found: self._known(found[0]), text)

    def _known(self, text: str) -> str:
        if text not in self._found:
            self._found[text] = self._replaced(text)
        return self._found[text]

    def _replaced(self, text: str) -> str:
        address, slash, length = text.partition("/")
        try:
            before = ip_address(address)
            network = ip_network(text, strict=False) if slash else None
        except ValueError:
            return text
        after = self.address(before)
        if network is None:
            return str(after)
        if before == network.network_address:  # whose host bits stay zero
            after = ip_network(f"{after}/{length}", strict=False).network_address
        return f"{after}/{length}"

    def address(self, address: Address) -> Address:
        """The address that stands for this one."""
        size, number, result = address.max_prefixlen, int(address), 0
        for length in range(size):
            rest = size - length
            prefix = number >> rest
            if (address.version, length, prefix) in self._same:
                result = result << rest | number & ((1 << rest) - 1)
                break
            bit = number >> (rest - 1) & 1
            result = result << 1 | (bit ^ self._turned(address.version, length, prefix))
        return IPv4Address(result) if address.version == 4 else IPv6Address(result)

    def _turned(self, version: int, length: int, prefix: int) -> int:
        if (version, length, prefix) in self._ways:
            return 0
        message = f"{version}/{length}/{prefix}".encode()
        return hmac.digest(self._key, message, "sha256")[0] & 1


def _prefix(network: IPv4Network | IPv6Network) -> tuple[int, int, int]:
    shift = network.max_prefixlen - network.prefixlen
    return network.version, network.prefixlen, int(network.network_address) >> shift
