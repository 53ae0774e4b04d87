"""Where packets meet the chains of policies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from netdoctor.lab.nft.fields import DESTINATION, ICMPV6_TYPE, INPUT_INTERFACE, OUTPUT_INTERFACE, PROTOCOL, SOURCE
from netdoctor.lab.nft.matches import by_map, equal, family, state, within, within_set
from netdoctor.lab.nft.statements import ACCEPT, goto
from netdoctor.lab.nft.table import AnySet, Chain, Hook, Point, Set, VerdictMap, rule
from netdoctor.lab.rules.addresses import VERSIONS

INGRESS = "ingress"  # where packets go that their sender may send
_EGRESS_MAP, _INGRESS_MAP = "egress-by-interface", "ingress-by-interface"
_ICMPV6 = b"\x3a"
_FIRST_NEIGHBOUR_MESSAGE, _LAST_NEIGHBOUR_MESSAGE = b"\x85", b"\x89"  # 133 to 137 (RFC 4861)


def hook_chains() -> list[Chain]:
    """The chains of any node. A packet to the node itself leaves through no interface, so no ingress chain has it."""
    answers = rule(state("established", "related"), ACCEPT)
    neighbours = rule(
        family(6),
        equal(PROTOCOL, _ICMPV6),
        within(ICMPV6_TYPE, _FIRST_NEIGHBOUR_MESSAGE, _LAST_NEIGHBOUR_MESSAGE),
        ACCEPT,
    )
    itself = [
        rule(family(v), within_set(_itself(v), SOURCE[v], DESTINATION[v]), ACCEPT, comment="a pod reaches itself")
        for v in VERSIONS
    ]
    sent = [rule(by_map(_EGRESS_MAP, INPUT_INTERFACE)), rule(goto(INGRESS))]
    return [
        Chain(INGRESS, [rule(by_map(_INGRESS_MAP, OUTPUT_INTERFACE)), rule(ACCEPT)]),
        Chain("forward", [answers, *itself, *sent], Hook("filter", Point.FORWARD, 0)),
        Chain("input", [answers, neighbours, *sent], Hook("filter", Point.INPUT, 0)),
    ]


def hook_sets(
    ingress: Sequence[tuple[bytes, bytes]], egress: Sequence[tuple[bytes, bytes]], itself: Mapping[int, Sequence[bytes]]
) -> list[AnySet]:
    """What the chains look things up in: chains by interface, and by family each pod's address twice."""
    return [
        VerdictMap(_INGRESS_MAP, (OUTPUT_INTERFACE,), ingress),
        VerdictMap(_EGRESS_MAP, (INPUT_INTERFACE,), egress),
        *(Set(_itself(version), (SOURCE[version], DESTINATION[version]), itself[version]) for version in VERSIONS),
    ]


def _itself(version: int) -> str:
    return f"itself{version}"
