"""``dig [@SERVER[:PORT]] [+tcp] [+search] NAME [TYPE]``: asks a DNS server, and prints what it says.

SERVER is the first one of /etc/resolv.conf unless given; ``+search`` asks for the names that programs in the pod would
ask for, one after the other. Exit code 0 where there are records, 1 where there are none, 2 on a bad argument.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_address

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdatatype
import dns.resolver

_TIMEOUT = 5.0  # seconds


class BadArgumentError(ValueError):
    """What is wrong with the arguments."""


@dataclass(frozen=True, slots=True)
class Question:
    """What to ask whom; an empty `server` is that of /etc/resolv.conf."""

    name: str
    kind: dns.rdatatype.RdataType
    server: str = ""
    port: int = 53
    tcp: bool = False
    search: bool = False


def main(arguments: list[str]) -> int:
    """Asks; returns the exit code."""
    try:
        question = read(arguments)
        resolver = dns.resolver.Resolver()
        names = list(_names(question, resolver))
    except (BadArgumentError, dns.exception.DNSException, OSError) as error:
        print(f"dig: {error}", file=sys.stderr)
        return 2
    server = question.server or str(next(iter(resolver.nameservers), "127.0.0.1"))
    return 0 if any(_asked(name, question, server) for name in names) else 1


def _asked(name: dns.name.Name, question: Question, server: str) -> bool:
    """Whether there are records of a name; prints them, or why there are none."""
    query = dns.message.make_query(name, question.kind, use_edns=0, payload=1232)
    how = "TCP" if question.tcp else "UDP"
    try:
        ask = dns.query.tcp if question.tcp else dns.query.udp
        reply = ask(query, server, _TIMEOUT, question.port)
    except dns.exception.Timeout:
        print(f"{name} from {server} over {how}: no answer within {_TIMEOUT:g} s", file=sys.stderr, flush=True)
        return False
    except (dns.exception.DNSException, OSError, EOFError) as error:
        print(f"{name} from {server} over {how}: {error or type(error).__name__}", file=sys.stderr, flush=True)
        return False
    cut = ", truncated" if reply.flags & dns.flags.TC else ""
    print(f"{name} from {server} over {how}: {dns.rcode.to_text(reply.rcode())}{cut}")
    for records in reply.answer:
        print(records.to_text())
    sys.stdout.flush()
    return bool(reply.answer)


def _names(question: Question, resolver: dns.resolver.Resolver) -> Iterator[dns.name.Name]:
    """The names in the order in which glibc asks for them (resolv.conf(5): search, ndots)."""
    name = dns.name.from_text(question.name, None)
    absolute = name if name.is_absolute() else name.concatenate(dns.name.root)
    if name.is_absolute() or not question.search:
        yield absolute
        return
    searched = [name.concatenate(suffix) for suffix in resolver.search]
    ndots = resolver.ndots if resolver.ndots is not None else 1
    first = len(name.labels) - 1 >= ndots
    yield from [absolute, *searched] if first else [*searched, absolute]


def read(arguments: Sequence[str]) -> Question:
    """The question that arguments ask. Raises BadArgumentError."""
    words = [argument for argument in arguments if argument[:1] not in "@+"]
    options = {argument for argument in arguments if argument.startswith("+")}
    servers = [argument[1:] for argument in arguments if argument.startswith("@")]
    if unknown := sorted(options - {"+tcp", "+search"}):
        raise BadArgumentError(f"{unknown[0]!r}: there are +tcp and +search")
    if len(words) not in {1, 2} or len(servers) > 1 or "" in words:
        raise BadArgumentError("give [@SERVER[:PORT]] [+tcp] [+search] NAME [TYPE]")
    try:
        kind = dns.rdatatype.from_text(words[1] if len(words) == 2 else "A")
    except (dns.exception.DNSException, ValueError) as error:
        raise BadArgumentError(f"{words[1]!r}: no type of records") from error
    server, port = _server(servers[0]) if servers else ("", 53)
    return Question(words[0], kind, server, port, "+tcp" in options, "+search" in options)


def _server(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or (text.count(":") > 1 and not host.endswith("]")):
        host, port = text, "53"
    try:
        address = str(ip_address(host.strip("[]")))
    except ValueError as error:
        raise BadArgumentError(f"{text!r}: a server is given by its IP address") from error
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise BadArgumentError(f"{text!r}: the port must be a number from 1 to 65535")
    return address, int(port)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
