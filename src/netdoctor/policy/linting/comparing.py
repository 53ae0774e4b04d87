"""Whether two answers at one destination are the same: both ends' policies, on some ports and for some sources."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import IntEnum

from netdoctor.policy.matching import Bits, union
from netdoctor.policy.matrix import refined
from netdoctor.policy.rules import Direction
from netdoctor.policy.tiers import SideAt

Region = Sequence[tuple[int, int]]  # sets of ports, and for each the sources that are concerned
Sides = Mapping[Direction, SideAt]


class Effect(IntEnum):
    """What a change of policies does to verdicts; of several, the highest counts."""

    NONE = 0
    NONE_BY_THE_OTHER_END = 1  # one end's answer differs, but the other end denies the flows
    UNKNOWN = 2
    SOME = 3


WITHOUT_EFFECT = (Effect.NONE, Effect.NONE_BY_THE_OTHER_END)


def compared(old: Sides, new: Sides, region: Region) -> Effect:
    """The effect on a region of one destination."""
    where = union(sources for _, sources in region)
    changing = [direction for direction in Direction if new[direction] is not old[direction]]
    masks = {ports for ports, _ in region} | _masks((sides[d] for sides in (old, new) for d in changing), where)
    found = Effect.NONE
    for ports in refined(union(ports for ports, _ in region), masks):
        here = union(sources for mask, sources in region if mask & ports)
        if not all(_same(_at(old[d], ports), _at(new[d], ports), here) for d in changing):
            found = max(found, _together(old, new, ports, here))
        if found is Effect.SOME:
            break
    return found


def _together(old: Sides, new: Sides, ports: int, where: int) -> Effect:
    """Both ends' policies, on ports that no rule of the changing ones divides."""
    found = Effect.NONE_BY_THE_OTHER_END
    for cell in refined(ports, _masks((*old.values(), *new.values()), where)):
        before, after = (_both(sides, cell, where) for sides in (old, new))
        if before.certain & ~after.possible or after.certain & ~before.possible:
            return Effect.SOME
        if before.certain != before.possible or after.certain != after.possible:
            found = Effect.UNKNOWN
    return found


def _both(sides: Sides, ports: int, where: int) -> Bits:
    egress, ingress = (_at(sides[direction], ports) for direction in (Direction.EGRESS, Direction.INGRESS))
    return Bits(egress.certain & ingress.certain & where, egress.possible & ingress.possible & where)


def _at(side: SideAt, ports: int) -> Bits:
    return Bits(side.sources(ports, certain=True), side.sources(ports, certain=False))


def _same(before: Bits, after: Bits, where: int) -> bool:
    """Whether one end's answer is known, and the same."""
    return before.certain & where == before.possible & where == after.certain & where == after.possible & where


def _masks(sides: Iterable[SideAt], where: int) -> set[int]:
    """The sets of ports that make a difference for some sources."""
    return {ports for side in sides for ports, sources in side.matched() if sources.possible & where}
