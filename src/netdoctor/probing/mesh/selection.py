"""Which pairs of nodes a mesh tests: all of few nodes, and of many so many that a single fault does not hide.

The nodes stand in a circle in random order, and each sends to those that are 1 and some other numbers of places before
and after it. So every node is tested against as many others, in both directions, and every group of nodes has tested
links to the rest: a circle that is cut anywhere is cut at two places at least.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

ALL_UNTIL = 30  # nodes of which every pair is tested
MOST_ALL = 60  # with --all-pairs; more do not fit in what one pod can say


@dataclass(frozen=True, slots=True)
class Selection:
    """The chosen places round the circle, for so many nodes."""

    nodes: int
    offsets: tuple[int, ...]

    @property
    def tested(self) -> int:
        """Ordered pairs of different nodes that are tested."""
        return self.nodes * len(self.offsets)

    @property
    def possible(self) -> int:
        """Ordered pairs of different nodes that there are."""
        return self.nodes * (self.nodes - 1)

    @property
    def complete(self) -> bool:
        """Whether every pair is tested."""
        return self.tested == self.possible

    @property
    def link_chance(self) -> float:
        """The chance that any one link (an unordered pair) is tested."""
        return len(self.offsets) / (self.nodes - 1) if self.nodes > 1 else 1.0

    def guarantees(self) -> tuple[str, ...]:
        """What is found, and with what probability, in words."""
        if self.complete:
            return ()
        each, chance = len(self.offsets), 100 * self.link_chance
        several = 100 * (1 - (1 - self.link_chance) ** 10)
        return (
            f"every node is tested against {each} others, in both directions: one that is cut off is always found",
            "a group of nodes that is cut off from the rest is always found: at least 2 links between them are tested",
            f"one broken link between two nodes is found with a probability of {chance:.1f} %, "
            f"at least one of 10 broken links with {several:.0f} %; the choice is another one every time",
        )


def select(nodes: int, chance: random.Random, *, all_pairs: bool = False) -> Selection:
    """Choose; about 2 log2(N) others for each of N nodes where there are more than 30."""
    if nodes <= ALL_UNTIL or all_pairs:
        return Selection(nodes, tuple(range(1, nodes)))
    half = (nodes - 1) // 2
    ways = [1, *chance.sample(range(2, half + 1), min(math.ceil(math.log2(nodes)), half) - 1)]
    return Selection(nodes, tuple(sorted({offset for way in ways for offset in (way, nodes - way)})))


def shuffled(names: Sequence[str], chance: random.Random) -> list[str]:
    """In random order; a few nodes, of which every pair is tested, stay as they are."""
    return list(names) if len(names) <= ALL_UNTIL else chance.sample(list(names), len(names))
