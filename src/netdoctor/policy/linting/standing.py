"""A set of policies from which parts are taken away, one after the other, and whether that changes any verdict.

Only what a part is about is compared: the sources, destinations and ports that it matches, and the pods that it alone
isolates. Everything else is the same without it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

from netdoctor.model.refs import ObjectRef
from netdoctor.policy.by import By
from netdoctor.policy.compile import CompiledPolicies
from netdoctor.policy.entities import owners
from netdoctor.policy.linting.comparing import Effect, Region, compared
from netdoctor.policy.linting.cuts import Cut
from netdoctor.policy.linting.merging import merged
from netdoctor.policy.matching import Bits, union
from netdoctor.policy.matrix import Matrix
from netdoctor.policy.rules import Direction, Ruleset, Tier
from netdoctor.policy.selection import numbers
from netdoctor.policy.sides import Side
from netdoctor.policy.tiers import SideAt


@dataclass(frozen=True, slots=True)
class Taken:
    """What it would do to take some parts away; `answers` are those that differ then, by destination."""

    effect: Effect
    cuts: Sequence[Cut]
    answers: Mapping[int, Mapping[Direction, SideAt]]


class _Alone(CompiledPolicies):
    """Some rulesets by themselves; what is not known of others is no matter."""

    def gap(self, namespace: str, tier: Tier) -> str:  # noqa: ARG002 - as its base
        """Nothing is missing."""
        return ""

    def unsure(self, namespace: str, tier: Tier) -> str:  # noqa: ARG002 - as its base
        """Nothing is missing."""
        return ""


class Standing:
    """The policies that are left, and their answers."""

    def __init__(self, of: Matrix) -> None:
        self.matrix = of
        self.rulesets = dict(of.policies.rulesets)
        sides = {direction: of.side(direction) for direction in Direction}
        self._answers = [{d: side.at(number) for d, side in sides.items()} for number in range(len(of.classes))]
        self._subjects: dict[tuple[ObjectRef, Direction], Bits] = {}

    def copy(self) -> Standing:
        """Another one, from which things are taken independently."""
        other = copy(self)
        other.__dict__ |= {"rulesets": dict(self.rulesets), "_answers": list(self._answers)}
        return other

    def current(self, policy: ObjectRef) -> tuple[Ruleset, ...]:
        """What is left of a policy."""
        return tuple(ruleset for ruleset in self.rulesets.get(policy.namespace, ()) if ruleset.policy == policy)

    def subjects(self, ruleset: Ruleset) -> Bits:
        """The classes of pods that a ruleset selects."""
        key = ruleset.policy, ruleset.direction
        if key not in self._subjects:
            self._subjects[key] = self.matrix.selection.pods(ruleset.subject)
        return self._subjects[key]

    def without(self, cuts: Sequence[Cut]) -> Taken:
        """What the policies would say without some parts, until something changes; nothing is taken away yet."""
        changes = [_Change(self, d, mine) for d in Direction if (mine := [c for c in cuts if c.whole.direction is d])]
        worst = Effect.NONE
        answers: dict[int, Mapping[Direction, SideAt]] = {}
        for destination in numbers(union(change.destinations for change in changes)):
            old = self._answers[destination]
            region = [found for change in changes for found in self._others(change.region(destination), destination)]
            if region:
                new = {**old, **{change.direction: change.answer(destination, old) for change in changes}}
                answers[destination] = new
                worst = max(worst, compared(old, new, region))
            if worst is Effect.SOME:
                break
        return Taken(worst, cuts, answers)

    def take(self, taken: Taken) -> None:
        """Go on without the parts."""
        for key in {cut.whole.policy.namespace for cut in taken.cuts}:
            self.rulesets[key] = tuple(replaced(self.rulesets[key], taken.cuts))
        for destination, answers in taken.answers.items():
            self._answers[destination] = {**self._answers[destination], **answers}

    def side(self, direction: Direction, rulesets: Iterable[Ruleset], locals_: int) -> Side:
        """What some rulesets alone say, for some pods."""
        by_key: defaultdict[str, list[Ruleset]] = defaultdict(list)
        for ruleset in rulesets:
            by_key[ruleset.policy.namespace].append(ruleset)
        of = self.matrix
        policies = _Alone(of.policies.snapshot, {key: tuple(same) for key, same in by_key.items()})
        ends = (locals_, of.destinations) if direction is Direction.EGRESS else (of.sources, locals_)
        return Side(policies, of.classes, of.ports, of.selection, direction, *ends)

    def _others(self, region: Region, destination: int) -> Iterator[tuple[int, int]]:
        """Without the destination itself where that is one pod: no policy sees what it sends to itself."""
        itself = 1 << destination & self._single
        return ((ports, sources & ~itself) for ports, sources in region if sources & ~itself)

    @cached_property
    def _single(self) -> int:
        """The classes of one pod, which stays one."""
        found = 0
        for number, one in enumerate(self.matrix.classes):
            entities = list(owners(one, 1, By.WORKLOAD, self.matrix.policies.snapshot))
            found |= 1 << number if len(entities) == 1 and entities[0].single else 0
        return found


class _Change:
    """One direction without some parts."""

    def __init__(self, standing: Standing, direction: Direction, cuts: Sequence[Cut]) -> None:
        self.direction = direction
        self._everything = standing.matrix.ports.everything, standing.matrix.selection.everything
        self._locals = union(standing.subjects(cut.whole).possible for cut in cuts)
        self._gone = standing.side(direction, (cut.gone for cut in cuts), self._locals)
        self._tiers = {cut.whole.tier for cut in cuts}
        near = list(self._near(standing, {cut.whole.policy.namespace for cut in cuts}))
        left = list(replaced(near, cuts))
        self._left = standing.side(direction, left, self._locals)
        before, after = (union(standing.subjects(r).certain for r in these if r.isolates) for these in (near, left))
        self._bare = before & ~after & self._locals
        self.destinations = standing.matrix.destinations if direction is Direction.EGRESS else self._locals

    def region(self, destination: int) -> Region:
        """What the parts match, and whom nothing else isolates."""
        gone = self._gone.at(destination)
        found = [(ports, sources.possible) for ports, sources in gone.matched()]
        if self.direction is Direction.EGRESS:
            found += [(self._everything[0], self._bare)] if self._bare else []
        elif self._bare >> destination & 1:
            found.append(self._everything)
        return found

    def answer(self, destination: int, old: Mapping[Direction, SideAt]) -> SideAt:
        """What this direction says without the parts, if it concerns the destination."""
        answer = old[self.direction]
        if not self.destinations >> destination & 1:
            return answer
        new = self._left.at(destination)
        locals_ = answer.everything if self.direction is Direction.INGRESS else self._locals
        return merged(answer, self._tiers, new, locals_)

    def _near(self, standing: Standing, namespaces: Collection[str]) -> Iterator[Ruleset]:
        """The rulesets of the same tiers that have a say where the parts have."""
        selection = standing.matrix.selection
        # Policies of a namespace select pods of it alone; those under "" select pods of all.
        where = standing.rulesets if "" in namespaces else (*sorted(namespaces), "")
        for ruleset in chain.from_iterable(standing.rulesets.get(name, ()) for name in where):
            concerned = ruleset.direction is self.direction and ruleset.tier in self._tiers
            if not (concerned and selection.near(ruleset.subject) & self._locals):
                continue
            if standing.subjects(ruleset).possible & self._locals:
                yield ruleset


def replaced(rulesets: Iterable[Ruleset], cuts: Sequence[Cut]) -> Iterator[Ruleset]:
    """The rulesets with what is left of those that are cut."""
    left = {id(cut.whole): cut.left for cut in cuts}
    for ruleset in rulesets:
        new = left.get(id(ruleset), ruleset)
        if new is not None:
            yield new
