"""Whether one set of policies allows what another one does, on the same pods: every port, every pair."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from netdoctor.policy.by import By
from netdoctor.policy.classes import Distinctions
from netdoctor.policy.compile import CompiledPolicies
from netdoctor.policy.entities import View, view
from netdoctor.policy.linting.finding import Answer, Finding, NotJudged
from netdoctor.policy.linting.query import Query
from netdoctor.policy.matrix import Matrix, matrix, port_space, refined
from netdoctor.policy.profile import CNIProfile
from netdoctor.policy.selection import numbers

_MOST_SHOWN = 10  # of the flows that speak against it


@dataclass(frozen=True, slots=True)
class NamedSet:
    """Policies, and what the set is called."""

    policies: CompiledPolicies
    name: str


def contained(one: NamedSet, other: NamedSet, profile: CNIProfile) -> Iterator[Answer]:
    """What speaks against it that `other` allows all that `one` does. The pods of both are the same."""
    yield from _Sets.of(one, other, profile).exceeding(Query.CONTAINMENT)


def equivalent(one: NamedSet, other: NamedSet, profile: CNIProfile) -> Iterator[Answer]:
    """What speaks against it that both allow the same."""
    there, back = _Sets.of(one, other, profile), _Sets.of(other, one, profile)
    answers = (*there.exceeding(Query.EQUIVALENCE), *back.exceeding(Query.EQUIVALENCE))
    found = [answer for answer in answers if isinstance(answer, Finding)]
    yield from found or answers[:1]


@dataclass(frozen=True)
class _Sets:
    """Two sets as matrices of the same classes and ports."""

    first: Matrix
    second: Matrix
    names: tuple[str, str]

    @classmethod
    def of(cls, one: NamedSet, other: NamedSet, profile: CNIProfile) -> _Sets:
        distinctions = Distinctions.of([one.policies, other.policies])
        ports = port_space(distinctions, [one.policies.snapshot])
        first, second = (matrix(each.policies, profile, distinctions, ports) for each in (one, other))
        return cls(first, second, (one.name, other.name))

    def exceeding(self, query: Query) -> Iterator[Answer]:
        """What the first allows and the second does not."""
        found: dict[tuple[str, str], int] = defaultdict(int)
        unknown = False
        for destination, entity in enumerate(self._view.entities):
            others = self._view.everyone & ~(1 << destination if entity.single else 0)
            for ports, sure, perhaps in self._cells(entity.classes):
                unknown = unknown or bool(perhaps & ~sure)
                for source in numbers(self._entities(sure) & others):
                    found[self._view.entities[source].name, entity.name] |= ports
        if found:
            yield Finding(query, None, self._text(found))
        elif unknown:
            first, second = self.names
            yield NotJudged(query, None, f"whether {second} allows all that {first} does depends on what is not known")

    def _cells(self, classes: int) -> Iterator[tuple[int, int, int]]:
        """Ports of some destinations, and the classes that exceed there: certainly, and perhaps."""
        for number in numbers(classes):
            mine, theirs = self.first.cells(number), self.second.cells(number)
            for ports in refined(self.first.ports.everything, {cell.ports for cell in (*mine, *theirs)}):
                was, now = (next(c for c in cells if c.ports & ports) for cells in (mine, theirs))
                yield ports, was.allowed & ~now.possible, was.possible & ~now.allowed

    def _text(self, found: Mapping[tuple[str, str], int]) -> str:
        first, second = self.names
        flows = [f"{source} → {to} {self.first.ports.text(ports)}" for (source, to), ports in found.items()]
        more = f" and {len(flows) - _MOST_SHOWN} more" if len(flows) > _MOST_SHOWN else ""
        return f"{first} allows, and {second} does not: {', '.join(flows[:_MOST_SHOWN])}{more}"

    @cached_property
    def _view(self) -> View:
        return view(self.first, By.WORKLOAD)

    def _entities(self, classes: int) -> int:
        """Those with members in some classes."""
        return sum(1 << n for n, entity in enumerate(self._view.entities) if entity.classes & classes)
