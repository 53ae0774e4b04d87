"""DNS: one question to one server, without a search list and without falling back from UDP to TCP."""

from __future__ import annotations

import socket
import time
from dataclasses import dataclass, field
from typing import Any

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype

from netdoctor_probe import tcp, udp
from netdoctor_probe.attempt import EndedError, Seen, repeated
from netdoctor_probe.loop import Task
from netdoctor_probe.wire import Observation, Outcome, Probe

PORT = 53
_EDNS_SIZE = 1232  # what resolvers agreed on at DNS flag day 2020
_ANSWERS_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of one question; `message` is None where nothing that can be read came back."""

    outcome: Outcome
    seconds: float
    answered_by: str | None = None
    detail: dict[str, Any] = field(default_factory=dict)
    message: dns.message.Message | None = None


def run(probe: Probe) -> Task[Observation]:
    """Asks `probe.server` for `probe.name` and `probe.qtype` over `probe.transport` (udp, with EDNS; or tcp).

    Outcomes: ok, unresolvable (NXDOMAIN, or no such record), servfail (any other error code), truncated (TC=1),
    badResponse, timeout, refused, rejected. Detail: server, transport, and of a reply: rcode, answers (text),
    cnames, authoritative, size (octets), ttl (the least, seconds).
    """
    try:
        query = question(probe.name, probe.qtype, edns=True)
    except dns.exception.DNSException as error:
        raise EndedError(Outcome.ERROR, because=f"cannot ask for {probe.name!r} {probe.qtype}: {error}") from error
    port = probe.port or PORT

    def attempt(until: float) -> Task[Seen]:
        ask = ask_tcp if probe.transport == "tcp" else ask_udp
        (reply,) = yield from ask(probe.server, port, [query], until)
        where = {"server": probe.server, "transport": probe.transport}
        return Seen(reply.outcome, reply.answered_by, {**where, **reply.detail})

    return (yield from repeated(probe, attempt))


def question(name: str, qtype: str, *, edns: bool) -> dns.message.QueryMessage:
    """A query with recursion desired. Raises dns.exception.DNSException for what is no name or no type."""
    return dns.message.make_query(
        dns.name.from_text(name), dns.rdatatype.from_text(qtype), use_edns=0 if edns else False, payload=_EDNS_SIZE
    )


def ask_udp(server: str, port: int, queries: list[dns.message.QueryMessage], until: float) -> Task[list[Reply]]:
    """Sends the queries at once from one socket, as glibc sends A and AAAA; their replies in the same order."""
    start = time.monotonic()
    replies: dict[int, Reply] = {}
    try:
        with udp.begin(server, port) as sock:
            for query in queries:
                udp.send(sock, query.to_wire())
            while len(replies) < len(queries):
                data = yield from udp.receive(sock, until)
                for number, query in enumerate(queries):
                    if number not in replies and (reply := read(query, data, server, time.monotonic() - start)):
                        replies[number] = reply
                        break
        none = Reply(Outcome.TIMEOUT, 0.0)
    except EndedError as ended:
        seen = ended.seen
        none = Reply(seen.outcome, time.monotonic() - start, seen.answered_by, seen.detail)
    return [replies.get(number, none) for number in range(len(queries))]


def ask_tcp(server: str, port: int, queries: list[dns.message.QueryMessage], until: float) -> Task[list[Reply]]:
    """The same over one TCP connection, one after the other."""
    start = time.monotonic()
    replies: list[Reply] = []
    try:
        with (yield from tcp.connect(server, port, until)) as sock:
            for query in queries:
                data = yield from _over_tcp(sock, query.to_wire(), until)
                seconds = time.monotonic() - start
                foreign = Reply(Outcome.BAD_RESPONSE, seconds, server, {"because": "a reply to another question"})
                replies.append(read(query, data, server, seconds) or foreign)
    except EndedError as ended:
        seen = ended.seen
        none = Reply(seen.outcome, time.monotonic() - start, seen.answered_by, seen.detail)
        replies += [none] * (len(queries) - len(replies))
    return replies


def _over_tcp(sock: socket.socket, wire: bytes, until: float) -> Task[bytes]:
    """One exchange; every message follows its length in two octets (RFC 7766)."""
    tcp.send(sock, len(wire).to_bytes(2, "big") + wire)
    data = b""
    while len(data) < 2 or len(data) < 2 + int.from_bytes(data[:2], "big"):
        more = yield from tcp.receive(sock, 65537, until)
        if not more:
            raise EndedError(Outcome.BAD_RESPONSE, because="the server closed the connection")
        data += more
    return data[2:]


def read(query: dns.message.QueryMessage, data: bytes, server: str, seconds: float) -> Reply | None:
    """The reply in `data`; None if it belongs to another query."""
    if data[:2] != query.id.to_bytes(2, "big"):
        return None
    try:
        message = dns.message.from_wire(data)
    except (dns.exception.DNSException, ValueError) as error:
        return Reply(Outcome.BAD_RESPONSE, seconds, server, {"because": f"not a DNS message: {error}"})
    if not query.is_response(message):
        return None
    return Reply(outcome_of(message), seconds, server, _detail(message, len(data)), message)


def outcome_of(message: dns.message.Message) -> Outcome:
    """A message's outcome for the type it was asked."""
    rcode = message.rcode()
    if message.flags & dns.flags.TC:
        return Outcome.TRUNCATED
    if rcode == dns.rcode.NXDOMAIN:
        return Outcome.UNRESOLVABLE
    if rcode != dns.rcode.NOERROR:
        return Outcome.SERVFAIL
    return Outcome.OK if answers(message) else Outcome.UNRESOLVABLE


def answers(message: dns.message.Message) -> list[str]:
    """The records of the type asked for, as text."""
    asked = message.question[0].rdtype if message.question else dns.rdatatype.ANY
    return [
        record.to_text()
        for records in message.answer
        if asked in {records.rdtype, dns.rdatatype.ANY}
        for record in records
    ]


def cnames(message: dns.message.Message) -> list[str]:
    """The targets of the aliases in the answer, in its order."""
    return [
        record.to_text().removesuffix(".")
        for records in message.answer
        if records.rdtype == dns.rdatatype.CNAME
        for record in records
    ]


def _detail(message: dns.message.Message, size: int) -> dict[str, Any]:
    found = answers(message)
    detail: dict[str, Any] = {
        "rcode": dns.rcode.to_text(message.rcode()),
        "answers": found[:_ANSWERS_SHOWN],
        "authoritative": bool(message.flags & dns.flags.AA),
        "size": size,
    }
    if len(found) > _ANSWERS_SHOWN:
        detail["answersInAll"] = len(found)
    if aliases := cnames(message):
        detail["cnames"] = aliases
    if message.answer:
        detail["ttl"] = min(records.ttl for records in message.answer)
    if message.flags & dns.flags.TC:
        detail["truncated"] = True
    return detail
