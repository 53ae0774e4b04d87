"""What can be taken out of a policy: all of it, one direction, a rule, a peer, a port."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from netdoctor.model.refs import ObjectRef
from netdoctor.policy.rules import Direction, Rule, Ruleset, Tier, UnknownPeer


@dataclass(frozen=True, slots=True)
class Cut:
    """Something is taken out of a ruleset.

    Attributes:
        whole: the ruleset.
        left: what stays of it; None where it goes altogether, and with it the isolation.
        gone: the ruleset with nothing in it but what is taken out.
    """

    whole: Ruleset
    left: Ruleset | None
    gone: Ruleset

    @classmethod
    def all_of(cls, ruleset: Ruleset) -> Cut:
        """The ruleset itself."""
        return cls(ruleset, None, ruleset)


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something that can be taken out, by its reference."""

    ref: ObjectRef
    cuts: tuple[Cut, ...]


def whole_policies(rulesets: Iterable[Ruleset]) -> Iterator[Candidate]:
    """Each policy."""
    for policy, mine in _by_policy(rulesets).items():
        yield Candidate(policy, tuple(map(Cut.all_of, mine)))


def directions(rulesets: Iterable[Ruleset]) -> Iterator[Candidate]:
    """Each direction of the NetworkPolicies that have both."""
    for policy, mine in _by_policy(rulesets).items():
        if len(mine) > 1 and mine[0].isolates:
            for ruleset in mine:
                # One that has no rules for a direction is told by what makes it count there.
                path = f"spec.{ruleset.direction.field}" if ruleset.rules else "spec.policyTypes"
                yield Candidate(policy.at(path), (Cut.all_of(ruleset),))


def rules(rulesets: Iterable[Ruleset]) -> Iterator[Candidate]:
    """Each rule."""
    for ruleset in rulesets:
        for number, rule in enumerate(ruleset.rules):
            left = (*ruleset.rules[:number], *ruleset.rules[number + 1 :])
            yield Candidate(rule.ref, (_cut(ruleset, left, rule),))


def parts(rulesets: Iterable[Ruleset]) -> Iterator[Candidate]:
    """Each peer and each port of a rule that has others: without any, it would match everything."""
    for ruleset in rulesets:
        for rule in ruleset.rules:
            for smaller, part in (*_without_peers(rule), *_without_ports(rule)):
                left = tuple(smaller if one is rule else one for one in ruleset.rules)
                path = part.peers[0].path if part.peers != rule.peers else part.ports[0].path
                yield Candidate(rule.ref.at(path), (_cut(ruleset, left, part),))


def renewed(candidate: Candidate, now: Mapping[tuple[ObjectRef, Direction, Tier], Ruleset]) -> Candidate | None:
    """The same where rulesets have lost something meanwhile; None where it went with that."""
    return (
        candidate
        if all(_key(cut.whole) in now and now[_key(cut.whole)] is cut.whole for cut in candidate.cuts)
        else None
    )


def _without_peers(rule: Rule) -> Iterator[tuple[Rule, Rule]]:
    if len(rule.peers) > 1 and not any(isinstance(peer, UnknownPeer) for peer in rule.peers):
        for peer in rule.peers:
            yield replace(rule, peers=tuple(one for one in rule.peers if one is not peer)), replace(rule, peers=(peer,))


def _without_ports(rule: Rule) -> Iterator[tuple[Rule, Rule]]:
    if len(rule.ports) > 1:
        for port in rule.ports:
            yield replace(rule, ports=tuple(one for one in rule.ports if one is not port)), replace(rule, ports=(port,))
