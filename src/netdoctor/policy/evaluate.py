"""One side of a flow, tier by tier: every way in which its evaluation may end, as far as is known.

Without doubts there is one way. Where a rule may match, or policies are not known, there are more, and the side's
answer is certain only if they agree.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, groupby

from netdoctor.model.refs import ObjectRef
from netdoctor.policy.flow import Endpoint, Flow
from netdoctor.policy.match import Remote, chooses, peer_misses, pod_misses, remote_end
from netdoctor.policy.port_match import admits_port
from netdoctor.policy.profile import CNIProfile
from netdoctor.policy.rules import Action, Direction, Rule, Ruleset, Tier
from netdoctor.policy.verdict import Miss


@dataclass(frozen=True, slots=True)
class Asked:
    """One side of a flow: its own end, and the one that peers are about."""

    flow: Flow
    direction: Direction
    local: Endpoint
    remote: Remote

    @classmethod
    def of(cls, flow: Flow, direction: Direction, profile: CNIProfile) -> Asked:
        """One side of a flow under a network plugin."""
        return cls(flow, direction, flow.ends(direction)[0], remote_end(flow, direction, profile))


@dataclass(frozen=True, slots=True)
class Outcome:
    """One way to end, or the doubt about a rule that passes.

    Attributes:
        answer: None where the API leaves it undefined, or where policies are not known.
        decided_by: the rule or peer; None where no rule decides.
        doubts: what keeps it from being certain.
    """

    answer: Action | None
    decided_by: ObjectRef | None = None
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Hit:
    """A rule that matches: certainly, or perhaps where there are doubts."""

    rule: Rule
    ref: ObjectRef
    doubts: tuple[str, ...]

    @property
    def outcome(self) -> Outcome:
        return Outcome(self.rule.action, self.ref, self.doubts)


_Ends = Generator[Outcome, None, bool]  # returns whether the evaluation ends there for certain


def outcomes(
    rulesets: Sequence[Ruleset], asked: Asked, reached: list[Rule], gap: Callable[[Tier], str] = lambda _: ""
) -> Iterator[Outcome]:
    """All ways to end.

    Args:
        rulesets: those that select the end, or may, in the order of evaluation.
        asked: the side.
        reached: is given the rules that are evaluated and do not match for certain, in their order.
        gap: why not all policies of a tier are known; empty if they are.
    """
    for tier in Tier:
        members = tuple(ruleset for ruleset in rulesets if ruleset.tier is tier)
        evaluated = _unordered if tier is Tier.NETWORK_POLICY else _ordered
        if (yield from evaluated(members, asked, reached, gap(tier))):
            return
    yield Outcome(Action.ALLOW)


def _unordered(members: Sequence[Ruleset], asked: Asked, reached: list[Rule], gap: str) -> _Ends:
    """Policies that add up: any rule that matches allows, whatever other policies say."""
    perhaps = []
    for ruleset in members:
        for rule in ruleset.rules:
            hit = _hit(rule, asked)
            if hit and not hit.doubts:
                yield hit.outcome
                return True
            reached.append(rule)
            if hit:
                perhaps.append(hit.outcome)
    yield from perhaps
    if gap:
        yield Outcome(None, doubts=(gap,))
    if any(ruleset.isolates for ruleset in members):
        yield Outcome(Action.DENY)
        return True
    return False


def _ordered(members: Sequence[Ruleset], asked: Asked, reached: list[Rule], gap: str) -> _Ends:
    """Policies of which the first rule that matches decides; one that is not known may come before all others."""
    if gap:
        yield Outcome(None, doubts=(gap,))
    may_pass = False
    for priority, same in groupby(members, key=lambda ruleset: ruleset.priority):
        by_policy = [hits for ruleset in same if (hits := tuple(_first_hits(ruleset, asked, reached)))]
        hits = tuple(chain.from_iterable(by_policy))
        if len(by_policy) > 1 and len({hit.rule.action for hit in hits}) > 1:
            yield Outcome(None, doubts=(_tie(hits, priority),))
            return True
        for hit in hits:
            if hit.doubts:
                yield hit.outcome
                may_pass = may_pass or hit.rule.action is Action.PASS
        certain = next((hit for hit in hits if not hit.doubts), None)
        if certain and certain.rule.action is Action.PASS:
            return False
        if certain:
            yield certain.outcome
            return not may_pass
    return False


def _first_hits(ruleset: Ruleset, asked: Asked, reached: list[Rule]) -> Iterator[_Hit]:
    """The first rule that matches for certain, and those before it that may."""
    doubts: tuple[str, ...] = ()
    if not asked.local.namespace_read and (misses := tuple(pod_misses(ruleset.subject, asked.local))):
        doubts = (_doubt(ruleset.policy.at(ruleset.subject.path), misses),)
    for rule in ruleset.rules:
        hit = _hit(rule, asked)
        if hit is None or hit.doubts or doubts:
            reached.append(rule)
        if hit is not None:
            yield _Hit(rule, hit.ref, doubts + hit.doubts)
            if not hit.doubts:
                return


def _hit(rule: Rule, asked: Asked) -> _Hit | None:
    """A match at a peer, or at the rule itself where it has no peers."""
    if not admits_port(rule, asked.flow):
        return None
    if not rule.peers:
        return _Hit(rule, rule.ref, ())
    perhaps: list[tuple[ObjectRef, str]] = []
    for peer in rule.peers:
        known = chooses(peer, asked.remote.endpoint)
        if known is False:
            continue
        misses = () if known else tuple(_until_certain(peer_misses(peer, asked.remote)))
        if not misses:
            return _Hit(rule, rule.ref.at(peer.path), ())
        if misses[-1].kind.uncertain:
            ref = rule.ref.at(peer.path)
            perhaps.append((ref, _doubt(ref, misses)))
    return _Hit(rule, perhaps[0][0], tuple(doubt for _, doubt in perhaps)) if perhaps else None


def _until_certain(misses: Iterator[Miss]) -> Iterator[Miss]:
    """Up to the first that is certain: no more is needed to know that it is no match."""
    for miss in misses:
        yield miss
        if not miss.kind.uncertain:
            return


def _doubt(ref: ObjectRef, misses: Sequence[Miss]) -> str:
    return f"cannot be known: {ref} {'; '.join(map(str, misses))}"


def _tie(hits: Sequence[_Hit], priority: int) -> str:
    rules = " and ".join(f"{hit.ref} ({hit.rule.action_text})" for hit in hits)
    return f"undefined by the API: {rules} match at the same priority {priority}"
