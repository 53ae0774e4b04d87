"""Which single rules say what a redundant part says: for each of its rules one that matches all of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from netdoctor.model.refs import ObjectRef
from netdoctor.policy.linting.cuts import Cut
from netdoctor.policy.linting.standing import Standing, Taken, replaced
from netdoctor.policy.rules import Rule, Ruleset, Tier
from netdoctor.policy.sides import Side
from netdoctor.policy.tiers import SideAt


class _Where(NamedTuple):
    near: Sequence[Ruleset]
    destinations: Iterable[int]  # at which the part says anything


def covering(standing: Standing, taken: Taken) -> tuple[ObjectRef, ...]:
    """The rules, and the policies that isolate; none where it takes several together to say the same."""
    found: dict[ObjectRef, None] = {}
    for cut in taken.cuts:
        left = list(replaced(standing.rulesets[cut.whole.policy.namespace], taken.cuts))
        near = [one for one in left if _concerns(standing, one, cut)]
        if cut.left is None and cut.whole.isolates:
            isolating = (one.policy for one in near if one.isolates and _selects_all(standing, one, cut))
            first = next(isolating, None)
            if first is None:
                return ()
            found |= {first: None} if not cut.gone.rules else {}
        for rule in cut.gone.rules:
            other = _covering(standing, cut, rule, _Where(near, taken.answers))
            if other is None:
                return ()
            found[other] = None
    return tuple(found)


def _concerns(standing: Standing, ruleset: Ruleset, cut: Cut) -> bool:
    same = ruleset.direction is cut.whole.direction and ruleset.tier == cut.whole.tier
    same = same and (ruleset.tier != Tier.NETWORK_POLICY or ruleset.policy.kind == cut.whole.policy.kind)
    return same and bool(standing.subjects(ruleset).possible & standing.subjects(cut.whole).possible)


def _selects_all(standing: Standing, ruleset: Ruleset, cut: Cut) -> bool:
    return not standing.subjects(cut.whole).possible & ~standing.subjects(ruleset).certain


def _covering(standing: Standing, cut: Cut, rule: Rule, where: _Where) -> ObjectRef | None:
    """The first rule that matches all that this one matches, and comes before it where there is an order."""
    mine = _alone(standing, cut, cut.whole, rule)
    concerned = [number for number in where.destinations if _matches(mine.at(number))]
    for ruleset, other in _before(cut, rule, where.near):
        theirs = _alone(standing, cut, ruleset, other)
        if all(_covers(theirs.at(number), mine.at(number)) for number in concerned):
            return other.ref
    return None


def _before(cut: Cut, rule: Rule, near: Sequence[Ruleset]) -> Iterator[tuple[Ruleset, Rule]]:
    for ruleset in near:
        if ruleset.tier != Tier.NETWORK_POLICY and ruleset.priority > cut.whole.priority:
            continue
        for other in ruleset.rules:
            if other.ref == rule.ref and ruleset.tier != Tier.NETWORK_POLICY:
                break  # those after it in its own policy
            if other.action is rule.action or ruleset.tier != Tier.NETWORK_POLICY:
                yield ruleset, other


def _alone(standing: Standing, cut: Cut, ruleset: Ruleset, rule: Rule) -> Side:
    locals_ = standing.subjects(cut.whole).possible
    return standing.side(ruleset.direction, [replace(ruleset, rules=(rule,))], locals_)


def _matches(answer: SideAt) -> list[tuple[int, int, int]]:
    """(ports, sources that match certainly, perhaps)."""
    return [(ports, *sources) for ports, sources in answer.matched()]


def _covers(theirs: SideAt, mine: SideAt) -> bool:
    outer = _matches(theirs)
    return all(
        any(not ports & ~other and not sources & ~certain for other, certain, _ in outer)
        for ports, _, sources in _matches(mine)
    )
