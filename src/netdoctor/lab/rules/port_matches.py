"""Ports of policies' rules as what nftables matches: those of the destination, and those of the client."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from netdoctor.lab.nft.fields import DESTINATION_PORT, SOURCE_PORT, Field, port
from netdoctor.lab.nft.matches import protocol, within
from netdoctor.lab.rules.addresses import Range, merged, without
from netdoctor.lab.rules.pods import Named
from netdoctor.policy.rules import PROTOCOLS, NamedPort, PortRange, Rule, RulePort

_EVERY = (1, 65535)


def port_matches(rule: Rule, named: Named) -> Iterator[bytes]:
    """What matches the ports of a rule, one after the other; an empty one matches everything.

    Args:
        rule: where it names a port, those are meant that the destination calls so.
        named: what the destination calls its ports.
    """
    if not (rule.ports or rule.not_ports or rule.source_ports):
        yield b""
        return
    wanted = _numbers(rule.ports, named) if rule.ports else dict.fromkeys(PROTOCOLS, (_EVERY,))
    unwanted = _numbers(rule.not_ports, named)
    for of, ranges in wanted.items():
        for one in without(ranges, unwanted.get(of, ())):
            yield from (protocol(of) + _within(DESTINATION_PORT, one) + client for client in _clients(rule, of))


def client_matches(rule: Rule) -> Iterator[bytes]:
    """What matches the client's own port alone; an empty one matches everything."""
    if not rule.source_ports:
        yield b""
    for of in dict.fromkeys(one.protocol for one in rule.source_ports):
        yield from (protocol(of) + client for client in _clients(rule, of))


def declared(ports: Sequence[RulePort], named: Named) -> Iterator[tuple[str, int]]:
    """Protocol and number of the ports that a pod calls as a rule does."""
    for one in ports:
        if isinstance(one, NamedPort):
            yield from ((of, number) for name, of, number in named if name == one.name and one.protocol in (of, ""))


def leaves_out(rule: Rule, named: Named, of: str, number: int) -> bool:
    """Whether a port is one of those that do not match after all."""
    return any(first <= number <= last for first, last in _numbers(rule.not_ports, named).get(of, ()))


def _numbers(ports: Sequence[RulePort], named: Named) -> dict[str, tuple[Range, ...]]:
    """By protocol."""
    found: defaultdict[str, list[Range]] = defaultdict(list)
    for one in ports:
        if isinstance(one, PortRange):
            found[one.protocol].append((max(one.first, _EVERY[0]), one.last))
    for of, number in declared(ports, named):
        found[of].append((number, number))
    return {of: merged(ranges) for of, ranges in found.items()}


def _clients(rule: Rule, of: str) -> Iterator[bytes]:
    if not rule.source_ports:
        yield b""
    for one in rule.source_ports:
        if one.protocol == of:
            yield _within(SOURCE_PORT, (one.first, one.last))


def _within(field: Field, numbers: Range) -> bytes:
    return b"" if numbers == _EVERY else within(field, *map(port, numbers))
