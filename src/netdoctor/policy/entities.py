"""The rows and columns of a matrix that people know: workloads, pods or namespaces, instead of classes."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property

from netdoctor.cluster.objects import DaemonSet, Node, Pod
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.policy.by import By
from netdoctor.policy.classes import EndpointClass
from netdoctor.policy.matrix import Cell, Matrix, refined
from netdoctor.policy.selection import numbers


class Answer(StrEnum):
    """What policies say of two entities: PARTLY where it depends on the pods, UNKNOWN where it cannot be known."""

    ALLOWED = "allowed"
    PARTLY = "partly"
    UNKNOWN = "unknown"
    DENIED = "denied"


@dataclass(frozen=True, slots=True)
class Entity:
    """`classes` is the mask of the classes that it has members in; addresses outside the cluster have no members.

    `single` is one pod or node, which sends nothing to itself.
    """

    name: str
    namespace: str
    classes: int
    members: tuple[Pod | Node, ...]
    single: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """Some ports of a destination, and the sources (as a mask of entities) for which the answer is the same."""

    ports: int
    answer: Answer
    sources: int


@dataclass(frozen=True)
class View:
    """A matrix as rows of entities.

    A workload whose pods policies treat differently is one entity for each kind of its pods.
    """

    matrix: Matrix
    entities: tuple[Entity, ...]

    def rows(self, destination: int) -> Iterator[Row]:
        """Every port of a destination, and every source but itself where it is a single pod.

        What passes between addresses outside the cluster is none of its policies' business.
        """
        entity = self.entities[destination]
        others = self.everyone & ~(1 << destination) if entity.single else self.everyone
        others &= self.everyone if entity.members else ~self._outside
        found: defaultdict[tuple[Answer, int], int] = defaultdict(int)
        for ports, cells in self._cells(entity):
            for answer, sources in self._answers(cells):
                if sources & others:
                    found[answer, sources & others] |= ports
        order = list(Answer)
        for (answer, sources), ports in sorted(found.items(), key=lambda item: (order.index(item[0][0]), item[1])):
            yield Row(ports, answer, sources)

    @cached_property
    def everyone(self) -> int:
        """All entities."""
        return (1 << len(self.entities)) - 1

    @cached_property
    def _outside(self) -> int:
        return sum(1 << number for number, entity in enumerate(self.entities) if not entity.members)

    def _cells(self, entity: Entity) -> Iterator[tuple[int, list[Cell]]]:
        """Cuts of all ports, each with the cells of the entity's classes that hold it."""
        by_class = [self.matrix.cells(number) for number in numbers(entity.classes)]
        if len(by_class) == 1:
            yield from ((cell.ports, [cell]) for cell in by_class[0])
            return
        masks = {cell.ports for cells in by_class for cell in cells}
        for ports in refined(self.matrix.ports.everything, masks):
            yield ports, [next(cell for cell in cells if cell.ports & ports) for cells in by_class]

    def _answers(self, cells: list[Cell]) -> Iterator[tuple[Answer, int]]:
        """The sources, by what all pairs of classes say together."""
        every, some, perhaps = self.everyone, 0, 0
        for cell in cells:
            every &= self._holding(cell.allowed)[0]
            some |= self._holding(cell.allowed)[1]
            perhaps |= self._holding(cell.possible)[1]
        yield Answer.ALLOWED, every
        yield Answer.PARTLY, some & ~every
        yield Answer.UNKNOWN, perhaps & ~some
        yield Answer.DENIED, self.everyone & ~perhaps & ~some

    @cached_property
    def _known(self) -> dict[int, tuple[int, int]]:
        return {}

    def _holding(self, classes: int) -> tuple[int, int]:
        """The entities all of whose classes are in a mask, and those with one that is."""
        found = self._known.get(classes)
        if found is None:
            some = 0
            for number in numbers(classes):
                some |= self._by_class.get(number, 0)
            every = some
            for number in numbers(some & self._spread):
                if self.entities[number].classes & ~classes:
                    every &= ~(1 << number)
            found = self._known[classes] = every, some
        return found

    @cached_property
    def _by_class(self) -> Mapping[int, int]:
        found: defaultdict[int, int] = defaultdict(int)
        for number, entity in enumerate(self.entities):
            for one in numbers(entity.classes):
                found[one] |= 1 << number
        return dict(found)

    @cached_property
    def _spread(self) -> int:
        """The entities with several classes."""
        return sum(1 << number for number, entity in enumerate(self.entities) if entity.classes.bit_count() > 1)


