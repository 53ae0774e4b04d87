"""What tiers make of sets of sources: first match, Pass, isolation, and ties that the API leaves undefined.

Everything is computed for one of two readings: what is certainly allowed (each doubt counts against it), and what may
be allowed (each doubt counts for it).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import NamedTuple

from netdoctor.policy.matching import Bits
from netdoctor.policy.rules import Action, Tier


class Match(NamedTuple):
    """A rule at one destination class: what it does with which sources on which ports.

    `reaching` are the sources that get no further in its policy, if that applies to them or to the destination at all.
    """

    action: Action
    ports: int
    sources: Bits
    reaching: int


class Uniform(NamedTuple):
    """Rules of one action, whose order makes no difference: by ports, the sources that they match on all of them."""

    action: Action
    by_ports: Mapping[int, Bits]


class Group(NamedTuple):
    """Rulesets of one priority, whose order the API leaves undefined; each with its rules in order."""

    rulesets: Sequence[Sequence[Match]]


Stage = Uniform | Group


class TierAt(NamedTuple):
    """One tier, in one direction at one destination.

    Attributes:
        tier: which one.
        stages: what its rulesets say, in the order of evaluation.
        isolated: sources for whom what no stage decides is denied.
        gap: the sources for whom there may be policies that come before all others.
        unsure: those for whom there may be more that only allow and isolate,
        since: and the number of the first stage that they may come before.
    """

    tier: Tier
    stages: Sequence[Stage]
    isolated: Bits
    gap: int = 0
    unsure: int = 0
    since: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether it decides nothing."""
        stages = any(not isinstance(stage, Uniform) or stage.by_ports for stage in self.stages)
        return not (stages or self.isolated.possible or self.gap or self.unsure)

    @property
    def is_known(self) -> bool:
        """Whether it is known whom it isolates, which policies it has, and in which order they are."""
        tied = any(isinstance(stage, Group) and len(stage.rulesets) > 1 for stage in self.stages)
        return self.isolated.certain == self.isolated.possible and not (self.gap or self.unsure or tied)

    @property
    def adds_up(self) -> bool:
        """Whether all that counts is what is allowed and whom it isolates."""
        alone = len(self.stages) == 1 and isinstance(self.stages[0], Uniform) and not (self.gap or self.unsure)
        return alone and self.stages[0][0] is Action.ALLOW


@dataclass(frozen=True, slots=True)
class SideAt:
    """One direction at one destination: the tiers that say anything there, of all sources."""

    everything: int
    tiers: tuple[TierAt, ...]

    def matched(self) -> list[tuple[int, Bits]]:
        """The ports and sources of every rule."""
        found: list[tuple[int, Bits]] = []
        for tier in self.tiers:
            for stage in tier.stages:
                if isinstance(stage, Uniform):
                    found += stage.by_ports.items()
                else:
                    found += ((match.ports, match.sources) for rules in stage.rulesets for match in rules)
        return found

    def port_masks(self) -> set[int]:
        """The sets of ports that make a difference here."""
        if len(self.tiers) == 1 and len(stages := self.tiers[0].stages) == 1 and isinstance(stages[0], Uniform):
            return {*stages[0].by_ports}
        return {ports for ports, _ in self.matched()}

    def is_known(self) -> bool:
        """Whether nothing is in doubt, so that those that pass perhaps are those that pass certainly."""
        return all(tier.is_known for tier in self.tiers) and all(
            sources.certain == sources.possible for _, sources in self.matched()
        )

    def sources(self, ports: int, *, certain: bool) -> int:
        """Those that pass on ports that no rule divides: certainly, or perhaps."""
        if len(self.tiers) == 1 and (tier := self.tiers[0]).adds_up:
            found = _on(tier.stages[0], ports, certain=certain)
            return found | self.everything & ~(tier.isolated.possible if certain else tier.isolated.certain)
        return self._from(0, ports, self.everything, certain=certain)

    def _from(self, number: int, ports: int, sources: int, *, certain: bool) -> int:
        """Tier by tier, what is decided is out."""
        if number == len(self.tiers) or not sources:
            return sources
        tier = self.tiers[number]
        walked = _walk(tier, ports, sources & ~tier.gap, certain=certain)
        below = self._from(number + 1, ports, walked.left | walked.doubtful, certain=certain)
        if certain:  # in doubt both this tier and those below it must allow
            return walked.allowed & ~walked.doubtful | walked.allowed & below | walked.left & below
        return walked.allowed | below | sources & tier.gap


