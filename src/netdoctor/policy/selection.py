"""Label selectors over many sets of labels at once: each selector is one bit mask of those that it selects."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

from netdoctor.cluster.objects import LabelSelector
from netdoctor.policy.expressions import And, Compare, Everything, Expression, Not, Or, Selector
from netdoctor.policy.labels import requirements


class LabelIndex:
    """Which of a sequence of label sets have a label; bit n stands for the n-th."""

    def __init__(self, labels: Sequence[Mapping[str, str]]) -> None:
        self.everything = (1 << len(labels)) - 1
        keys: defaultdict[str, int] = defaultdict(int)
        pairs: defaultdict[tuple[str, str], int] = defaultdict(int)
        for number, one in enumerate(labels):
            bit = 1 << number
            for pair in one.items():
                keys[pair[0]] |= bit
                pairs[pair] |= bit
        self._keys, self._pairs = dict(keys), dict(pairs)

    def selected(self, selector: Selector | None) -> int:
        """Those that a selector selects; without one, all."""
        if selector is not None and not isinstance(selector, LabelSelector):
            return self._holding(selector)
        found = self.everything
        for requirement in requirements(selector) if selector else ():
            key, having = requirement.key, self._keys.get(requirement.key, 0)
            match requirement.operator:
                case "In":
                    found &= self._having(key, requirement.values)
                case "NotIn":
                    found &= ~self._having(key, requirement.values)
                case "Exists":
                    found &= having
                case "DoesNotExist":
                    found &= ~having
        return found

    def _holding(self, expression: Expression) -> int:
        """Those that satisfy an expression."""
        match expression:
            case Compare():
                return self._comparing(expression)
            case And(terms):
                found = self.everything
                for term in terms:
                    found &= self._holding(term)
                return found
            case Or(terms):
                found = 0
                for term in terms:
                    found |= self._holding(term)
                return found
            case Not(term):
                return self.everything & ~self._holding(term)
            case Everything():
                return self.everything

    def _comparing(self, compare: Compare) -> int:
        match compare.operator:
            case "==" | "in":
                return self._having(compare.key, compare.values)
            case "!=" | "not in":
                return self.everything & ~self._having(compare.key, compare.values)
            case "has":
                return self._keys.get(compare.key, 0)
        return self._having(compare.key, (value for value in self._values[compare.key] if compare.holds(value)))

    @cached_property
    def _values(self) -> Mapping[str, Sequence[str]]:
        """By key, all values that it has."""
        found: defaultdict[str, list[str]] = defaultdict(list)
        for key, value in self._pairs:
            found[key].append(value)
        return found

    def _having(self, key: str, values: Iterable[str]) -> int:
        found = 0
        for value in values:
            found |= self._pairs.get((key, value), 0)
        return found


def first(mask: int) -> int:
    """The lowest of the bits that are set; at least one is."""
    return (mask & -mask).bit_length() - 1


def numbers(mask: int) -> list[int]:
    """The positions of the bits that are set, ascending."""
    if mask.bit_count() < _SPARSE:
        found = []
        while mask:
            lowest = mask & -mask
            found.append(lowest.bit_length() - 1)
            mask ^= lowest
        return found
    return [number for number, digit in enumerate(reversed(f"{mask:b}")) if digit == "1"]


_SPARSE = 16  # below, taking bit after bit is faster than writing the mask out
