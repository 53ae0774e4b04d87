"""Who can reach whom, for a whole cluster at once: every port of every protocol.

Each selector is evaluated once, to an int whose bit n stands for the n-th class of endpoints. For each destination
class, its ports are cut into cells in which no rule makes a difference, and a cell's answer is one such int: the
sources that may reach it. Both sides of a flow are sets of sources, and what passes is their intersection.

Where an answer depends on what is not known, it is computed twice: what is certainly allowed, and what may be.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from netdoctor.cluster.snapshot import Snapshot
from netdoctor.policy.classes import Distinctions, EndpointClass, classes_of
from netdoctor.policy.compile import CompiledPolicies
from netdoctor.policy.matching import Selection
from netdoctor.policy.ports import PortSpace, cuts_of
from netdoctor.policy.profile import CNIProfile
from netdoctor.policy.rules import Direction
from netdoctor.policy.sides import Side


class Cell(NamedTuple):
    """Ports of one destination class, and the source classes that may (certainly, perhaps) send to all of them."""

    ports: int
    allowed: int
    possible: int


@dataclass(frozen=True)
class Matrix:
    """The answers for one set of policies.

    Attributes:
        classes: sources and destinations; bit n of a mask stands for the n-th.
        ports: what the bits of a mask of ports stand for.
        selection: which classes a peer matches.
        sources: those that count; the answers for others mean nothing.
        destinations: those that may be asked about.
    """

    policies: CompiledPolicies
    profile: CNIProfile
    classes: tuple[EndpointClass, ...]
    ports: PortSpace
    selection: Selection
    sources: int
    destinations: int

    def cells(self, destination: int) -> tuple[Cell, ...]:
        """The ports of a destination class, by who may reach them: disjoint, and together every port."""
        sides = [side.at(destination) for side in self._sides]
        by_answer: dict[tuple[int, int], int] = {}
        known = all(side.is_known() for side in sides)
        for ports in refined(self.ports.everything, {mask for side in sides for mask in side.port_masks()}):
            certain = sides[0].sources(ports, certain=True) & sides[1].sources(ports, certain=True) & self.sources
            possible = certain
            if not known:
                possible = sides[0].sources(ports, certain=False) & sides[1].sources(ports, certain=False)
                possible &= self.sources
            by_answer[certain, possible] = by_answer.get((certain, possible), 0) | ports
        return tuple(Cell(ports, *answer) for answer, ports in by_answer.items())

    def denied(self, destination: int, ports: int) -> dict[Direction, int]:
        """The sources that either side certainly denies, on ports of a destination that no rule divides."""
        return {
            direction: self.sources & ~side.at(destination).sources(ports, certain=False)
            for direction, side in zip(Direction, self._sides, strict=True)
        }

    def side(self, direction: Direction) -> Side:
        """One direction by itself."""
        ends = self.sources, self.destinations
        return Side(self.policies, self.classes, self.ports, self.selection, direction, *ends)

    @cached_property
    def _sides(self) -> tuple[Side, ...]:
        return tuple(map(self.side, Direction))


def matrix(
    policies: CompiledPolicies,
    profile: CNIProfile,
    distinctions: Distinctions | None = None,
    ports: PortSpace | None = None,
) -> Matrix:
    """The matrix of a snapshot's policies.

    Args:
        policies: and with them the snapshot.
        profile: how the network plugin reads them.
        distinctions: of more policies than these, so that two matrices have comparable classes.
        ports: of more policies than these, so that two matrices have comparable ports.
    """
    distinct = distinctions or Distinctions.of([policies])
    space = ports or port_space(distinct, [policies.snapshot])
    return with_classes(policies, profile, classes_of(policies.snapshot, distinct), space)


def with_classes(
    policies: CompiledPolicies, profile: CNIProfile, classes: tuple[EndpointClass, ...], ports: PortSpace
) -> Matrix:
    """The matrix of some classes, all of them sources and destinations."""
    everything = (1 << len(classes)) - 1
    return Matrix(policies, profile, classes, ports, Selection(classes, profile), everything, everything)


def port_space(
    distinctions: Distinctions, snapshots: Iterable[Snapshot], more: Iterable[tuple[str, int, int]] = ()
) -> PortSpace:
    """All ports, cut by what policies name, and by `more` ranges of (protocol, first, last)."""
    pods = (pod for snapshot in snapshots for pod in snapshot.pods) if distinctions.port_names else ()
    return PortSpace.of([*cuts_of(distinctions.ports, (port for pod in pods for port in pod.ports)), *more])


def refined(everything: int, masks: Iterable[int]) -> list[int]:
    """Cut a set of ports so that each mask holds a part wholly or not at all."""
    parts = [everything]
    for mask in masks:
        parts = [half for part in parts for half in (part & mask, part & ~mask) if half]
    return parts
