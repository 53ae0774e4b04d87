"""Answers at one destination in which some sources get those of other policies."""

from __future__ import annotations

from collections.abc import Collection

from netdoctor.policy.matching import Bits, join
from netdoctor.policy.rules import Tier
from netdoctor.policy.tiers import NOTHING, Group, Match, SideAt, Stage, TierAt, Uniform


def merged(old: SideAt, tiers: Collection[Tier], new: SideAt, sources: int) -> SideAt:
    """With some tiers as they are in another answer, for some sources; what is not known stays not known."""
    olds, news = ({one.tier: one for one in side.tiers} for side in (old, new))
    found = {tier: one for tier, one in news.items() if tier in tiers} | olds
    found |= {tier: _merged(olds[tier], news.get(tier), sources) for tier in tiers if tier in olds}
    return SideAt(old.everything, tuple(found[tier] for tier in sorted(found) if not found[tier].is_empty))


def _merged(old: TierAt, new: TierAt | None, sources: int) -> TierAt:
    """The stages of both one after the other, since no source meets two of them.

    What is not known may come before all of them then, which leaves more open than there need be.
    """
    stages = [stage for one in old.stages if (stage := _but(one, sources))]
    if new is None:
        return old._replace(stages=stages or NOTHING, isolated=_outside(old.isolated, sources), since=0)
    isolated = join((_outside(old.isolated, sources), _outside(new.isolated, ~sources)))
    kept, added = (one[0] if len(one) == 1 else None for one in (stages, new.stages))
    if isinstance(kept, Uniform) and isinstance(added, Uniform) and kept.action is added.action:
        by_ports = dict(kept.by_ports)
        for ports, more in added.by_ports.items():
            known = by_ports.get(ports)
            by_ports[ports] = join((known, more)) if known else more
        return old._replace(stages=(Uniform(kept.action, by_ports),), isolated=isolated, since=0)
    return old._replace(stages=[*stages, *new.stages], isolated=isolated, since=0)


def _but(stage: Stage, sources: int) -> Stage | None:
    """A stage for other sources than these; None where nothing of it is left."""
    if isinstance(stage, Uniform):
        others = {ports: _outside(bits, sources) for ports, bits in stage.by_ports.items() if bits.possible & ~sources}
        return Uniform(stage.action, others) if others else None
    found = [[_match_but(match, sources) for match in rules] for rules in stage.rulesets]
    left = [kept for rules in found if (kept := [match for match in rules if match.sources.possible])]
    return Group(left) if left else None


def _match_but(match: Match, sources: int) -> Match:
    return match._replace(sources=_outside(match.sources, sources), reaching=match.reaching & ~sources)


def _outside(bits: Bits, sources: int) -> Bits:
    return Bits(bits.certain & ~sources, bits.possible & ~sources)
