"""Rules of policies as rules of nftables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from netdoctor.lab.nft.fields import DESTINATION, DESTINATION_PORT, PROTOCOL, SOURCE, Field, join, port
from netdoctor.lab.nft.matches import PROTOCOLS, family, within, within_set
from netdoctor.lab.nft.table import AnySet, RangeSet, Set
from netdoctor.lab.nft.table import Rule as Line
from netdoctor.lab.nft.table import rule as line
from netdoctor.lab.rules.addresses import VERSIONS, Range, encoded
from netdoctor.lab.rules.peers import PeerAddresses
from netdoctor.lab.rules.pods import Named, PodIndex
from netdoctor.lab.rules.port_matches import client_matches, declared, leaves_out, port_matches
from netdoctor.policy.rules import Direction, Rule

_Elements = tuple[bytes, ...]  # of a set: address, protocol and port of destinations


@dataclass(frozen=True, slots=True)
class PolicyLines:
    """Rules of policies as lines of one node's table, and the sets that they look things up in; equal sets are one."""

    pods: PodIndex
    peers: PeerAddresses
    node: str
    _by_ranges: dict[tuple[Range, ...], RangeSet] = field(default_factory=dict)
    _by_elements: dict[_Elements, Set] = field(default_factory=dict)

    @property
    def sets(self) -> list[AnySet]:
        """All sets of the lines so far."""
        return [*self._by_ranges.values(), *self._by_elements.values()]

    def ingress(self, rule: Rule, named: Named, statement: bytes) -> Iterator[Line]:
        """What a rule says to pods with these named ports."""
        for ends in self._matching(rule, Direction.INGRESS):
            for ports in port_matches(rule, named):
                yield line(ends, ports, statement, comment=str(rule.ref))

    def egress(self, rule: Rule, statement: bytes) -> Iterator[Line]:
        """What a rule says to any pod: a named port is what each destination calls so."""
        for ends in self._matching(rule, Direction.EGRESS):
            for ports in port_matches(rule, ()):
                yield line(ends, ports, statement, comment=str(rule.ref))
        for version in VERSIONS:
            elements = tuple(self._named(rule, version))
            both = self._ends(rule, Direction.EGRESS, version) if elements else None
            for client in client_matches(rule) if both is not None else ():
                named = self._among(elements, version)
                yield line(family(version), both or b"", named, client, statement, comment=str(rule.ref))

    def _matching(self, rule: Rule, direction: Direction) -> Iterator[bytes]:
        """What matches both ends of a rule, family by family; nothing where all of them match."""
        by_family = {version: self._ends(rule, direction, version) for version in VERSIONS}
        if not any(ends is None or ends for ends in by_family.values()):
            yield b""
            return
        yield from (family(version) + ends for version, ends in by_family.items() if ends is not None)

    def _ends(self, rule: Rule, direction: Direction, version: int) -> bytes | None:
        """The same in one family; None where it has nobody who matches."""
        egress = direction is Direction.EGRESS
        remote, local = (DESTINATION, SOURCE) if egress else (SOURCE, DESTINATION)
        found = b""
        for peers, end in ((rule.peers, remote), ((rule.locals,) if rule.locals else (), local)):
            ranges = self.peers.of(peers, version, self.node)
            if ranges is not None and not ranges:
                return None
            found += self._within(ranges, end[version], version) if ranges else b""
        if egress and (unwanted := tuple(self._unwanted(rule, version))):
            found += self._among(unwanted, version, inverted=True)
        return found

    def _within(self, ranges: tuple[Range, ...], end: Field, version: int) -> bytes:
        if len(ranges) == 1:
            return within(end, *encoded(ranges, version)[0])
        name = f"peers-{len(self._by_ranges) + 1}"
        key = (*ranges, (version, version))  # equal numbers are different addresses in the families
        if key not in self._by_ranges:
            self._by_ranges[key] = RangeSet(name, SOURCE[version], encoded(ranges, version))
        return within_set(self._by_ranges[key].name, end)

    def _among(self, elements: _Elements, version: int, *, inverted: bool = False) -> bytes:
        key = DESTINATION[version], PROTOCOL, DESTINATION_PORT
        name = f"named-ports-{len(self._by_elements) + 1}"
        return within_set(
            self._by_elements.setdefault(elements, Set(name, key, elements)).name, *key, inverted=inverted
        )

    def _named(self, rule: Rule, version: int) -> Iterator[bytes]:
        """The destinations whose ports are called as the rule says, but for those that it leaves out."""
        for number, named in self.pods.naming:
            for of, called in dict.fromkeys(declared(rule.ports, named)):
                if not leaves_out(rule, named, of, called):
                    yield from self._elements(number, of, called, version)

    def _unwanted(self, rule: Rule, version: int) -> Iterator[bytes]:
        """The destinations whose ports are called as those that the rule leaves out."""
        for number, named in self.pods.naming:
            for of, called in dict.fromkeys(declared(rule.not_ports, named)):
                yield from self._elements(number, of, called, version)

    def _elements(self, number: int, of: str, called: int, version: int) -> Iterator[bytes]:
        for address in self.pods.addresses(number, version):
            packed = address.to_bytes(4 if version == 4 else 16, "big")
            yield join(packed, bytes([PROTOCOLS[of]]), port(called))
