"""Which flows open and close between two states of a cluster's policies: every port, every pair, exactly.

Both states are computed as matrices of comparable ports. Workloads are the parties; one whose pods change class (their
labels, ports or addresses did) is one party for each way in which they do.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from netdoctor.cluster.snapshot import Snapshot
from netdoctor.policy.by import By
from netdoctor.policy.classes import Distinctions, EndpointClass
from netdoctor.policy.compile import CompiledPolicies
from netdoctor.policy.entities import Entity, owners
from netdoctor.policy.flow import Endpoint
from netdoctor.policy.matching import Bits
from netdoctor.policy.matrix import Cell, Matrix, matrix, port_space, refined, with_classes
from netdoctor.policy.narrowing import narrowed
from netdoctor.policy.profile import CNIProfile
from netdoctor.policy.selection import numbers


@dataclass(frozen=True, slots=True)
class Party:
    """A workload, node or part of the outside; `before` and `after` are its classes, None where it does not exist."""

    name: str
    namespace: str
    before: int | None
    after: int | None
    single: bool
    inside: bool  # the cluster


@dataclass(frozen=True, slots=True)
class Change:
    """Ports of a destination that open (or close) for some sources, which are a mask of parties.

    `certain` is whether both states are known: a flow that cannot be known any more is not sure to be closed.
    """

    opened: bool
    destination: int
    ports: int
    sources: int
    certain: bool = True


@dataclass(frozen=True)
class Difference:
    """Two states, and who is who in them."""

    before: Matrix
    after: Matrix
    parties: tuple[Party, ...]

    def changes(self) -> Iterator[Change]:
        """Everything that is certainly allowed in one state, and in the other not."""
        for destination, party in enumerate(self.parties):
            others = (1 << len(self.parties)) - 1
            others &= ~(1 << destination) if party.single else others
            others &= others if party.inside else ~self._outside
            found: defaultdict[tuple[bool, bool, int], int] = defaultdict(int)
            for ports, was, now in self._cells(party):
                for opened, one, other in ((True, was, now), (False, now, was)):
                    differing = other.certain & ~one.certain & others
                    for certain, sources in ((True, differing & ~one.possible), (False, differing & one.possible)):
                        if sources:
                            found[opened, certain, sources] |= ports
            for (opened, certain, sources), ports in found.items():
                yield Change(opened, destination, ports, sources, certain)

    def ports_text(self, ports: int) -> str:
        """`80/TCP, 8000-8999/TCP`."""
        return self.after.ports.text(ports)

    def _cells(self, party: Party) -> Iterator[tuple[int, Bits, Bits]]:
        """Ports, and the parties that may send before and after."""
        was = _cells_of(self.before, party.before)
        now = _cells_of(self.after, party.after)
        for ports in refined(self.after.ports.everything, {cell.ports for cell in (*was, *now)}):
            yield ports, self._answer(was, ports, self._by_class[0]), self._answer(now, ports, self._by_class[1])

    def _answer(self, cells: Sequence[Cell], ports: int, by_class: Mapping[int, int]) -> Bits:
        """The parties that certainly, and perhaps, may send."""
        cell = next(cell for cell in cells if cell.ports & ports)
        return Bits(self._parties(cell.allowed, by_class), self._parties(cell.possible, by_class))

    def _parties(self, classes: int, by_class: Mapping[int, int]) -> int:
        key = classes, by_class is self._by_class[0]
        found = self._known.get(key)
        if found is None:
            found = 0
            for number in numbers(classes):
                found |= by_class.get(number, 0)
            self._known[key] = found
        return found

    @cached_property
    def _known(self) -> dict[tuple[int, bool], int]:
        return {}

    @cached_property
    def _by_class(self) -> tuple[Mapping[int, int], Mapping[int, int]]:
        was: defaultdict[int, int] = defaultdict(int)
        now: defaultdict[int, int] = defaultdict(int)
        for number, party in enumerate(self.parties):
            if party.before is not None:
                was[party.before] |= 1 << number
            if party.after is not None:
                now[party.after] |= 1 << number
        return was, now

    @cached_property
    def _outside(self) -> int:
        return sum(1 << number for number, party in enumerate(self.parties) if not party.inside)


class Comparison:
    """One state beside others, whose policies all count for what is alike; so each is compared at little cost."""

    def __init__(
        self,
        before: CompiledPolicies,
        others: Sequence[CompiledPolicies],
        profile: CNIProfile,
        ends: Iterable[Endpoint] = (),
    ) -> None:
        """Prepare.

        Args:
            before: and with it its snapshot.
            others: those that it will be compared with.
            profile: how the network plugin reads policies.
            ends: further ends to look at, which are in no snapshot.
        """
        states = [before, *others]
        self._distinctions = Distinctions.of(states)
        # Repairs have all their pods in common.
        snapshots = {id(state.snapshot.pods): state.snapshot for state in states}
        self._ports = port_space(self._distinctions, snapshots.values())
        self._extra = tuple(EndpointClass(end, (), str(end), ("extra", str(end))) for end in ends)
        self._before = self._state(before, profile)

    def with_(self, after: CompiledPolicies, *, same_pods: bool = False) -> Difference:
        """What another state changes; where the pods are the same, only what may differ is looked at."""
        was = self._before
        if same_pods and not _relabelled(was.policies.snapshot, after.snapshot):
            was, now = narrowed(was, replace(was, policies=after))
            return Difference(was, now, tuple(_parties(was, now, was.sources | was.destinations)))
        now = self._state(after, was.profile)
        everything = max(was.sources | was.destinations, now.sources | now.destinations)
        return Difference(was, now, tuple(_parties(was, now, everything)))

    def _state(self, policies: CompiledPolicies, profile: CNIProfile) -> Matrix:
        return _with(matrix(policies, profile, self._distinctions, self._ports), self._extra)


def difference(before: CompiledPolicies, after: CompiledPolicies, profile: CNIProfile) -> Difference:
    """Compare two states of any pods."""
    return Comparison(before, [after], profile).with_(after)


def _with(of: Matrix, extra: tuple[EndpointClass, ...]) -> Matrix:
    """With more classes."""
    if not extra:
        return of
    classes = (*of.classes, *(replace(one, end=_renewed(one.end, of)) for one in extra))
    return with_classes(of.policies, of.profile, classes, of.ports)


def _renewed(end: Endpoint, of: Matrix) -> Endpoint:
    """The same end, where its namespace has the labels of this state."""
    if end.kind != "pod":
        return end
    return replace(end, namespace_labels=of.policies.snapshot.namespace_labels(end.namespace))


def _relabelled(old: Snapshot, new: Snapshot) -> bool:
    names = {namespace.name for snapshot in (old, new) for namespace in snapshot.namespaces}
    return any(old.namespace_labels(name) != new.namespace_labels(name) for name in names)


def _cells_of(of: Matrix, number: int | None) -> Sequence[Cell]:
    if number is None or not of.destinations >> number & 1:
        return (Cell(of.ports.everything, 0, 0),)
    return of.cells(number)


# Who is who ------------------------------------------------------------------------------------------------------


def _parties(was: Matrix, now: Matrix, classes: int) -> Iterator[Party]:
    """Each owner of pods once for each pair of classes that its pods go through; of those in a mask of classes."""
    old = _members(was, classes)
    new = old if was.classes is now.classes else _members(now, classes)
    for key in dict.fromkeys((*old, *new)):
        name, namespace = key
        before, after = old.get(key, {}), new.get(key, {})
        pairs = _pairs(before, after)
        single = len(before) <= 1 and len(after) <= 1 and all(e.single for e in (*before.values(), *after.values()))
        for (first, second), member in pairs.items():
            shown = f"{name} (pod {member})" if len(pairs) > 1 else name
            inside = any(entity.members for entity in (*before.values(), *after.values())) or bool(namespace)
            yield Party(shown, namespace, first, second, single, inside)


def _members(of: Matrix, classes: int) -> Mapping[tuple[str, str], Mapping[str, Entity]]:
    """By owner and then by pod: an entity that tells the class."""
    found: defaultdict[tuple[str, str], dict[str, Entity]] = defaultdict(dict)
    for number in numbers(classes & ((1 << len(of.classes)) - 1)):
        one = of.classes[number]
        if not one.members:
            found[one.name, one.end.namespace][""] = Entity(one.name, one.end.namespace, number, (), single=True)
        for entity in owners(one, number, By.WORKLOAD, of.policies.snapshot):
            for member in entity.members:
                found[entity.name, entity.namespace][member.name] = replace(entity, classes=number)
    return found


def _pairs(before: Mapping[str, Entity], after: Mapping[str, Entity]) -> Mapping[tuple[int | None, int | None], str]:
    """Classes before and after, each with a pod that goes through them; pods that come and go stand for one another."""
    found: dict[tuple[int | None, int | None], str] = {}
    for name in before:
        if name in after:
            found.setdefault((before[name].classes, after[name].classes), name)
    olds = {entity.classes: name for name, entity in before.items()}
    news = {entity.classes: name for name, entity in after.items()}
    for old, name in olds.items():
        if old not in {pair[0] for pair in found}:
            found |= {(old, new): name for new in (news or (None,))}
    for new, name in news.items():
        if new not in {pair[1] for pair in found}:
            found |= {(old, new): name for old in (olds or (None,))}
    return found
