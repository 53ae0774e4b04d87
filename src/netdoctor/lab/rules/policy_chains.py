"""What the policies that select a pod say in one direction, as chains.

The tiers follow one another in a chain. Where a rule passes on to the next tier, the tiers after it have a chain of
their own to go to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby

from netdoctor.lab.nft.statements import DROP, goto
from netdoctor.lab.nft.table import Chain
from netdoctor.lab.nft.table import Rule as Line
from netdoctor.lab.nft.table import rule as line
from netdoctor.policy.rules import Action, Rule, Ruleset

Compile = Callable[[Rule, bytes], Iterable[Line]]


def policy_chains(name: str, rulesets: Sequence[Ruleset], allowed: bytes, compiled: Compile) -> list[Chain]:
    """The chain of that name, and what it goes to; after the last tier, all is allowed.

    Args:
        name: of the first chain.
        rulesets: in the order of evaluation.
        allowed: what is done with a packet that may pass.
        compiled: a rule and what is done where it matches, as lines.
    """
    tiers = [list(same) for _, same in groupby(rulesets, key=lambda one: one.tier)]
    chains: list[Chain] = []
    current, lines = name, list[Line]()
    for number, members in enumerate(tiers, 1):
        following = f"{name}/{number}" if number < len(tiers) and _passes(members) else ""
        lines += _lines(
            members, {Action.ALLOW: allowed, Action.PASS: goto(following) if following else allowed}, compiled
        )
        isolating = [str(ruleset.policy) for ruleset in members if ruleset.isolates]
        if isolating:
            lines.append(line(DROP, comment=f"isolated by {', '.join(isolating)}"))
        elif following:
            lines.append(line(goto(following)))
        if isolating and not following:  # no packet comes to the tiers after it
            return [*chains, Chain(current, lines)]
        if following:
            chains.append(Chain(current, lines))
            current, lines = following, []
    return [*chains, Chain(current, [*lines, line(allowed)])]


def _lines(rulesets: Iterable[Ruleset], actions: dict[Action, bytes], compiled: Compile) -> Iterator[Line]:
    for ruleset in rulesets:
        for rule in ruleset.rules:
            yield from compiled(rule, actions.get(rule.action, DROP))


def _passes(rulesets: Iterable[Ruleset]) -> bool:
    return any(rule.action is Action.PASS for ruleset in rulesets for rule in ruleset.rules)
