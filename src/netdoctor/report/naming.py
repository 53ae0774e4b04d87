"""Many names in few words: whole namespaces, everyone, everyone but a few."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from netdoctor.policy.entities import Entity
from netdoctor.policy.selection import numbers

_FEW = 3  # exceptions that are still easier to read than the rest


class Names:
    """Says sets of entities, as masks over `entities`."""

    def __init__(self, entities: Sequence[Entity], everyone: int) -> None:
        self._entities, self._everyone = entities, everyone
        self._known: dict[tuple[int, int], tuple[str, ...]] = {}
        by_namespace: defaultdict[str, int] = defaultdict(int)
        for number in numbers(everyone):
            by_namespace[entities[number].namespace] |= 1 << number
        self._namespaces = {name: mask for name, mask in by_namespace.items() if name and mask.bit_count() > 1}

    def listed(self, mask: int) -> tuple[str, ...]:
        """Each by its name."""
        return tuple(self._entities[number].name for number in numbers(mask))

    def told(self, mask: int, own: int = 0) -> tuple[str, ...]:
        """`everyone`, `everyone but Pod a/b`, or whole namespaces and single names; `own` need not be in it."""
        found = self._known.get((mask, own))
        if found is None:
            found = self._known[mask, own] = tuple(self._told(mask, own))
        return found

    def _told(self, mask: int, own: int) -> Iterable[str]:
        missing = self._everyone & ~mask & ~own
        if not missing:
            return ["everyone"]
        if missing.bit_count() <= _FEW < mask.bit_count():
            return [f"everyone but {', '.join(self.listed(missing))}"]
        told, rest = [], mask
        for name, members in self._namespaces.items():
            if (rest | own) & members == members and rest & members:
                told.append(f"all of namespace {name}")
                rest &= ~members
        return [*told, *self.listed(rest)]
