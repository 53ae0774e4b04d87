"""Queries as bytes, hostile ones too."""

from __future__ import annotations

import struct

import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdatatype
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from netdoctor_apps.dns.message import respond
from netdoctor_apps.dns.records import Answer, answer
from netdoctor_apps.dns.zone import zone_of

from .documents import HTTP, SHOP, document, endpoint, service

MANY = 300
CROWD = zone_of(
    document(
        service(
            "crowd",
            headless=True,
            ports=[HTTP],
            endpoints=[endpoint(f"p{n}", f"10.244.{n // 250}.{n % 250 + 1}", HTTP) for n in range(MANY)],
        )
    )
)
ZONE = zone_of(SHOP)
NAME = "crowd.shop.svc.cluster.local"


def crowd(name: dns.name.Name, kind: dns.rdatatype.RdataType) -> Answer:
    return answer(CROWD, name, kind)


def shop(name: dns.name.Name, kind: dns.rdatatype.RdataType) -> Answer:
    return answer(ZONE, name, kind)


@pytest.mark.parametrize(
    ("payload", "largest", "whole"),
    [(None, 65507, False), (200, 65507, False), (1232, 65507, False), (8000, 65507, True), (None, None, True)],
)
def test_an_answer_is_cut_to_what_the_client_takes(payload: int | None, largest: int | None, whole: bool) -> None:
    query = dns.message.make_query(NAME, "A", use_edns=payload is not None, payload=payload or 0)
    reply = respond(query.to_wire(), crowd, largest=largest)
    parsed = dns.message.from_wire(reply)
    addresses = sum(len(rrset) for rrset in parsed.answer)
    assert bool(parsed.flags & dns.flags.TC) != whole
    assert (addresses == MANY) == whole
    if largest:
        assert len(reply) <= max(payload or 0, 512)
    if not whole:
        assert len(reply) > max(payload or 0, 512) - 16  # not one more record of 16 bytes would fit
    assert parsed.edns == (0 if payload is not None else -1)


def test_what_is_asked_is_repeated() -> None:
    query = dns.message.make_query("wWw.ExAmPlE.cOm", "A")
    reply = dns.message.from_wire(respond(query.to_wire(), shop))
    assert query.is_response(reply)
    assert reply.question[0].name.to_text() == "wWw.ExAmPlE.cOm."
    assert reply.flags & dns.flags.RA


def test_another_version_of_edns() -> None:
    query = dns.message.make_query("www.example.com", "A", use_edns=1)
    assert dns.message.from_wire(respond(query.to_wire(), shop)).rcode() == dns.rcode.BADVERS


def header(flags: int, questions: int = 0) -> bytes:
    return struct.pack("!HHHHHH", 7, flags, questions, 0, 0, 0)


QUESTION = b"\x01a\x00\x00\x01\x00\x01"


@pytest.mark.parametrize(
    ("query", "rcode"),
    [
        (header(0), dns.rcode.FORMERR),
        (header(0, 2) + QUESTION * 2, dns.rcode.FORMERR),
        (header(0, 1) + b"\xc0\x0c\x00\x01\x00\x01", dns.rcode.FORMERR),
        (header(dns.opcode.to_flags(dns.opcode.STATUS), 1) + QUESTION, dns.rcode.NOTIMP),
        (header(0, 1) + QUESTION[:-1] + b"\x03", dns.rcode.REFUSED),
    ],
)
def test_what_is_no_question_is_refused(query: bytes, rcode: dns.rcode.Rcode) -> None:
    reply = respond(query, shop)
    assert (reply[:2], reply[3] & 15, bool(reply[2] & 0x80)) == (query[:2], rcode, True)


@pytest.mark.parametrize("query", [b"", b"\x00" * 11, header(int(dns.flags.QR), 1) + QUESTION])
def test_what_is_no_query_gets_no_answer(query: bytes) -> None:
    assert respond(query, shop) == b""


def test_a_name_that_grows_too_long_is_a_failure() -> None:
    long = ".".join(["x" * 60] * 3)
    zone = zone_of(document(service("alias", externalName=f"{long}.{long}.example")))
    query = dns.message.make_query("alias.shop.svc.cluster.local", "A")
    reply = respond(query.to_wire(), lambda name, kind: answer(zone, name, kind))
    assert dns.message.from_wire(reply).rcode() == dns.rcode.SERVFAIL


LABELS = st.lists(st.one_of(st.binary(min_size=1, max_size=20), st.sampled_from([b"web", b"shop", b"svc", b"pod"])))
ZONES = st.sampled_from([b"\x07cluster\x05local\x00", b"\x07in-addr\x04arpa\x00", b"\x03ip6\x04arpa\x00", b"\x00"])


@given(LABELS, ZONES, st.integers(0, 65535), st.sampled_from([512, None]))
@example([b"fe80--1%x", b"shop", b"pod"], b"\x07cluster\x05local\x00", 28, None)
def test_any_name_and_type_has_an_answer(labels: list[bytes], zone: bytes, kind: int, largest: int | None) -> None:
    name = b"".join(bytes([len(label)]) + label for label in labels[:9]) + zone
    reply = respond(header(0x0100, 1) + name + struct.pack("!HH", kind, 1), shop, largest=largest)
    assert reply[:2] == b"\x00\x07"
    assert reply[3] & 15 in {dns.rcode.NOERROR, dns.rcode.NXDOMAIN, dns.rcode.FORMERR}


@given(st.binary(max_size=300), st.integers(0, 0x7FFF), st.lists(st.integers(0, 3), min_size=4, max_size=4))
def test_any_bytes_have_an_answer(body: bytes, flags: int, counts: list[int]) -> None:
    query = struct.pack("!HHHHHH", 7, flags, *counts) + body
    assert respond(query, shop)[:2] == b"\x00\x07"
