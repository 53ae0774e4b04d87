"""One side of every flow: the rules of one direction, as the sources that they let through to each destination.

A rule of the source's side says the same of all its subjects, so egress too is a set of sources for each destination.
Everything that does not depend on the destination is prepared once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from netdoctor.policy.applying import Applying, RulePorts
from netdoctor.policy.classes import EndpointClass
from netdoctor.policy.compile import CompiledPolicies
from netdoctor.policy.matching import Bits, Selection, join, union
from netdoctor.policy.ports import PortSpace
from netdoctor.policy.rules import Direction, Tier
from netdoctor.policy.stages import Prepared, Scope, Selected, prepared, since
from netdoctor.policy.tiers import NOTHING, SideAt, TierAt


class _Tier(NamedTuple):
    """A tier, prepared; what is not known of it may come before the stages from `since` on."""

    tier: Tier
    stages: Sequence[Prepared]
    since: int
    isolated: Bits
    gap: int
    unsure: int


class Side:
    """One direction; `sources` and `destinations` are those that will be asked about."""

    def __init__(  # noqa: PLR0913, PLR0917 - what a side is made of
        self,
        policies: CompiledPolicies,
        classes: Sequence[EndpointClass],
        ports: PortSpace,
        selection: Selection,
        direction: Direction,
        sources: int,
        destinations: int,
    ) -> None:
        self._selection, self._direction = selection, direction
        self._locals = sources if direction is Direction.EGRESS else destinations
        self._scope = Scope(direction, RulePorts(classes, ports), selection.everything, destinations)
        by_tier = {tier: list(same) for tier, same in groupby(self._select(policies), lambda one: one.ruleset.tier)}
        self._tiers = [made for tier in policies.tiers if (made := self._tier(tier, by_tier.get(tier, []), policies))]

    def at(self, destination: int) -> SideAt:
        """What this direction says of one destination."""
        tiers = (self._tier_at(tier, destination) for tier in self._tiers)
        return SideAt(self._selection.everything, tuple(tier for tier in tiers if tier))

    def _tier_at(self, tier: _Tier, destination: int) -> TierAt | None:
        isolated, gap, unsure = tier.isolated, tier.gap, tier.unsure
        if self._direction is Direction.INGRESS:  # here the pod itself is isolated, for every source
            everything = self._selection.everything
            isolated = Bits(*(everything if mask >> destination & 1 else 0 for mask in isolated))
            gap, unsure = (everything if mask >> destination & 1 else 0 for mask in (gap, unsure))
        all_stages = [stage.at(destination) for stage in tier.stages]
        stages = [stage for stage in all_stages if stage]
        if not (stages or isolated.possible or gap or unsure):
            return None
        before = sum(1 for stage in all_stages[: tier.since] if stage)
        return TierAt(tier.tier, stages or NOTHING, isolated, gap, unsure, before)

    # Preparation -----------------------------------------------------------------------------------------------

    def _select(self, policies: CompiledPolicies) -> Iterator[Selected]:
        """The rulesets that count, in the order of evaluation."""
        applying = Applying(self._selection, self._direction)
        rulesets = [r for same in policies.rulesets.values() for r in same if r.direction is self._direction]
        for ruleset in sorted(rulesets, key=lambda r: r.position):
            if not self._selection.near(ruleset.subject) & self._locals:
                continue
            chosen = self._selection.pods(ruleset.subject)
            subjects = Bits(chosen.certain & self._locals, chosen.possible & self._locals)
            if subjects.possible:
                yield Selected(ruleset, subjects, [list(applying(rule, subjects)) for rule in ruleset.rules])

    def _tier(self, tier: Tier, members: Sequence[Selected], policies: CompiledPolicies) -> _Tier | None:
        names = self._selection.by_namespace.items()
        gap = union(mask for name, mask in names if policies.gap(name, tier))
        unsure = union(mask for name, mask in names if policies.unsure(name, tier))
        if not (members or gap or unsure):
            return None
        # Where all is known, those that only allow add up on both sides of what is not there.
        before, after = since(members, policies.first_network_policy) if unsure else ((), members)
        first = list(prepared(before, self._scope))
        isolated = join([one.subjects for one in members if one.ruleset.isolates])
        return _Tier(tier, [*first, *prepared(after, self._scope)], len(first), isolated, gap, unsure)
