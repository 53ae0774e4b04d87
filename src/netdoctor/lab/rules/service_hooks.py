"""Where packets meet the maps of the Services.

What has no endpoint is not translated, so that it goes on to input, forward or output with the Service's address.
Source: KEP-3866; the priorities are those of kube-proxy, before all policies.
"""

from __future__ import annotations

from collections.abc import Iterator

from netdoctor.lab.nft.fields import DESTINATION, DESTINATION_PORT, MARK, PROTOCOL, SOURCE
from netdoctor.lab.nft.matches import by_map, family, has_bits, outside, to_this_node, within_set
from netdoctor.lab.nft.statements import MASQUERADE, REJECT, jump
from netdoctor.lab.nft.table import Chain, Hook, Point, Rule, rule
from netdoctor.lab.rules.addresses import VERSIONS

MASQUERADED = 0x4000  # the bit of a packet's mark
REJECTING = "reject"
_DESTINATION_NAT, _SOURCE_NAT = -100, 100  # NF_IP_PRI_NAT_DST, NF_IP_PRI_NAT_SRC
_BEFORE, _AFTER = _DESTINATION_NAT - 10, _DESTINATION_NAT + 10
_LOOPBACK = {
    4: (bytes((127, 0, 0, 0)), bytes((127, 255, 255, 255))),
    6: (bytes(15) + b"\x01", bytes(15) + b"\x01"),
}


def hook_chains() -> list[Chain]:
    """The chains of any node, which are about maps of both families."""
    refuse, of_node = rule(jump("unserved")), rule(jump("unserved-node-ports"))
    firewall, translate = list(_by_address("firewalled")), [rule(jump("translate"))]
    return [
        Chain(REJECTING, [rule(REJECT)]),
        Chain("translate", [*_by_address("services"), *_by_node("node-ports")]),
        Chain("unserved", [*_by_address("unserved"), *_other_ports()]),
        Chain("unserved-node-ports", [*_by_node("unserved-node-ports")]),
        Chain("prerouting-firewall", firewall, Hook("filter", Point.PREROUTING, _BEFORE)),
        Chain("output-firewall", firewall, Hook("filter", Point.OUTPUT, _BEFORE)),
        Chain("input", [of_node, refuse], Hook("filter", Point.INPUT, _BEFORE)),
        Chain("forward", [refuse], Hook("filter", Point.FORWARD, _BEFORE)),
        Chain("output", [of_node, refuse], Hook("filter", Point.OUTPUT, _AFTER)),
        Chain("prerouting", translate, Hook("nat", Point.PREROUTING, _DESTINATION_NAT)),
        Chain("output-nat", translate, Hook("nat", Point.OUTPUT, _DESTINATION_NAT)),
        Chain("postrouting", list(_masquerading()), Hook("nat", Point.POSTROUTING, _SOURCE_NAT)),
    ]


def _by_address(name: str) -> Iterator[Rule]:
    for version in VERSIONS:
        yield rule(family(version), by_map(f"{name}{version}", DESTINATION[version], PROTOCOL, DESTINATION_PORT))


def _by_node(name: str) -> Iterator[Rule]:
    """Every address of the node has the port but those of loopback."""
    for version in VERSIONS:
        elsewhere = outside(DESTINATION[version], *_LOOPBACK[version])
        by_port = by_map(f"{name}{version}", PROTOCOL, DESTINATION_PORT)
        yield rule(family(version), elsewhere, to_this_node(), by_port)


def _other_ports() -> Iterator[Rule]:
    """A ClusterIP answers on no port but the Service's."""
    for version in VERSIONS:
        yield rule(family(version), within_set(f"cluster-ips{version}", DESTINATION[version]), REJECT)


def _masquerading() -> Iterator[Rule]:
    """An endpoint that is sent to itself must not see its own address as the client's, or it would not answer us."""
    for version in VERSIONS:
        itself = within_set(f"hairpin{version}", SOURCE[version], DESTINATION[version])
        yield rule(family(version), itself, MASQUERADE)
    yield rule(has_bits(MARK, MASQUERADED), MASQUERADE)