def view(matrix: Matrix, by: By) -> View:
    """A matrix by pods, workloads or namespaces; entities in the order of namespaces and names, outside last."""
    snapshot = matrix.policies.snapshot
    found = [entity for number, one in enumerate(matrix.classes) for entity in _entities(one, number, by, snapshot)]
    if by is By.NAMESPACE:
        found = _merged(found)
    elif by is By.WORKLOAD:
        found = _told_apart(found)
    return View(matrix, tuple(sorted(found, key=lambda entity: (not entity.namespace, entity.namespace, entity.name))))


def _entities(one: EndpointClass, number: int, by: By, snapshot: Snapshot) -> Iterator[Entity]:
    mask = 1 << number
    if not one.members:
        yield Entity(one.name, "", mask, ())
    elif by is By.POD:
        yield from (Entity(_pod_name(m), m.namespace, mask, (m,), single=True) for m in one.members)
    else:
        yield from owners(one, mask, by, snapshot)


def owners(one: EndpointClass, mask: int, by: By, snapshot: Snapshot) -> Iterator[Entity]:
    """The workloads or namespaces that have members in a class."""
    by_owner: defaultdict[tuple[str, str], list[Pod | Node]] = defaultdict(list)
    for member in one.members:
        by_owner[_owner(member, by, snapshot)].append(member)
    for (name, namespace), members in by_owner.items():
        yield Entity(name, namespace, mask, tuple(members), _is_single(members, snapshot))


def _is_single(members: list[Pod | Node], snapshot: Snapshot) -> bool:
    """Whether it is one pod, and stays one: a pod to be stands for all replicas of its workload."""
    if len(members) > 1:
        return False
    owner = snapshot.workload_of(members[0]) if isinstance(members[0], Pod) and not members[0].metadata.uid else None
    return owner is None or (not isinstance(owner, DaemonSet) and owner.spec.replicas in (None, 1))


def _pod_name(member: Pod | Node) -> str:
    return f"{member.ref}{_host_network(member)}"


def _owner(member: Pod | Node, by: By, snapshot: Snapshot) -> tuple[str, str]:
    """(name, namespace). To policies the pods on a node's network are that node."""
    if isinstance(member, Node) or member.spec.host_network:
        return "nodes", ""
    name = f"Namespace {member.namespace}" if by is By.NAMESPACE else str(snapshot.owner_of(member))
    return name, member.namespace


def _host_network(member: Pod | Node) -> str:
    return " (host network)" if isinstance(member, Pod) and member.spec.host_network else ""


def _merged(found: list[Entity]) -> list[Entity]:
    """One entity for each name."""
    alike: dict[tuple[str, str], Entity] = {}
    for entity in found:
        key = entity.name, entity.namespace
        known = alike.get(key, Entity(*key, 0, ()))
        members = known.members + entity.members
        alike[key] = Entity(*key, known.classes | entity.classes, members, len(members) == 1 and entity.single)
    return list(alike.values())


def _told_apart(found: list[Entity]) -> list[Entity]:
    """Entities of one name get the name of a pod each."""
    names = Counter(entity.name for entity in found)
    return [entity if names[entity.name] == 1 else replace(entity, name=_part_name(entity)) for entity in found]


def _part_name(entity: Entity) -> str:
    more = f" and {len(entity.members) - 1} more" if len(entity.members) > 1 else ""
    return f"{entity.name} ({entity.members[0].ref.kind.lower()} {entity.members[0].name}{more})"
