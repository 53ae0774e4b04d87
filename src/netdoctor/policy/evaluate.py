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
from netdoctor.policy.match import chooses, peer_misses
from netdoctor.policy.pod_match import chooses_pod, pod_misses
from netdoctor.policy.port_match import admits_port, named_port_misses, source_port_misses
from netdoctor.policy.profile import CNIProfile
from netdoctor.policy.remote import Remote, local_end, remote_end
from netdoctor.policy.rules import FIRST_PRIORITY, KUBERNETES_TIERS, Action, Direction, Priority, Rule, Ruleset, Tier
from netdoctor.policy.verdict import Miss


@dataclass(frozen=True, slots=True)
class Asked:
    """One side of a flow: its own end, and the one that peers are about."""

    flow: Flow
    direction: Direction
    local: Endpoint
    remote: Remote
    profile: CNIProfile

    @classmethod
    def of(cls, flow: Flow, direction: Direction, profile: CNIProfile) -> Asked:
        """One side of a flow under a network plugin."""
        return cls(flow, direction, flow.ends(direction)[0], remote_end(flow, direction, profile), profile)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One way to end, or the doubt about a rule that passes.

    Attributes:
        answer: None where the API leaves it undefined, or where policies are not known.
        decided_by: the rule or peer; None where no rule decides.
        doubts: what keeps it from being certain.
        isolated_by: the policies of the tier at whose end it is denied.
    """

    answer: Action | None
    decided_by: ObjectRef | None = None
    doubts: tuple[str, ...] = ()
    isolated_by: tuple[ObjectRef, ...] = ()


@dataclass(frozen=True, slots=True)
class Gaps:
    """The tiers there are, and what is not known of their policies.

    Attributes:
        tiers: in the order of evaluation.
        before: why there may be policies of a tier that come before all others; empty if there are none.
        unsure: why there may be more in a tier that only allow and isolate.
        since: and where in the tier the first of those may stand.
    """

    tiers: Sequence[Tier] = KUBERNETES_TIERS
    before: Callable[[Tier], str] = lambda _: ""
    unsure: Callable[[Tier], str] = lambda _: ""
    since: Priority = FIRST_PRIORITY


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


def outcomes(rulesets: Sequence[Ruleset], asked: Asked, reached: list[Rule], gaps: Gaps) -> Iterator[Outcome]:
    """All ways to end.

    Args:
        rulesets: those that select the end, or may, in the order of evaluation.
        asked: the side.
        reached: is given the rules that are evaluated and do not match for certain, in their order.
        gaps: the tiers, and what is not known of them.
    """
    for tier in gaps.tiers:
        members = tuple(ruleset for ruleset in rulesets if ruleset.tier == tier)
        if before := gaps.before(tier):
            yield Outcome(None, doubts=(before,))
        if (yield from _tier(members, asked, reached, gaps.unsure(tier), gaps.since)):
            return
    yield Outcome(Action.ALLOW)


def _tier(members: Sequence[Ruleset], asked: Asked, reached: list[Rule], unsure: str, since: Priority) -> _Ends:
    """One tier: by priority, the first rule that matches; at the end, isolation."""
    may_pass = False
    for priority, same in groupby(members, key=lambda ruleset: ruleset.priority):
        by_policy = _of_group(tuple(same), asked, reached)
        hits = tuple(chain.from_iterable(by_policy))
        if len(by_policy) > 1 and len({hit.rule.action for hit in hits}) > 1:
            yield Outcome(None, doubts=(_tie(hits, priority),))
            return True
        for hit in hits:
            if hit.doubts:
                yield hit.outcome
                may_pass = may_pass or hit.rule.action is Action.PASS
        certain = next((hit for hit in hits if not hit.doubts), None)
        if certain is None:
            continue
        if unsure and priority >= since and certain.rule.action is not Action.ALLOW:
            yield Outcome(None, doubts=(unsure,))
        if certain.rule.action is Action.PASS:
            return False
        yield certain.outcome
        return not may_pass
    if unsure:
        yield Outcome(None, doubts=(unsure,))
    return (yield from _isolation(members, asked)) and not may_pass


def _isolation(members: Sequence[Ruleset], asked: Asked) -> _Ends:
    """What the end of a tier does; nothing where none of its policies isolates."""
    isolating = [(ruleset, _subject_doubts(ruleset, asked)) for ruleset in members if ruleset.isolates]
    if not isolating:
        return False
    policies = tuple(dict.fromkeys(ruleset.policy for ruleset, _ in isolating))
    certain = any(not doubts for _, doubts in isolating)
    doubts = () if certain else tuple(doubt for _, found in isolating for doubt in found)
    yield Outcome(Action.DENY, doubts=doubts, isolated_by=policies)
    return certain


def _of_group(group: Sequence[Ruleset], asked: Asked, reached: list[Rule]) -> list[tuple[_Hit, ...]]:
    """The matches of each policy of one priority; once one allows for certain, those that only allow do not matter."""
    found: list[tuple[_Hit, ...]] = []
    allowed = False
    for ruleset in group:
        if allowed and all(rule.action is Action.ALLOW for rule in ruleset.rules):
            continue
        if hits := tuple(_first_hits(ruleset, asked, reached)):
            found.append(hits)
            allowed = allowed or (hits[-1].rule.action is Action.ALLOW and not hits[-1].doubts)
    return found


def _first_hits(ruleset: Ruleset, asked: Asked, reached: list[Rule]) -> Iterator[_Hit]:
    """The first rule that matches for certain, and those before it that may."""
    doubts = _subject_doubts(ruleset, asked)
    for rule in ruleset.rules:
        hit = _hit(rule, asked)
        if hit is None or hit.doubts or doubts:
            reached.append(rule)
        if hit is not None:
            yield _Hit(rule, hit.ref, doubts + hit.doubts)
            if not hit.doubts:
                return


def _subject_doubts(ruleset: Ruleset, asked: Asked) -> tuple[str, ...]:
    """Why it is not known whether a policy selects the end at all."""
    if chooses_pod(ruleset.subject, asked.local):
        return ()
    misses = tuple(pod_misses(ruleset.subject, asked.local))
    return (_doubt(ruleset.policy.at(ruleset.subject.path), misses),) if misses else ()


def _hit(rule: Rule, asked: Asked) -> _Hit | None:
    """A match at a peer, or at the rule itself where it has no peers."""
    unnamed = named_port_misses(rule, asked.flow)
    if not (unnamed or admits_port(rule, asked.flow)):
        return None
    narrowed = narrowing(rule, asked)
    if narrowed is None:
        return None
    narrowed += (_doubt(rule.ref, unnamed),) if unnamed else ()
    if not rule.peers:
        return _Hit(rule, rule.ref, narrowed)
    perhaps: list[tuple[ObjectRef, str]] = []
    for peer in rule.peers:
        known = chooses(peer, asked.remote.endpoint)
        if known is False:
            continue
        misses = () if known else tuple(_until_certain(peer_misses(peer, asked.remote)))
        if not misses:
            return _Hit(rule, rule.ref.at(peer.path), narrowed)
        if misses[-1].kind.uncertain:
            ref = rule.ref.at(peer.path)
            perhaps.append((ref, _doubt(ref, misses)))
    return _Hit(rule, perhaps[0][0], (*narrowed, *(doubt for _, doubt in perhaps))) if perhaps else None


def narrowing(rule: Rule, asked: Asked) -> tuple[str, ...] | None:
    """Doubts whether a rule is about the local end and the client's port; None where it is not."""
    if rule.locals is None and not rule.source_ports:
        return ()
    misses: list[Miss] = []
    if rule.locals is not None:
        misses += _until_certain(peer_misses(rule.locals, local_end(asked.flow, asked.direction, asked.profile)))
    misses += source_port_misses(rule, asked.flow)
    if any(not miss.kind.uncertain for miss in misses):
        return None
    return (_doubt(rule.ref, misses),) if misses else ()


def _until_certain(misses: Iterator[Miss]) -> Iterator[Miss]:
    """Up to the first that is certain: no more is needed to know that it is no match."""
    for miss in misses:
        yield miss
        if not miss.kind.uncertain:
            return


def _doubt(ref: ObjectRef, misses: Sequence[Miss]) -> str:
    return f"cannot be known: {ref} {'; '.join(map(str, misses))}"


def _tie(hits: Sequence[_Hit], priority: Priority) -> str:
    rules = " and ".join(f"{hit.ref} ({hit.rule.action_text})" for hit in hits)
    return f"undefined by the API: {rules} match at the same priority {priority}"


def matching(rulesets: Sequence[Ruleset], asked: Asked) -> Iterator[tuple[Rule, tuple[str, ...]]]:
    """Every rule that matches a side, whatever comes before it, with the doubts about that."""
    for ruleset in rulesets:
        doubts = _subject_doubts(ruleset, asked)
        for rule in ruleset.rules:
            if hit := _hit(rule, asked):
                yield rule, (*doubts, *hit.doubts)
