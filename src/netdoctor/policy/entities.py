"""The rows and columns of a matrix that people know: workloads, pods or namespaces, instead of classes."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from netdoctor.cluster.objects import Node, Pod
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.policy.classes import EndpointClass
from netdoctor.policy.matrix import Cell, Matrix, refined
from netdoctor.policy.selection import numbers


class By(StrEnum):
    """What one entity of a matrix is."""

    POD = "pod"
    WORKLOAD = "workload"
    NAMESPACE = "namespace"


class Answer(StrEnum):
    """What policies say of two entities: PARTLY where it depends on the pods, UNKNOWN where it cannot be known."""

    ALLOWED = "allowed"
    PARTLY = "partly"
    UNKNOWN = "unknown"
    DENIED = "denied"


@dataclass(frozen=True, slots=True)
class Entity:
    """`classes` is the mask of the classes that it has members in; `single` if it has one member only."""

    name: str
    namespace: str
    classes: int
    single: bool


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
        """Every port of a destination, and every source but itself where it is a single pod."""
        entity = self.entities[destination]
        others = self.everyone & ~(1 << destination) if entity.single else self.everyone
        found: defaultdict[tuple[Answer, int], int] = defaultdict(int)
        for ports, cells in self._cells(entity):
            for answer, sources in self._answers(cells):
                if sources & others:
                    found[answer, sources & others] |= ports
        order = list(Answer)
        for (answer, sources), ports in sorted(found.items(), key=lambda item: order.index(item[0][0])):
            yield Row(ports, answer, sources)

    @cached_property
    def everyone(self) -> int:
        """All entities."""
        return (1 << len(self.entities)) - 1

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
        found = _told_apart(found, matrix)
    return View(matrix, tuple(sorted(found, key=lambda entity: (not entity.namespace, entity.namespace, entity.name))))


def _entities(one: EndpointClass, number: int, by: By, snapshot: Snapshot) -> Iterator[Entity]:
    mask = 1 << number
    if not one.members:
        yield Entity(one.name, "", mask, single=False)
    elif by is By.POD:
        yield from (Entity(_pod_name(member), member.namespace, mask, single=True) for member in one.members)
    else:
        names = Counter((_owner_name(member, by, snapshot), member.namespace) for member in one.members)
        for (name, namespace), count in names.items():
            yield Entity(name, namespace, mask, single=count == 1 and by is By.WORKLOAD)


def _pod_name(member: Pod | Node) -> str:
    return f"{member.ref}{_host_network(member)}"


def _owner_name(member: Pod | Node, by: By, snapshot: Snapshot) -> str:
    if isinstance(member, Node):
        return f"Node {member.name}" if by is By.WORKLOAD else "nodes"
    if by is By.NAMESPACE:
        return f"Namespace {member.namespace}{_host_network(member)}"
    return f"{(snapshot.workload_of(member) or member).ref}{_host_network(member)}"


def _host_network(member: Pod | Node) -> str:
    return " (host network)" if isinstance(member, Pod) and member.spec.host_network else ""


def _merged(found: list[Entity]) -> list[Entity]:
    """One entity for each name."""
    masks: defaultdict[tuple[str, str], int] = defaultdict(int)
    for entity in found:
        masks[entity.name, entity.namespace] |= entity.classes
    return [Entity(name, namespace, mask, single=False) for (name, namespace), mask in masks.items()]


def _told_apart(found: list[Entity], matrix: Matrix) -> list[Entity]:
    """Entities of one name get the name of a pod each."""
    names = Counter(entity.name for entity in found)
    return [
        entity
        if names[entity.name] == 1
        else Entity(_part_name(entity, matrix), entity.namespace, entity.classes, entity.single)
        for entity in found
    ]


def _part_name(entity: Entity, matrix: Matrix) -> str:
    one = matrix.classes[entity.classes.bit_length() - 1]
    snapshot = matrix.policies.snapshot
    mine = [m for m in one.members if _owner_name(m, By.WORKLOAD, snapshot) == entity.name]
    more = f" and {len(mine) - 1} more" if len(mine) > 1 else ""
    return f"{entity.name} (pod {mine[0].name}{more})"
