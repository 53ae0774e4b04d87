"""What the policies that select a pod say in one direction, as one or two chains.

The tiers follow one another in a chain. Where a rule passes on to the next tier, the tiers after the first have a
chain of their own to go to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from netdoctor.lab.nft.statements import DROP, goto
from netdoctor.lab.nft.table import Chain
from netdoctor.lab.nft.table import Rule as Line
from netdoctor.lab.nft.table import rule as line
from netdoctor.policy.rules import Action, Rule, Ruleset, Tier

Compile = Callable[[Rule, bytes], Iterable[Line]]


def policy_chains(name: str, rulesets: Sequence[Ruleset], allowed: bytes, compiled: Compile) -> list[Chain]:
    """The chain of that name, and what it goes to.

    Args:
        name: of the first chain.
        rulesets: in the order of evaluation.
        allowed: what is done with a packet that may pass.
        compiled: a rule and what is done where it matches, as lines.
    """
    admin = [ruleset for ruleset in rulesets if ruleset.tier == Tier.ADMIN]
    below = [ruleset for ruleset in rulesets if ruleset.tier != Tier.ADMIN]
    next_tier = f"{name}/next-tier"
    first = list(_lines(admin, {Action.ALLOW: allowed, Action.PASS: goto(next_tier)}, compiled))
    rest = list(_below_admin(below, allowed, compiled))
    if not _passes(admin):
        return [Chain(name, [*first, *rest])]
    return [Chain(name, [*first, line(goto(next_tier))]), Chain(next_tier, rest)]


def _below_admin(rulesets: Sequence[Ruleset], allowed: bytes, compiled: Compile) -> Iterator[Line]:
    """NetworkPolicies are the last for pods that they isolate; after the last tier, all is allowed."""
    network = [ruleset for ruleset in rulesets if ruleset.tier == Tier.NETWORK_POLICY]
    actions = {Action.ALLOW: allowed, Action.PASS: allowed}
    yield from _lines(network, actions, compiled)
    if isolating := [str(ruleset.policy) for ruleset in network if ruleset.isolates]:
        yield line(DROP, comment=f"isolated by {', '.join(isolating)}")
        return
    yield from _lines([one for one in rulesets if one.tier == Tier.BASELINE], actions, compiled)
    yield line(allowed)


def _lines(rulesets: Iterable[Ruleset], actions: dict[Action, bytes], compiled: Compile) -> Iterator[Line]:
    for ruleset in rulesets:
        for rule in ruleset.rules:
            yield from compiled(rule, actions.get(rule.action, DROP))


def _passes(rulesets: Iterable[Ruleset]) -> bool:
    return any(rule.action is Action.PASS for ruleset in rulesets for rule in ruleset.rules)
