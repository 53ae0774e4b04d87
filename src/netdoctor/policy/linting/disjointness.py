"""Policies of one kind that select common pods in the same direction."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from netdoctor.model.refs import ObjectRef
from netdoctor.policy.kinds import is_kubernetes
from netdoctor.policy.linting.finding import Finding
from netdoctor.policy.linting.query import Query
from netdoctor.policy.linting.standing import Standing
from netdoctor.policy.rules import Direction, Ruleset, Tier
from netdoctor.policy.selection import first

_MOST_NAMED = 3


def overlapping(standing: Standing, policies: Collection[ObjectRef]) -> Iterator[Finding]:
    """One finding for each policy and direction, about the policies that come after it by name."""
    for direction in Direction:
        rulesets = [
            ruleset
            for same in standing.rulesets.values()
            for ruleset in same
            if ruleset.direction is direction and is_kubernetes(ruleset.policy) and standing.subjects(ruleset).certain
        ]
        rulesets.sort(key=lambda ruleset: ruleset.policy)
        for number, ruleset in enumerate(rulesets):
            asked = ruleset.policy in policies
            after = (other for other in rulesets[number + 1 :] if asked or other.policy in policies)
            common = [other for other in after if _comparable(ruleset, other) and _common(standing, ruleset, other)]
            if common:
                yield _finding(standing, ruleset, common)


def _comparable(one: Ruleset, other: Ruleset) -> bool:
    """Policies of different tiers are meant to select common pods."""
    same_place = one.policy.namespace == other.policy.namespace
    return one.tier == other.tier and (one.tier != Tier.NETWORK_POLICY or same_place)


def _common(standing: Standing, one: Ruleset, other: Ruleset) -> int:
    return standing.subjects(one).certain & standing.subjects(other).certain


def _finding(standing: Standing, ruleset: Ruleset, common: Collection[Ruleset]) -> Finding:
    others = tuple(other.policy for other in common)
    named = ", ".join(map(str, others[:_MOST_NAMED]))
    more = f" and {len(others) - _MOST_NAMED} more" if len(others) > _MOST_NAMED else ""
    mask = _common(standing, ruleset, next(iter(common)))
    pod = standing.matrix.classes[first(mask)].members[0]
    because = f"for {ruleset.direction.field} it selects pods that {named}{more} select too: {pod.ref}, for one"
    return Finding(Query.DISJOINTNESS, ruleset.policy.at(ruleset.subject.path), because, others=others)
