"""One question to one server, against a server that answers from a table."""

from __future__ import annotations

import socket
import threading

import dns.flags
import dns.message
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netdoctor_probe import dns as probe_dns
from netdoctor_probe.wire import Observation, Outcome, Probe, ProbeKind
from tests.probes.fake_dns import Answer, message, serving
from tests.probes.network import DROPPED, Addresses, Network
from tests.probes.test_agent import run


def dns_probe(server: str, port: int, **fields: object) -> Probe:
    return Probe("d", ProbeKind.DNS, port=port, server=server, timeout=0.5, **({"name": "a.b."} | fields))  # type: ignore[arg-type]


def ask(answer: Answer, server: str = "127.0.0.1", **fields: object) -> Observation:
    with serving(lambda *_: answer, server) as (port, _):
        (seen,) = run(dns_probe(server, port, **fields))
    return seen


@pytest.mark.parametrize("server", ["127.0.0.1", "::1"])
@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_answer(server: str, transport: str) -> None:
    seen = ask(["CNAME c.b.", "c.b. A 10.0.0.1", "c.b. A 10.0.0.2"], server, transport=transport)
    assert (seen.outcome, seen.answered_by) == (Outcome.OK, server)
    assert seen.detail.pop("size") > 60
    assert seen.detail == {
        "attempts": 1,
        "server": server,
        "transport": transport,
        "rcode": "NOERROR",
        "answers": ["10.0.0.1", "10.0.0.2"],
        "cnames": ["c.b"],
        "authoritative": False,
        "ttl": 30,
    }


@pytest.mark.parametrize(
    ("answer", "outcome", "rcode"),
    [
        ("NXDOMAIN", Outcome.UNRESOLVABLE, "NXDOMAIN"),
        ([], Outcome.UNRESOLVABLE, "NOERROR"),
        (["CNAME elsewhere."], Outcome.UNRESOLVABLE, "NOERROR"),
        ("SERVFAIL", Outcome.SERVFAIL, "SERVFAIL"),
        ("REFUSED", Outcome.SERVFAIL, "REFUSED"),
        ("TC", Outcome.TRUNCATED, "NOERROR"),
    ],
)
def test_other_answers(answer: Answer, outcome: Outcome, rcode: str) -> None:
    seen = ask(answer)
    assert (seen.outcome, seen.detail["rcode"]) == (outcome, rcode)


def test_silence_is_repeated() -> None:
    seen = ask(None, attempts=3)
    assert (seen.outcome, seen.detail["attempts"]) == (Outcome.TIMEOUT, 3)


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_no_server_there(transport: str) -> None:
    (seen,) = run(dns_probe("127.0.0.1", 9, transport=transport))
    assert (seen.outcome, seen.answered_by) == (Outcome.REFUSED, "127.0.0.1")


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_dropped_on_the_way(net: Network, addresses: Addresses, transport: str) -> None:
    assert net.one(dns_probe(addresses.server, DROPPED, transport=transport)).outcome is Outcome.TIMEOUT


@pytest.mark.parametrize(("name", "qtype"), [("a..b", "A"), ("x" * 64, "A"), ("a.b", "SNAFU")])
def test_what_is_no_question_is_said(name: str, qtype: str) -> None:
    (seen,) = run(dns_probe("127.0.0.1", 9, name=name, qtype=qtype))
    assert seen.outcome is Outcome.ERROR
    assert f"cannot ask for {name!r} {qtype}" in seen.detail["because"]


def test_replies_to_others_and_garbage_are_passed_over() -> None:
    """Only a reply with this query's id and question counts: the rest may be late, or forged."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))

        def serve() -> None:
            wire, client = server.recvfrom(4096)
            query = dns.message.from_wire(wire)
            other = dns.message.make_query("other.", "A", id=query.id)
            late = dns.message.make_query("a.b.", "A", id=query.id ^ 1)
            for reply in (message(other, ["A 6.6.6.6"]), message(late, ["A 6.6.6.6"])):
                server.sendto(reply.to_wire(), client)
            server.sendto(message(query, ["A 10.0.0.1"]).to_wire(), client)

        thread = threading.Thread(target=serve)
        thread.start()
        (seen,) = run(dns_probe("127.0.0.1", server.getsockname()[1]))
        thread.join()
    assert seen.detail["answers"] == ["10.0.0.1"]


GOOD = message(dns.message.make_query("a.b.", "A", id=1), ["CNAME c.b.", "c.b. A 10.0.0.1"]).to_wire()


@given(st.binary(max_size=80) | st.tuples(st.integers(2, len(GOOD) - 1), st.integers(0, 255)))
def test_any_bytes_are_a_reply_or_are_not(noise: bytes | tuple[int, int]) -> None:
    query = dns.message.make_query("a.b.", "A", id=1)
    if isinstance(noise, tuple):  # a good reply with one octet changed
        at, octet = noise
        data = GOOD[:at] + bytes([octet]) + GOOD[at + 1 :]
    else:
        data = GOOD[:2] + noise
    reply = probe_dns.read(query, data, "10.0.0.10", 0.1)
    assert reply is None or (reply.outcome is Outcome.BAD_RESPONSE) == (reply.message is None)


def test_many_answers_are_counted_not_all_shown() -> None:
    seen = ask([f"A 10.0.{n // 250}.{n % 250}" for n in range(70)], transport="tcp")
    assert (len(seen.detail["answers"]), seen.detail["answersInAll"]) == (50, 70)
