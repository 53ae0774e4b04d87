"""One side of every flow: the rules of one direction, as the sources that they let through to each destination.

A rule of the source's side says the same of all its subjects, so egress too is a set of sources for each destination.
Everything that does not depend on the destination is prepared once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from netdoctor.policy.classes import EndpointClass
from netdoctor.policy.compile import CompiledPolicies
from netdoctor.policy.matching import Bits, Selection, join, union
from netdoctor.policy.ports import PortSpace, resolved
from netdoctor.policy.rules import Direction, NamedPort, PodPeer, PortRange, Rule, Ruleset, Tier
from netdoctor.policy.selection import first, numbers
from netdoctor.policy.tiers import Group, Match, SideAt

Allowed = dict[int, Bits]  # by ports: the sources that rules of NetworkPolicies allow on all of them


class _Applied(NamedTuple):
    """A rule, and whom it is about on either side; for locals with the same address families."""

    rule: Rule
    locals: Bits
    remotes: Bits


class Side:
    """One direction; `sources` and `destinations` are those that will be asked about."""

    def __init__(  # noqa: PLR0913, PLR0917 - what a side is made of
        self,
        policies: CompiledPolicies,
        classes: Sequence[EndpointClass],
        ports: PortSpace,
        selection: Selection,
        direction: Direction,
        sources: int,
        destinations: int,
    ) -> None:
        self._classes, self._ports, self._selection, self._direction = classes, ports, selection, direction
        self._everything = selection.everything
        self._locals, remotes = destinations, sources
        if direction is Direction.EGRESS:
            self._locals, remotes = sources, destinations
        applied = list(self._apply(policies))
        self._ordered = [(ruleset, rules) for ruleset, _, rules in applied if ruleset.tier != Tier.NETWORK_POLICY]
        unordered = [(subjects, rules) for ruleset, subjects, rules in applied if ruleset.tier == Tier.NETWORK_POLICY]
        self._isolated = union(subjects.certain for subjects, _ in unordered)
        self._gaps = dict(_gaps(policies, selection))
        rules = [rule for _, same in unordered for rule in same]
        self._everywhere: Allowed = {}
        if direction is Direction.INGRESS:
            self._allowed = self._admitted(rules)
        else:
            self._allowed, self._everywhere = self._sent(rules, remotes)

    def at(self, destination: int) -> SideAt:
        """What this direction says of one destination."""
        allowed = self._allowed.get(destination, {})
        if self._everywhere:
            allowed = _both(allowed, self._everywhere)
        everything, isolated, gaps = self._everything, self._isolated, self._gaps
        if self._direction is Direction.INGRESS:  # here the pod itself is isolated, for every source
            isolated = everything if isolated >> destination & 1 else 0
            gaps = {tier: everything for tier, mask in gaps.items() if mask >> destination & 1}
        return SideAt(everything, self._groups(destination), isolated, allowed, gaps)

    # Preparation -----------------------------------------------------------------------------------------------

    def _apply(self, policies: CompiledPolicies) -> Iterator[tuple[Ruleset, Bits, list[_Applied]]]:
        rulesets = [r for same in policies.rulesets.values() for r in same if r.direction is self._direction]
        for ruleset in sorted(rulesets, key=lambda r: r.position):
            if not self._selection.near(ruleset.subject) & self._locals:
                continue
            chosen = self._selection.pods(ruleset.subject)
            subjects = Bits(chosen.certain & self._locals, chosen.possible & self._locals)
            if subjects.possible:
                rules = [applied for rule in ruleset.rules for applied in self._applied(rule, subjects)]
                yield ruleset, subjects, rules

    def _applied(self, rule: Rule, subjects: Bits) -> Iterator[_Applied]:
        if not rule.peers:
            yield _Applied(rule, subjects, Bits(self._everything, self._everything))
        elif all(isinstance(peer, PodPeer) for peer in rule.peers):
            found = [self._selection.pods(peer) for peer in rule.peers if isinstance(peer, PodPeer)]
            yield _Applied(rule, subjects, join(found))
        else:
            for family in self._selection.families:
                locals_ = Bits(subjects.certain & family, subjects.possible & family)
                if locals_.possible:
                    one = first(locals_.possible)
                    found = [self._selection.matching(peer, one, self._direction) for peer in rule.peers]
                    yield _Applied(rule, locals_, join(found))

    def _admitted(self, rules: Iterable[_Applied]) -> dict[int, Allowed]:
        found: defaultdict[int, Allowed] = defaultdict(dict)
        for rule, locals_, remotes in rules:
            fixed = self._fixed_ports(rule)
            for number in numbers(locals_.certain):
                ports = self._ports_at(rule, number) if fixed is None else fixed
                if ports:
                    _allow(found[number], ports, remotes)
        return found

    def _sent(self, rules: Iterable[_Applied], destinations: int) -> tuple[dict[int, Allowed], Allowed]:
        """By destination, and what is allowed to all of them."""
        found: defaultdict[int, Allowed] = defaultdict(dict)
        everywhere: Allowed = {}
        alike: defaultdict[tuple[int, Bits], int] = defaultdict(int)
        for rule, locals_, remotes in rules:
            fixed = self._fixed_ports(rule)
            if fixed is not None:
                alike[fixed, remotes] |= locals_.certain
                continue
            for number in numbers(remotes.possible & destinations):
                if ports := self._ports_at(rule, number):
                    _allow(found[number], ports, _if_matched(locals_, remotes, number))
        for (ports, remotes), mask in alike.items():
            locals_ = Bits(mask, mask)
            if remotes.certain == self._everything:
                _allow(everywhere, ports, locals_)
                continue
            for number in numbers(remotes.possible & destinations):
                _allow(found[number], ports, _if_matched(locals_, remotes, number))
        return found, everywhere

    # Ports -----------------------------------------------------------------------------------------------------

    def _fixed_ports(self, rule: Rule) -> int | None:
        """The rule's ports where they are the same for every destination."""
        if any(isinstance(port, NamedPort) for port in rule.ports):
            return None
        return self._ports_at(rule, 0)

    def _ports_at(self, rule: Rule, destination: int) -> int:
        if not rule.ports:
            return self._ports.everything
        end = self._classes[destination].end
        found = 0
        for port in rule.ports:
            if isinstance(port, PortRange):
                found |= self._ports.mask(port.protocol, port.first, port.last)
            elif end.selectable:
                for declared in resolved(port, end.ports):
                    found |= self._ports.holding(declared.protocol, declared.container_port)
        return found

    # Ordered tiers ---------------------------------------------------------------------------------------------

    def _groups(self, destination: int) -> list[Group]:
        """The rulesets that are about a destination, tier by tier, those of equal priority together."""
        found = []
        for (tier, _), same in groupby(self._ordered, key=lambda pair: (pair[0].tier, pair[0].priority)):
            rulesets = [matches for _, rules in same if (matches := list(self._matches(rules, destination)))]
            if rulesets:
                found.append(Group(tier, rulesets))
        return found

    def _matches(self, rules: Iterable[_Applied], destination: int) -> Iterator[Match]:
        for rule, locals_, remotes in rules:
            if self._direction is Direction.EGRESS:
                sources = _if_matched(locals_, remotes, destination)
                reaching = locals_.possible if remotes.certain >> destination & 1 else 0
            else:
                sources = _if_matched(remotes, locals_, destination)
                reaching = remotes.certain if locals_.possible >> destination & 1 else 0
            if sources.possible and (ports := self._ports_at(rule, destination)):
                yield Match(rule.action, ports, sources, reaching)


def _if_matched(sources: Bits, matched: Bits, destination: int) -> Bits:
    """The sources of a rule at a destination, if it is about that."""
    return Bits(
        sources.certain if matched.certain >> destination & 1 else 0,
        sources.possible if matched.possible >> destination & 1 else 0,
    )


def _gaps(policies: CompiledPolicies, selection: Selection) -> Iterator[tuple[Tier, int]]:
    """By tier, the classes whose policies are not all known."""
    for tier in policies.tiers:
        found = union(
            mask
            for name, mask in selection.by_namespace.items()
            if policies.gap(name, tier) or policies.unsure(name, tier)
        )
        if found:
            yield tier, found


def _allow(allowed: Allowed, ports: int, sources: Bits) -> None:
    known = allowed.get(ports)
    allowed[ports] = join((known, sources)) if known else sources


def _both(first: Allowed, second: Allowed) -> Allowed:
    found = dict(first)
    for ports, sources in second.items():
        _allow(found, ports, sources)
    return found