NOTHING: tuple[Stage, ...] = (Uniform(Action.ALLOW, {}),)


class _Walked(NamedTuple):
    """Sources after one tier. Those in `doubtful` are in `allowed`, in `left` or denied, or have passed after all."""

    allowed: int
    left: int
    doubtful: int


def _walk(tier: TierAt, ports: int, sources: int, *, certain: bool) -> _Walked:
    allowed = passed = doubtful = unsure = 0
    undecided = sources
    for number, stage in enumerate((*tier.stages, None)):
        if number == tier.since and tier.unsure:
            unsure = undecided & tier.unsure
            if not certain:
                allowed |= unsure
                undecided &= ~unsure
        if stage is None or not undecided:
            continue
        if isinstance(stage, Uniform):
            admits, denies, passes, perhaps = _uniform(stage, ports, undecided, certain=certain)
        else:
            admits, denies, passes, perhaps = _group(stage, ports, undecided, certain=certain)
        allowed |= admits
        passed |= passes
        doubtful |= perhaps
        undecided &= ~(admits | denies | passes)
    left = passed | undecided & ~(tier.isolated.possible if certain else tier.isolated.certain)
    return _Walked(allowed, left & ~unsure if certain else left, doubtful)


_Decided = tuple[int, int, int, int]  # sources that are allowed, denied, passed, passed perhaps


def _on(stage: Stage, ports: int, *, certain: bool) -> int:
    """The sources that rules of one action match on some ports."""
    found = 0
    if isinstance(stage, Uniform):
        for mask, bits in stage.by_ports.items():
            if mask & ports:
                found |= bits.certain if certain else bits.possible
    return found


def _uniform(stage: Uniform, ports: int, undecided: int, *, certain: bool) -> _Decided:
    if stage.action is Action.ALLOW:
        return undecided & _on(stage, ports, certain=certain), 0, 0, 0
    if stage.action is Action.DENY:
        return 0, undecided & _on(stage, ports, certain=not certain), 0, 0
    sure, perhaps = _on(stage, ports, certain=True), _on(stage, ports, certain=False)
    return 0, 0, undecided & sure, undecided & perhaps & ~sure


def _group(group: Group, ports: int, undecided: int, *, certain: bool) -> _Decided:
    allowed = denied = passed = doubtful = 0
    tied = _tied(group.rulesets, ports, undecided) if len(group.rulesets) > 1 else 0
    undecided &= ~tied
    if certain:
        denied |= tied
    else:
        allowed |= tied
    for rules in group.rulesets:
        admits, denies, passes, perhaps = _first_matches(rules, ports, undecided, certain=certain)
        allowed |= admits
        denied |= denies
        passed |= passes
        doubtful |= perhaps
        undecided &= ~(admits | denies | passes)
    return allowed, denied, passed, doubtful


def _tied(rulesets: Sequence[Sequence[Match]], ports: int, undecided: int) -> int:
    """Sources of which policies of one priority do, or may do, different things."""
    tied = 0
    before = dict.fromkeys(Action, 0)
    for rules in rulesets:
        here = dict.fromkeys(Action, 0)
        reached = undecided
        for action, mask, (_, perhaps), reaching in rules:
            if mask & ports:
                here[action] |= reached & perhaps
                reached &= ~reaching
        for action, other in permutations(Action, 2):
            tied |= here[action] & before[other]
        for action, sources in here.items():
            before[action] |= sources
    return tied


def _first_matches(rules: Sequence[Match], ports: int, undecided: int, *, certain: bool) -> _Decided:
    """By the first rule that matches."""
    allowed = denied = passed = doubtful = 0
    for action, mask, (sure, perhaps), reaching in rules:
        if not mask & ports:
            continue
        matching = undecided & (perhaps if action is (Action.DENY if certain else Action.ALLOW) else sure)
        if action is Action.ALLOW:
            allowed |= matching
        elif action is Action.DENY:
            denied |= matching
        else:
            passed |= matching
            doubtful |= undecided & perhaps & ~sure
        undecided &= ~(matching | reaching)
    return allowed, denied, passed, doubtful
