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


class Group(NamedTuple):
    """Rulesets of one tier and priority, whose order the API leaves undefined."""

    tier: Tier
    rulesets: Sequence[Sequence[Match]]


@dataclass(frozen=True, slots=True)
class SideAt:
    """One direction at one destination.

    Attributes:
        everything: all sources.
        groups: what ordered tiers say.
        isolated: sources for whom nothing passes the NetworkPolicies but what `allowed` says.
        allowed: by ports, the sources that NetworkPolicies allow on all of them.
        gaps: by tier, the sources for whom its policies are not all known.
    """

    everything: int
    groups: Sequence[Group]
    isolated: int
    allowed: Mapping[int, Bits]
    gaps: Mapping[Tier, int]

    def port_masks(self) -> set[int]:
        """The sets of ports that make a difference here."""
        return {*self.allowed, *(match.ports for group in self.groups for rules in group.rulesets for match in rules)}

    def sources(self, ports: int, *, certain: bool) -> int:
        """Those that pass on ports that no rule divides: certainly, or perhaps."""
        found = 0
        for mask, sources in self.allowed.items():
            if mask & ports:
                found |= sources.certain if certain else sources.possible
        if not self.groups and not self.gaps:
            return found | self.everything & ~self.isolated
        return self._through_tiers(ports, found, certain=certain)

    def _through_tiers(self, ports: int, allowed_in_isolation: int, *, certain: bool) -> int:
        """Tier by tier, what is decided is out; the NetworkPolicies are the last for whom they isolate."""
        gap = self.gaps.get(Tier.ADMIN, 0)
        admin = _walk(self.groups, Tier.ADMIN, ports, self.everything & ~gap, certain=certain)
        undecided = admin.left | admin.doubtful
        gap_below = self.gaps.get(Tier.NETWORK_POLICY, 0)
        below = undecided & (self.isolated | gap_below) & allowed_in_isolation
        below |= 0 if certain else undecided & gap_below
        undecided &= ~(self.isolated | gap_below)
        last_gap = undecided & self.gaps.get(Tier.BASELINE, 0)
        baseline = _walk(self.groups, Tier.BASELINE, ports, undecided & ~last_gap, certain=certain)
        below |= _joined(baseline, baseline.left | baseline.doubtful, certain=certain)
        below |= 0 if certain else last_gap
        return _joined(admin, below, certain=certain) | (0 if certain else gap)


class _Walked(NamedTuple):
    """Sources after one tier. Those in `doubtful` are in `allowed`, in `left` or denied, or have passed after all."""

    allowed: int
    left: int
    doubtful: int


def _joined(walked: _Walked, below: int, *, certain: bool) -> int:
    """A tier and what those below it allow: in doubt both must, or either may."""
    if certain:
        return walked.allowed & ~walked.doubtful | walked.allowed & below | walked.left & below
    return walked.allowed | (walked.left | walked.doubtful) & below


def _walk(groups: Sequence[Group], tier: Tier, ports: int, sources: int, *, certain: bool) -> _Walked:
    allowed, passed, doubtful, undecided = 0, 0, 0, sources
    for group in groups:
        if group.tier != tier:
            continue
        tied = _tied(group.rulesets, ports, undecided) if len(group.rulesets) > 1 else 0
        undecided &= ~tied
        allowed |= 0 if certain else tied
        for rules in group.rulesets:
            admits, denies, passes, perhaps = _first_matches(rules, ports, undecided, certain=certain)
            allowed |= admits
            passed |= passes
            doubtful |= perhaps
            undecided &= ~(admits | denies | passes)
    return _Walked(allowed, passed | undecided, doubtful)


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


def _first_matches(rules: Sequence[Match], ports: int, undecided: int, *, certain: bool) -> tuple[int, int, int, int]:
    """(allowed, denied, passed, passed perhaps) by the first rule that matches."""
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
