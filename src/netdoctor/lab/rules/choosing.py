"""Chains that choose one of a Service's endpoints, and the maps that they choose from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from netdoctor.lab.nft.fields import DESTINATION, DESTINATION_PORT, ORDINAL, SOURCE, join, native, numgen, port
from netdoctor.lab.nft.matches import by_map, family, protocol, within_set
from netdoctor.lab.nft.statements import dnat, dnat_by_map, goto, remember, to_chain
from netdoctor.lab.nft.table import AnySet, Chain, DataMap, Rule, Set, VerdictMap, rule
from netdoctor.lab.rules.endpoints import Backend


@dataclass(frozen=True, slots=True)
class Choices:
    """Of one family. All endpoints stand in one map, by numbers; a Service's port has consecutive ones."""

    version: int
    values: list[bytes] = field(default_factory=list)
    addresses: dict[bytes, None] = field(default_factory=dict)
    affine: list[bytes] = field(default_factory=list)
    chains: list[Chain] = field(default_factory=list)
    remembering: list[Set] = field(default_factory=list)

    def rules(self, name: str, of: str, backends: Sequence[Backend], affinity_seconds: int) -> list[Rule]:
        """Choose an endpoint at random; with affinity, the one that the client was sent to before.

        Args:
            name: unique, for chains and sets of its own.
            of: the protocol.
            backends: at least one.
            affinity_seconds: how long a client is remembered; 0 = not at all.
        """
        self.addresses.update(dict.fromkeys(backend.address.packed for backend in backends))
        if affinity_seconds:
            return self._affine_rules(name, of, backends, affinity_seconds)
        among = numgen(len(backends), len(self.values))
        self.values.extend(join(backend.address.packed, port(backend.port)) for backend in backends)
        return [rule(family(self.version), protocol(of), dnat_by_map(self._map, among, self.version))]

    def sets(self) -> list[AnySet]:
        """All that the rules and the chains need, and the pairs of an endpoint with itself."""
        destination = DESTINATION[self.version]
        numbered = [(native(number), value) for number, value in enumerate(self.values)]
        jumps = [(native(number), to_chain(name.decode())) for number, name in enumerate(self.affine)]
        return [
            DataMap(self._map, (ORDINAL,), (destination, DESTINATION_PORT), numbered),
            VerdictMap(self._affine_map, (ORDINAL,), jumps),
            Set(f"hairpin{self.version}", (SOURCE[self.version], destination), [one + one for one in self.addresses]),
            *self.remembering,
        ]

    @property
    def _map(self) -> str:
        return f"endpoints{self.version}"

    @property
    def _affine_map(self) -> str:
        return f"affine-endpoints{self.version}"

    def _affine_rules(self, name: str, of: str, backends: Sequence[Backend], seconds: int) -> list[Rule]:
        """Each endpoint has a set of the clients that were sent there."""
        source, is_family = SOURCE[self.version], family(self.version)
        among = numgen(len(backends), len(self.affine))
        rules = []
        for number, backend in enumerate(backends):
            own = f"endpoint-{number}/{name}"
            to = dnat(backend.address.packed, port(backend.port), self.version)
            sent = rule(is_family, protocol(of), remember(own, seconds * 1000, source), to)
            self.chains.append(Chain(own, [sent]))
            self.remembering.append(Set(own, (source,), milliseconds=seconds * 1000))
            self.affine.append(own.encode())
            rules.append(rule(is_family, within_set(own, source), goto(own)))
        return [*rules, rule(by_map(self._affine_map, among))]
