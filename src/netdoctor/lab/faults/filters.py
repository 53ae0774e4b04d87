"""Packet filters that are faults. None says anything to anybody: what they drop is just gone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from netdoctor.cluster.addresses import Address
from netdoctor.lab import overlay
from netdoctor.lab.nft.attributes import number
from netdoctor.lab.nft.fields import (
    DESTINATION_PORT,
    INPUT_INTERFACE,
    OUTPUT_INTERFACE,
    SOURCE,
    Field,
    interface,
    native,
    numgen,
    port,
)
from netdoctor.lab.nft.matches import by_map, equal, family, has_bits, outside, protocol, state, within
from netdoctor.lab.nft.statements import ACCEPT, DROP, MASQUERADE, PROHIBIT, TO_DROP
from netdoctor.lab.nft.table import AnySet, Chain, Hook, Point, Rule, Table, VerdictMap, rule

_BEFORE_REASSEMBLY = -450  # NF_IP_PRI_RAW_BEFORE_DEFRAG: fragments come one by one
_BEFORE_TRANSLATION = -300  # NF_IP_PRI_RAW
_BEFORE_POLICIES = -200
_AFTER_TRANSLATION = 110  # behind NF_IP_PRI_NAT_SRC
_EVERY_BIT = 0xFFFFFFFF
_NODE_PORTS = (30000, 32767)  # --service-node-port-range of kube-apiserver
_IPV6_HEADER = 40  # bytes, which the length in it does not count
# Lengths as headers have them, and the route back to where a packet has come from (enum nft_fib_flags, _result).
_LENGTH = {
    4: Field("payload", number(2, 1) + number(3, 2) + number(4, 2), 2, 13),
    6: Field("payload", number(2, 1) + number(3, 4) + number(4, 2), 2, 13),
}
_BACK = Field("fib", number(2, 1) + number(3, 2 | 8), 4, 4, native=True)
_ETH0, _POD = interface("eth0"), b"pod"


def overlay_dropped(peer: Sequence[Address]) -> Table:
    """What another node sends through the overlay."""
    outer = peer[0]
    dropped = rule(
        family(outer.version),
        equal(SOURCE[outer.version], outer.packed),
        protocol("UDP"),
        equal(DESTINATION_PORT, port(overlay.PORT)),
        DROP,
    )
    return _table(f"vxlan-dropped-{outer}", [dropped], Point.PREROUTING, _BEFORE_TRANSLATION)


def larger_dropped(most: int) -> Table:
    """Packets, or fragments, that come from other nodes and have more bytes."""
    rules = [
        rule(
            equal(INPUT_INTERFACE, _ETH0),
            family(version),
            outside(_LENGTH[version], port(0), port(most - _IPV6_HEADER * (version == 6))),
            DROP,
        )
        for version in (4, 6)
    ]
    return _table("mtu-black-hole", rules, Point.PREROUTING, _BEFORE_REASSEMBLY)


def some_dropped(percent: int) -> Table:
    """That part of the packets from other nodes, at random."""
    elements = [(native(value), TO_DROP) for value in range(percent)]
    lost = VerdictMap("lost", (numgen(100, 0),), elements)
    dropped = rule(equal(INPUT_INTERFACE, _ETH0), by_map("lost", numgen(100, 0)))
    return _table("loss", [dropped], Point.PREROUTING, _BEFORE_REASSEMBLY, [lost])


def node_ports_dropped() -> Table:
    """What comes from others to the range of NodePorts, before anything translates it."""
    rules = [
        rule(equal(INPUT_INTERFACE, _ETH0), protocol(name), within(DESTINATION_PORT, *map(port, _NODE_PORTS)), DROP)
        for name in ("TCP", "UDP")
    ]
    return _table("node-port-dropped", rules, Point.PREROUTING, _BEFORE_TRANSLATION)


def queries_dropped() -> Table:
    """What comes to a DNS server's pod for it."""
    rules = [
        rule(equal(INPUT_INTERFACE, _ETH0), protocol(name), equal(DESTINATION_PORT, port(53)), DROP)
        for name in ("UDP", "TCP")
    ]
    return _table("dns-half-down", rules, Point.PREROUTING, _BEFORE_TRANSLATION)


def hairpins_dropped() -> Table:
    """What would leave to the pod that it has come from, as at the port of a bridge without hairpin mode."""
    dropped = rule(equal(INPUT_INTERFACE, _POD), has_bits(_BACK, _EVERY_BIT), DROP)
    return _table("hairpin-off", [dropped], Point.FORWARD, _BEFORE_POLICIES)


def everything_dropped() -> Table:
    """Whatever comes from others, so that nothing that is sent to them is answered either."""
    dropped = rule(equal(INPUT_INTERFACE, _ETH0), DROP)
    return _table("node-isolated", [dropped], Point.PREROUTING, _BEFORE_REASSEMBLY)


def connections_prohibited() -> Table:
    """New connections that come from others for pods: the node says that it prohibits them."""
    rules = [
        rule(state("established", "related"), ACCEPT),
        *(rule(equal(INPUT_INTERFACE, _ETH0), protocol(name), PROHIBIT) for name in ("TCP", "UDP")),
    ]
    return _table("firewall-rejects", rules, Point.FORWARD, _BEFORE_POLICIES)


def to_own_pods_dropped() -> Table:
    """What a node itself sends to its pods."""
    return _table("kubelet-blocked", [rule(equal(OUTPUT_INTERFACE, _POD), DROP)], Point.OUTPUT, _BEFORE_POLICIES)


def pods_masqueraded() -> Table:
    """Whatever leaves a node gets the node's address, what goes to pods of other nodes too."""
    masqueraded = rule(equal(OUTPUT_INTERFACE, _ETH0), MASQUERADE)
    hook = Hook("nat", Point.POSTROUTING, _AFTER_TRANSLATION)
    return Table("fault-pods-masqueraded", [Chain("postrouting", [masqueraded], hook)])


def unbegun_dropped() -> Table:
    """What belongs to no connection whose beginning has been seen."""
    rules = [rule(state("new", "established", "related"), ACCEPT), rule(DROP)]
    return _table("asymmetric-route", rules, Point.FORWARD, _BEFORE_POLICIES)


def _table(name: str, rules: Iterable[Rule], point: Point, priority: int, sets: Sequence[AnySet] = ()) -> Table:
    chain = Chain(point.name.lower(), list(rules), Hook("filter", point, priority))
    return Table(f"fault-{name}", [chain], sets)
