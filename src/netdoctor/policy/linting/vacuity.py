"""Whether policies do anything at all, and whether those that deny ever do."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from netdoctor.model.refs import ObjectRef
from netdoctor.policy.linting.comparing import WITHOUT_EFFECT, Effect
from netdoctor.policy.linting.cuts import Cut, cut_all, cut_rules
from netdoctor.policy.linting.finding import Answer, Finding, NotJudged
from netdoctor.policy.linting.query import Query
from netdoctor.policy.linting.standing import Standing
from netdoctor.policy.rules import Action, Ruleset

_MOST_NAMED = 3


def vacuous(standing: Standing, policies: Collection[ObjectRef]) -> Iterator[Answer]:
    """Of some policies together."""
    rulesets = [ruleset for policy in sorted(policies) for ruleset in standing.current(policy)]
    selecting = [ruleset for ruleset in rulesets if standing.subjects(ruleset).possible]
    if not selecting:
        return
    effect = standing.without([cut_all(ruleset) for ruleset in rulesets]).effect
    if effect is Effect.UNKNOWN:
        yield NotJudged(Query.VACUITY, None, "whether all policies together deny anything depends on what is not known")
    elif effect in WITHOUT_EFFECT:
        count = len({ruleset.policy for ruleset in rulesets})
        them = "the only policy denies" if count == 1 else f"all {count} policies together deny"
        yield Finding(Query.VACUITY, None, f"{them} nothing: every flow passes as without any")
        return
    yield from _denying(standing, rulesets)


def _denying(standing: Standing, rulesets: Sequence[Ruleset]) -> Iterator[Answer]:
    """The rules with action Deny, all together."""
    cuts = [cut for ruleset in rulesets if (cut := _denials(ruleset)).gone.rules]
    if not cuts:
        return
    effect = standing.without(cuts).effect
    if effect is Effect.UNKNOWN:
        yield NotJudged(Query.VACUITY, None, "whether rules that deny ever do depends on what is not known")
    elif effect in WITHOUT_EFFECT:
        denials = [rule.ref for cut in cuts for rule in cut.gone.rules]
        named = ", ".join(map(str, denials[:_MOST_NAMED]))
        more = f" and {len(denials) - _MOST_NAMED} more" if len(denials) > _MOST_NAMED else ""
        because = f"no rule with action Deny denies anything that would pass without it: {named}{more}"
        yield Finding(Query.VACUITY, None, because, others=tuple(denials))


def _denials(ruleset: Ruleset) -> Cut:
    return cut_rules(ruleset, tuple(rule for rule in ruleset.rules if rule.action is Action.DENY))
