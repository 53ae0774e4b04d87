"""What tiers make of sets of sources: first match, Pass, isolation, and ties that the API leaves undefined."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from netdoctor.policy.matching import Bits, union
from netdoctor.policy.rules import Action, Tier


class Match(NamedTuple):
    """A rule at one destination class: what it does with which sources on which ports."""

    action: Action
    ports: int
    sources: Bits


class Group(NamedTuple):
    """Rulesets of one tier and priority, whose order the API leaves undefined."""

    tier: Tier
    rulesets: list[list[Match]]


def through_tiers(  # noqa: PLR0913 - both kinds of tiers
    groups: Sequence[Group], ports: int, everything: int, isolated: int, allowed_in_isolation: int, *, certain: bool
) -> int:
    """Sources that pass: tier by tier, what is decided is out; a tier that isolates a pod is its last."""
    if not groups:
        return allowed_in_isolation | everything & ~isolated
    allowed, undecided = _walk([g for g in groups if g.tier is Tier.ADMIN], ports, everything, certain=certain)
    allowed |= undecided & isolated & allowed_in_isolation
    undecided &= ~isolated
    more, undecided = _walk([g for g in groups if g.tier is Tier.BASELINE], ports, undecided, certain=certain)
    return allowed | more | undecided


def _walk(groups: Sequence[Group], ports: int, sources: int, *, certain: bool) -> tuple[int, int]:
    """(allowed, left to the next tier) of some sources after the ordered rulesets of one tier."""
    allowed, passed, undecided = 0, 0, sources
    for group in groups:
        outcomes = [_first_matches(rules, ports, undecided, certain=certain) for rules in group.rulesets]
        admits, denies, passes = (union(column) for column in zip(*outcomes, strict=True))
        tied = admits & denies | admits & passes | denies & passes
        allowed |= admits & ~tied | (0 if certain else tied)
        passed |= passes & ~tied
        undecided &= ~(admits | denies | passes)
    return allowed, passed | undecided


def _first_matches(rules: list[Match], ports: int, undecided: int, *, certain: bool) -> tuple[int, int, int]:
    """(allowed, denied, passed) by the first rule that matches; in doubt, denied where certainty is wanted."""
    allowed = denied = passed = 0
    for action, mask, (sure, perhaps) in rules:
        if not mask & ports:
            continue
        matching = undecided & (perhaps if (action is Action.ALLOW) is not certain else sure)
        if action is Action.ALLOW:
            allowed |= matching
        elif action is Action.DENY:
            denied |= matching
        else:
            passed |= undecided & sure
            doubtful = undecided & perhaps & ~sure
            matching = undecided & perhaps
            allowed, denied = (allowed, denied | doubtful) if certain else (allowed | doubtful, denied)
        undecided &= ~matching
    return allowed, denied, passed
