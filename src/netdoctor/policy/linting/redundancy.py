"""What could go without any verdict changing: policies first, then what is in those that stay.

What is named may go alone, and all that is named may go together: what is found is taken away before the search
goes on, so that of two policies that say the same only one is named.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial

from netdoctor.cluster.objects import NetworkPolicy
from netdoctor.model.refs import ObjectRef
from netdoctor.policy.linting.comparing import WITHOUT_EFFECT, Effect
from netdoctor.policy.linting.covering import covering
from netdoctor.policy.linting.cuts import Cut, cut_all, cut_at, is_within, part_paths
from netdoctor.policy.linting.finding import Answer, Finding, NotJudged
from netdoctor.policy.linting.query import Query
from netdoctor.policy.linting.standing import Standing, Taken
from netdoctor.policy.rules import Direction, Ruleset

_MOST_OTHERS = 3  # that are worth naming
_UNKNOWN = "flows that it concerns depend on what is not known: an address, a label, a DNS name, an order, a policy"


def redundant(standing: Standing, policies: Collection[ObjectRef], told: Collection[ObjectRef]) -> Iterator[Answer]:
    """All of it, in the order of the search; `standing` is what is left of the policies then.

    Args:
        standing: the policies.
        policies: those that are asked about.
        told: what does nothing for a reason that is known already.
    """
    search = _Search(standing, told)
    for candidates in (_policies, _directions, _rules, _parts):
        # The last first: of two that say the same, the first stays.
        for policy in sorted(policies, reverse=True):
            for ref, cutter in candidates(standing, policy):
                yield from search(ref, cutter)


Cutter = Callable[[Standing], Sequence[Cut]]  # the same part, in what is left of the policies and in all of them
Candidates = Iterator[tuple[ObjectRef, Cutter]]


class _Search:
    def __init__(self, standing: Standing, told: Collection[ObjectRef]) -> None:
        self._standing, self._told = standing, frozenset(told)
        self._all = standing.copy()
        self._unknown: set[ObjectRef] = set()

    def __call__(self, ref: ObjectRef, cutter: Cutter) -> Iterator[Answer]:
        cuts = cutter(self._standing)
        if self._is_told(ref) or not cuts:
            return
        taken = self._standing.without(cuts)
        effect = taken.effect if taken.effect not in WITHOUT_EFFECT else self._all.without(cutter(self._all)).effect
        if effect in WITHOUT_EFFECT:
            others = covering(self._standing, taken) if taken.effect is Effect.NONE else ()
            self._standing.take(taken)
            yield Finding(Query.REDUNDANCY, ref, _because(ref, taken, others), _fix(ref, cuts), others)
        elif effect is Effect.UNKNOWN and ref.object not in self._unknown:
            self._unknown.add(ref.object)
            yield NotJudged(Query.REDUNDANCY, ref, _UNKNOWN)

    def _is_told(self, ref: ObjectRef) -> bool:
        """Whether it, or what it is part of, is known to do nothing."""
        return any(ref.object == one.object and is_within(ref.path, one.path) for one in self._told)


def _policies(_standing: Standing, policy: ObjectRef) -> Candidates:
    yield policy, lambda standing: [cut_all(ruleset) for ruleset in standing.current(policy)]


def _directions(standing: Standing, policy: ObjectRef) -> Candidates:
    """Of a NetworkPolicy that has both."""
    both = standing.current(policy)
    if len(both) > 1 and both[0].isolates:
        for ruleset in both:
            if len(standing.current(policy)) == len(both):
                yield policy.at(_path(standing, ruleset)), partial(_direction_cuts, policy, ruleset.direction)


def _direction_cuts(policy: ObjectRef, direction: Direction, standing: Standing) -> Sequence[Cut]:
    return [cut_all(ruleset) for ruleset in standing.current(policy) if ruleset.direction is direction]


def _path(standing: Standing, ruleset: Ruleset) -> str:
    """The field of a direction; without rules, the entry of policyTypes is all that makes it count."""
    policy = standing.matrix.policies.snapshot.find(ruleset.policy)
    if ruleset.rules or not isinstance(policy, NetworkPolicy):
        return f"spec.{ruleset.direction.field}"
    return f"spec.policyTypes[{policy.spec.policy_types.index(ruleset.direction.value)}]"


def _rules(standing: Standing, policy: ObjectRef) -> Candidates:
    for ruleset in standing.current(policy):
        for rule in reversed(ruleset.rules):
            yield rule.ref, partial(_cuts, rule.ref)


def _parts(standing: Standing, policy: ObjectRef) -> Candidates:
    for ruleset in standing.current(policy):
        for rule in ruleset.rules:
            for path in part_paths(rule):
                yield policy.at(path), partial(_cuts, policy.at(path))


def _cuts(ref: ObjectRef, standing: Standing) -> Sequence[Cut]:
    """What the path means in what is left of the policy by now."""
    return [cut for ruleset in standing.current(ref.object) if (cut := cut_at(ruleset, ref.path))]


def _because(ref: ObjectRef, taken: Taken, others: Sequence[ObjectRef]) -> str:
    if taken.effect is Effect.NONE_BY_THE_OTHER_END:
        return "no flow is allowed or denied because of it: where it would matter, the policies of the other end deny"
    if all(cut.whole.isolates and not cut.gone.rules for cut in taken.cuts):
        return "other policies isolate every pod that it selects; it would only count for pods to come"
    if not others:
        return "no flow is allowed or denied because of it"
    named = ", ".join(_named(ref, other) for other in others[:_MOST_OTHERS])
    more = f" and {len(others) - _MOST_OTHERS} more" if len(others) > _MOST_OTHERS else ""
    return f"{named}{more} {'says' if len(others) == 1 else 'say'} the same already"


def _named(ref: ObjectRef, other: ObjectRef) -> str:
    """Of the same policy, the path alone."""
    return other.path if other.object == ref.object and other.path else str(other)


def _fix(ref: ObjectRef, cuts: Sequence[Cut]) -> str:
    if not ref.path:
        return f"delete {ref}"
    cut = cuts[0]
    direction = cut.whole.direction
    if cut.left is None:
        other = next(one for one in Direction if one is not direction)
        also = f" and remove {ref.path}" if cut.gone.rules else ""
        return f"set spec.policyTypes to [{other}]{also}"
    if cut.whole.isolates and not cut.left.rules:
        # Without a rule and without policyTypes, an API server would take the direction for one that does not count.
        return f"remove {ref.path}, and keep {direction} in spec.policyTypes"
    return f"remove {ref.path}"
