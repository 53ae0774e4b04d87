"""Tables in a real kernel: what they do to packets, and what the kernel says when it does not take them."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from ipaddress import ip_address

import pytest

from netdoctor.lab.nft import door
from netdoctor.lab.nft.door import remove_tables, replace_tables
from netdoctor.lab.nft.fields import (
    DESTINATION,
    DESTINATION_PORT,
    INPUT_INTERFACE,
    MARK,
    ORDINAL,
    PROTOCOL,
    SOURCE,
    interface,
    join,
    native,
    numgen,
    port,
)
from netdoctor.lab.nft.matches import (
    by_map,
    family,
    from_this_node,
    has_bits,
    outside,
    protocol,
    state,
    to_this_node,
    within,
    within_set,
)
from netdoctor.lab.nft.statements import (
    ACCEPT,
    DROP,
    MASQUERADE,
    REJECT,
    TO_ACCEPT,
    TO_DROP,
    dnat,
    dnat_by_map,
    goto,
    jump,
    remember,
    set_mark,
    to_chain,
)
from netdoctor.lab.nft.table import (
    AnySet,
    Chain,
    DataMap,
    Hook,
    Point,
    RangeSet,
    Rule,
    Set,
    Table,
    VerdictMap,
    rule,
)
from netdoctor.model.errors import AccessError
from tests.lab.nft.sandbox import add_addresses, connected, listening, reached, sandboxed

INPUT = Hook("filter", Point.INPUT, 0)
OUTPUT_NAT = Hook("nat", Point.OUTPUT, -100)
POSTROUTING_NAT = Hook("nat", Point.POSTROUTING, 100)
TCP = bytes([6])


def packed(address: str) -> bytes:
    return ip_address(address).packed


def filtered(*rules: Rule, chains: Sequence[Chain] = (), sets: Sequence[AnySet] = ()) -> None:
    replace_tables([Table("test", [*chains, Chain("input", list(rules), INPUT)], sets)])


def outcomes(*ports: int, address: str = "127.0.0.1") -> list[str]:
    """Of connections to ports where all is open but for the rules."""
    found = []
    for number in ports:
        with listening(address, number):
            found.append(connected(address, number))
    return found


@sandboxed
def test_a_rule_drops_rejects_or_accepts_by_port() -> None:
    def to(first: int, last: int) -> bytes:
        return protocol("TCP") + within(DESTINATION_PORT, port(first), port(last))

    filtered(rule(to(81, 82), DROP), rule(to(83, 83), REJECT), rule(to(84, 84), ACCEPT), rule(to(84, 85), REJECT))
    assert outcomes(80, 81, 82, 83, 84, 85) == ["open", "silent", "silent", "refused", "open", "refused"]


@sandboxed
def test_a_rejected_datagram_is_an_error_for_its_sender() -> None:
    filtered(rule(protocol("UDP"), REJECT))
    with (
        listening("127.0.0.1", 53, socket.SOCK_DGRAM),
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client,
    ):
        client.connect(("127.0.0.1", 53))
        client.send(b"?")
        with pytest.raises(ConnectionRefusedError):
            client.recv(1)


@sandboxed
def test_a_table_replaces_the_one_before_and_can_be_removed() -> None:
    filtered(rule(protocol("TCP"), REJECT))
    before = outcomes(80)
    filtered(rule(family(6), REJECT))
    replaced = outcomes(80)
    filtered(rule(protocol("TCP"), REJECT))
    remove_tables(["test", "never-there"])
    assert (before, replaced, outcomes(80)) == (["refused"], ["open"], ["open"])


@sandboxed
def test_ranges_of_addresses_end_where_they_should() -> None:
    ranges = [
        (packed("127.0.0.2"), packed("127.0.0.3")),
        (packed("127.0.0.5"), packed("127.0.0.5")),
        (packed("127.0.1.0"), packed("255.255.255.255")),
    ]
    filtered(
        rule(family(4), within_set("some", DESTINATION[4]), REJECT), sets=[RangeSet("some", DESTINATION[4], ranges)]
    )
    addresses = ["127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5", "127.0.0.6", "127.0.1.0"]
    found = [outcomes(80, address=address)[0] for address in addresses]
    assert found == ["open", "refused", "refused", "open", "refused", "open", "refused"]


@sandboxed
def test_ipv6_addresses_and_an_inverted_lookup() -> None:
    add_addresses("fd00::1", "fd00::2")
    known = Set("known", (DESTINATION[6],), [packed("fd00::1")])
    filtered(rule(family(6), within_set("known", DESTINATION[6], inverted=True), protocol("TCP"), DROP), sets=[known])
    assert outcomes(80, address="fd00::1") + outcomes(80, address="fd00::2") == ["open", "silent"]


@sandboxed
def test_a_verdict_map_with_a_concatenated_key() -> None:
    elements = [
        (join(packed("127.0.0.1"), TCP, port(80)), TO_DROP),
        (join(packed("127.0.0.1"), TCP, port(81)), to_chain("other")),
        (join(packed("127.0.0.2"), TCP, port(80)), TO_ACCEPT),
    ]
    key = DESTINATION[4], PROTOCOL, DESTINATION_PORT
    filtered(
        rule(family(4), by_map("verdicts", *key)),
        rule(family(4), protocol("TCP"), within(DESTINATION_PORT, port(80), port(80)), REJECT),
        chains=[Chain("other", [rule(REJECT)])],
        sets=[VerdictMap("verdicts", key, elements)],
    )
    assert outcomes(80, 81, 82) == ["silent", "refused", "open"]
    assert outcomes(80, 81, address="127.0.0.2") == ["open", "open"]


@sandboxed
def test_jump_comes_back_and_goto_does_not() -> None:
    def only(number: int) -> bytes:
        return protocol("TCP") + within(DESTINATION_PORT, port(number), port(number))

    filtered(
        rule(only(80), jump("nothing")),
        rule(only(80), REJECT),
        rule(only(81), goto("nothing")),
        rule(only(81), REJECT),
        chains=[Chain("nothing", [])],
    )
    assert outcomes(80, 81) == ["refused", "open"]


@sandboxed
def test_interfaces_local_addresses_and_states_of_connections() -> None:
    by_interface = VerdictMap("interfaces", (INPUT_INTERFACE,), [(interface("lo"), to_chain("loopback"))])
    loopback = Chain("loopback", [rule(to_this_node(), from_this_node(), outside_80(), state("new"), REJECT)])
    filtered(
        rule(state("established", "related"), ACCEPT),
        rule(by_map("interfaces", INPUT_INTERFACE)),
        chains=[loopback],
        sets=[by_interface],
    )
    assert outcomes(80, 81) == ["open", "refused"]


def outside_80() -> bytes:
    return protocol("TCP") + outside(DESTINATION_PORT, port(79), port(80))


@sandboxed
def test_one_of_several_destinations_is_chosen_from_a_map() -> None:
    add_addresses("198.51.100.1", "2001:db8::1")
    for version, service, own in ((4, "198.51.100.1", "127.0.0.1"), (6, "2001:db8::1", "::1")):
        values = [join(packed(own), port(number)) for number in (9, 8080, 8081, 9)]
        endpoints = DataMap(
            "endpoints",
            (ORDINAL,),
            (DESTINATION[version], DESTINATION_PORT),
            [(native(number), value) for number, value in enumerate(values)],
        )
        to_service = within(DESTINATION[version], packed(service), packed(service))
        choose = rule(family(version), to_service, protocol("TCP"), dnat_by_map("endpoints", numgen(2, 1), version))
        replace_tables([Table("nat", [Chain("output", [choose], OUTPUT_NAT)], [endpoints])])
        with listening(own, 8080) as first, listening(own, 8081) as second:
            chosen = {reached(service, 80, (first, second))[0] for _ in range(40)}
        assert chosen == {0, 1}


@sandboxed
def test_a_marked_connection_is_masqueraded() -> None:
    add_addresses("198.51.100.1")

    def to(number: int) -> bytes:
        return protocol("TCP") + within(DESTINATION_PORT, port(number), port(number))

    to_ports = [rule(family(4), to(80 + n), *marked, dnat(packed("127.0.0.1"), port(8080), 4)) for n, marked in MARKED]
    masquerading = rule(has_bits(MARK, 0x4000), MASQUERADE)
    chains = [Chain("output", to_ports, OUTPUT_NAT), Chain("postrouting", [masquerading], POSTROUTING_NAT)]
    replace_tables([Table("nat", chains)])
    with listening("127.0.0.1", 8080) as server:
        found = [reached("127.0.0.9", 80 + n, [server], source="127.0.0.5")[1] for n, _ in MARKED]
    assert found[0] == "127.0.0.5"
    assert found[1] != "127.0.0.5"


MARKED = ((0, ()), (1, (set_mark(0x4000),)))


@sandboxed
def test_a_set_remembers_who_came() -> None:
    known = Set("known", (SOURCE[4],), milliseconds=60_000)
    filtered(
        rule(family(4), protocol("TCP"), state("new"), within_set("known", SOURCE[4]), REJECT),
        rule(family(4), protocol("TCP"), state("new"), remember("known", 60_000, SOURCE[4])),
        sets=[known],
    )
    with listening("127.0.0.1", 80):
        found = [connected("127.0.0.1", 80, source=source) for source in ("127.0.0.5", "127.0.0.5", "127.0.0.6")]
    assert found == ["open", "refused", "open"]


@sandboxed
def test_an_error_names_what_the_kernel_refuses_and_nothing_changes() -> None:
    filtered(rule(protocol("TCP"), REJECT))
    with pytest.raises(AccessError) as refused:
        filtered(rule(protocol("TCP"), ACCEPT), rule(jump("nowhere")))
    assert str(refused.value) == "the kernel refuses rule 2 of chain input: No such file or directory"
    assert outcomes(80) == ["refused"]


@sandboxed
def test_what_does_not_fit_into_the_buffer_is_sent_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    enlarged = door._enlarged
    monkeypatch.setattr(door, "_enlarged", lambda socket: min(enlarged(socket), 90_000))
    addresses = [(0x7F000001 + 2 * number).to_bytes(4, "big") for number in range(10_000)]
    first = protocol("TCP") + state("new")
    many = Set("many", (DESTINATION[4],), addresses)
    filtered(rule(first, family(4), within_set("many", DESTINATION[4]), REJECT), sets=[many])
    found = [outcomes(80, address=address)[0] for address in ("127.0.0.1", "127.0.0.2", "127.0.78.31", "127.0.78.33")]
    assert found == ["refused", "open", "refused", "open"]
