"""Rules of policies as rules of nftables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from netdoctor.lab.nft.fields import DESTINATION, DESTINATION_PORT, PROTOCOL, SOURCE, join, port
from netdoctor.lab.nft.matches import PROTOCOLS, family, protocol, within, within_set
from netdoctor.lab.nft.table import AnySet, RangeSet, Set
from netdoctor.lab.nft.table import Rule as Line
from netdoctor.lab.nft.table import rule as line
from netdoctor.lab.rules.addresses import VERSIONS, Range, encoded
from netdoctor.lab.rules.peers import PeerAddresses
from netdoctor.lab.rules.pods import Named, PodIndex
from netdoctor.policy.rules import Direction, NamedPort, PortRange, Rule


@dataclass(frozen=True, slots=True)
class PolicyLines:
    """Rules of policies as lines of one table, and the sets that they look things up in; equal sets are one."""

    pods: PodIndex
    peers: PeerAddresses
    _by_ranges: dict[tuple[Range, ...], RangeSet] = field(default_factory=dict)
    _by_elements: dict[tuple[bytes, ...], Set] = field(default_factory=dict)

    @property
    def sets(self) -> list[AnySet]:
        """All sets of the lines so far."""
        return [*self._by_ranges.values(), *self._by_elements.values()]

    def ingress(self, rule: Rule, named: Named, statement: bytes) -> Iterator[Line]:
        """What a rule says to pods with these named ports."""
        ports = list(_ports(rule, named))
        if rule.ports and not ports:
            return
        for peers in self._matching(rule, Direction.INGRESS):
            for ports_match in ports or [b""]:
                yield line(peers, ports_match, statement, comment=str(rule.ref))

    def egress(self, rule: Rule, statement: bytes) -> Iterator[Line]:
        """What a rule says to any pod: a named port is what each destination calls so."""
        ports = list(_ports(rule, ()))
        if ports or not rule.ports:
            for peers in self._matching(rule, Direction.EGRESS):
                for ports_match in ports or [b""]:
                    yield line(peers, ports_match, statement, comment=str(rule.ref))
        names = [one for one in rule.ports if isinstance(one, NamedPort)]
        for version in VERSIONS if names else ():
            if elements := tuple(dict.fromkeys(self._named(rule, names, version))):
                key = DESTINATION[version], PROTOCOL, DESTINATION_PORT
                name = f"named-ports-{len(self._by_elements) + 1}"
                found = self._by_elements.setdefault(elements, Set(name, key, elements))
                yield line(family(version), within_set(found.name, *key), statement, comment=str(rule.ref))

    def _matching(self, rule: Rule, direction: Direction) -> Iterator[bytes]:
        """What matches the peers of a rule, family by family; nothing where all of them match."""
        fields = DESTINATION if direction is Direction.EGRESS else SOURCE
        by_family = {version: self.peers.of(rule, version) for version in VERSIONS}
        if all(ranges is None for ranges in by_family.values()):
            yield b""
            return
        for version, ranges in by_family.items():
            if ranges is None:
                yield family(version)
            elif len(ranges) == 1:
                yield family(version) + within(fields[version], *encoded(ranges, version)[0])
            elif ranges:
                yield family(version) + within_set(self._set(ranges, version), fields[version])

    def _set(self, ranges: tuple[Range, ...], version: int) -> str:
        name = f"peers-{len(self._by_ranges) + 1}"
        key = (*ranges, (version, version))  # equal numbers are different addresses in the families
        if key not in self._by_ranges:
            self._by_ranges[key] = RangeSet(name, SOURCE[version], encoded(ranges, version))
        return self._by_ranges[key].name

    def _named(self, rule: Rule, names: Sequence[NamedPort], version: int) -> Iterator[bytes]:
        ranges = self.peers.of(rule, version)
        for number, named in self.pods.naming:
            for _, of, called in _declared(names, named):
                for address in self.pods.addresses(number, version):
                    if ranges is None or _holds(ranges, address):
                        packed = address.to_bytes(4 if version == 4 else 16, "big")
                        yield join(packed, bytes([PROTOCOLS[of]]), port(called))


def _ports(rule: Rule, named: Named) -> Iterator[bytes]:
    """What matches one of the ports; of named ones, those that are called so."""
    for one in rule.ports:
        if isinstance(one, PortRange):
            yield protocol(one.protocol) + (b"" if _is_all(one) else _within(one.first, one.last))
    names = [one for one in rule.ports if isinstance(one, NamedPort)]
    for _, of, number in dict.fromkeys(_declared(names, named)):
        yield protocol(of) + _within(number, number)


def _declared(names: Sequence[NamedPort], named: Named) -> Iterator[tuple[str, str, int]]:
    for one in names:
        yield from (entry for entry in named if entry[0] == one.name and one.protocol in (entry[1], ""))


def _is_all(one: PortRange) -> bool:
    return one.first <= 1 and one.last == 65535


def _within(first: int, last: int) -> bytes:
    return within(DESTINATION_PORT, port(first), port(last))


def _holds(ranges: tuple[Range, ...], address: int) -> bool:
    return any(first <= address <= last for first, last in ranges)
