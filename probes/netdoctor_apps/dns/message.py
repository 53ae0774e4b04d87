"""From the bytes of a query to the bytes of its answer (RFC 1035, 6891)."""

from __future__ import annotations

import struct
from collections.abc import Callable
from itertools import islice

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype

from .records import Answer

_HEADER = 12
_SMALLEST = 512  # bytes that every client takes over UDP (RFC 1035, 4.2.1)
_ANY_SIZE = 65535
_KEPT = 0x7900  # opcode and RD of the query's flags

Resolve = Callable[[dns.name.Name, dns.rdatatype.RdataType], Answer]


def respond(query: bytes, resolve: Resolve, *, largest: int | None = None) -> bytes:
    """The answer; empty to what is no query at all.

    Args:
        query: as received, from anybody.
        resolve: answers a question of class IN.
        largest: bytes that the transport can carry; the client's wish counts then. None over TCP.
    """
    if len(query) < _HEADER or query[2] & 0x80:
        return b""
    try:
        parsed = dns.message.from_wire(query)
    except (dns.exception.DNSException, ValueError):
        return _refusal(query, dns.rcode.FORMERR)
    if parsed.opcode() != dns.opcode.QUERY:
        return _refusal(query, dns.rcode.NOTIMP)
    if len(parsed.question) != 1:
        return _refusal(query, dns.rcode.FORMERR)
    size = _ANY_SIZE if largest is None else min(max(parsed.payload, _SMALLEST), largest)
    return _render(parsed, _answer(parsed, resolve), size)


def _answer(query: dns.message.Message, resolve: Resolve) -> Answer:
    if query.edns > 0:
        return Answer(dns.rcode.BADVERS)
    question = query.question[0]
    if question.rdclass != dns.rdataclass.IN:
        return Answer(dns.rcode.REFUSED)
    try:
        return resolve(question.name, question.rdtype)
    except dns.exception.DNSException:  # an object with a name that is none, or too long together with its zone's
        return Answer(dns.rcode.SERVFAIL)


def _refusal(query: bytes, rcode: dns.rcode.Rcode) -> bytes:
    """The header alone."""
    identifier, flags = struct.unpack_from("!HH", query)
    return struct.pack("!HHHHHH", identifier, dns.flags.QR | flags & _KEPT | rcode, 0, 0, 0, 0)


def _render(query: dns.message.Message, given: Answer, size: int) -> bytes:
    """As many records as fit, in the order of the sections, and TC where not all do."""
    lacking = len(given.answer) + len(given.authority) + len(given.additional)
    if whole := _with(query, given, lacking, size):
        return whole
    fitting, wire = 0, _with(query, given, 0, size)
    while lacking - fitting > 1:
        middle = (fitting + lacking) // 2
        if tried := _with(query, given, middle, size):
            fitting, wire = middle, tried
        else:
            lacking = middle
    return wire


def _with(query: dns.message.Message, given: Answer, count: int, size: int) -> bytes:
    """The answer with its first `count` records; empty if it is longer than `size`."""
    reply = dns.message.make_response(query, not given.authoritative, max(query.payload, _SMALLEST))
    reply.set_rcode(given.rcode)
    if given.authoritative:
        reply.flags |= dns.flags.AA
    records = [*given.answer, *given.authority, *given.additional]
    kept = iter(records[:count])
    for section, part in zip(reply.sections[1:], (given.answer, given.authority, given.additional), strict=False):
        section.extend(islice(kept, len(part)))
    if count < len(records):
        reply.flags |= dns.flags.TC
    try:
        return reply.to_wire(max_size=size)
    except dns.exception.TooBig:
        return b""
