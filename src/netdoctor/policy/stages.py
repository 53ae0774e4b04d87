"""What the rulesets of a tier say to each destination, prepared once for all of them.

Rules of one action that follow one another add up. Of the rest those go together that concern different pods of their
own side, because no flow meets two of them: so a cluster with many policies in a strict order has few stages all the
same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple, Protocol

from netdoctor.policy.applying import Applied, RulePorts
from netdoctor.policy.matching import Bits, join, union
from netdoctor.policy.rules import Action, Direction, Priority, Ruleset
from netdoctor.policy.selection import numbers
from netdoctor.policy.tiers import Group, Match, Stage, Uniform

ByPorts = dict[int, Bits]


class Selected(NamedTuple):
    """A ruleset, the classes that it selects, and its rules applied to them, one after the other."""

    ruleset: Ruleset
    subjects: Bits
    rules: Sequence[Sequence[Applied]]


class Prepared(Protocol):
    """A stage, for every destination."""

    def at(self, destination: int) -> Stage | None:
        """What it says of one; None if nothing."""


class Scope(NamedTuple):
    """What stages are prepared for."""

    direction: Direction
    ports: RulePorts
    everything: int
    destinations: int  # that will be asked about


class _Unit(NamedTuple):
    """Rulesets that are evaluated together: of one action, or of one priority."""

    action: Action | None  # None: several
    members: Sequence[Selected]

    @property
    def subjects(self) -> int:
        return union(one.subjects.possible for one in self.members)


def prepared(members: Sequence[Selected], scope: Scope) -> Iterator[Prepared]:
    """The stages of rulesets of one tier, in the order of evaluation."""
    for level in _levels(_units(members)):
        uniform = [unit for unit in level if unit.action is not None]
        for action, same in groupby(sorted(uniform, key=lambda unit: str(unit.action)), key=lambda unit: unit.action):
            rules = [rule for unit in same for one in unit.members for same_rule in one.rules for rule in same_rule]
            if action is not None:
                yield _Adding(action, rules, scope)
        single = [unit.members[0] for unit in level if unit.action is None and len(unit.members) == 1]
        if single:
            yield _Ordered([single], scope)
        for unit in level:
            if unit.action is None and len(unit.members) > 1:
                yield _Ordered([[one] for one in unit.members], scope)


def since(members: Sequence[Selected], priority: Priority) -> tuple[Sequence[Selected], Sequence[Selected]]:
    """Those before a priority, and the others."""
    before = [one for one in members if one.ruleset.priority < priority]
    return before, members[len(before) :]


def _units(members: Sequence[Selected]) -> Iterator[_Unit]:
    groups = []
    for _, same in groupby(members, key=lambda one: one.ruleset.priority):
        group = list(same)
        actions = {rule.action for one in group for rule in one.ruleset.rules}
        groups.append(_Unit(next(iter(actions), Action.ALLOW) if len(actions) <= 1 else None, group))
    for action, together in groupby(groups, key=lambda unit: unit.action):
        if action is not None:
            yield _Unit(action, [one for unit in together for one in unit.members])
        else:
            for unit in together:
                yield from _apart(unit)


def _apart(unit: _Unit) -> Iterator[_Unit]:
    """Rulesets of one priority that never select the same pod leave nothing open."""
    seen = 0
    for one in unit.members:
        if seen & one.subjects.possible:
            yield unit
            return
        seen |= one.subjects.possible
    yield from (_Unit(None, [one]) for one in unit.members)


def _levels(units: Iterable[_Unit]) -> list[list[_Unit]]:
    """Each unit after all those before it that concern the same pods, and as early as that allows."""
    levels: list[list[_Unit]] = []
    masks: list[int] = []
    for unit in units:
        subjects = unit.subjects
        number = next((n + 1 for n in range(len(masks) - 1, -1, -1) if masks[n] & subjects), 0)
        if number == len(levels):
            levels.append([])
            masks.append(0)
        levels[number].append(unit)
        masks[number] |= subjects
    return levels


class _Adding:
    """Rules of one action."""

    def __init__(self, action: Action, rules: Iterable[Applied], scope: Scope) -> None:
        self._action = action
        self._everywhere: ByPorts = {}
        if scope.direction is Direction.INGRESS:
            self._found = _admitted(rules, scope.ports)
        else:
            self._found, self._everywhere = _sent(rules, scope)

    def at(self, destination: int) -> Uniform | None:
        """What they match there."""
        found = self._found.get(destination)
        if self._everywhere:
            return Uniform(self._action, _both(found, self._everywhere) if found else self._everywhere)
        return Uniform(self._action, found) if found else None


def _admitted(rules: Iterable[Applied], ports: RulePorts) -> dict[int, ByPorts]:
    found: defaultdict[int, ByPorts] = defaultdict(dict)
    for rule, locals_, remotes, _ in rules:
        fixed = ports.fixed(rule)
        for number in numbers(locals_.possible):
            if mask := ports.at(rule, number) if fixed is None else fixed:
                sure = locals_.certain >> number & 1
                _add(found[number], mask, remotes if sure else Bits(0, remotes.possible))
    return found


def _sent(rules: Iterable[Applied], scope: Scope) -> tuple[dict[int, ByPorts], ByPorts]:
    """By destination, and what is said of all of them."""
    found: defaultdict[int, ByPorts] = defaultdict(dict)
    everywhere: ByPorts = {}
    alike: dict[tuple[int, Bits], Bits] = {}
    for rule, locals_, remotes, _ in rules:
        fixed = scope.ports.fixed(rule)
        if fixed is not None:
            known = alike.get((fixed, remotes))
            alike[fixed, remotes] = join((known, locals_)) if known else locals_
            continue
        for number in numbers(remotes.possible & scope.destinations):
            if ports := scope.ports.at(rule, number):
                _add(found[number], ports, if_matched(locals_, remotes, number))
    for (ports, remotes), locals_ in alike.items():
        if remotes.certain == scope.everything:
            _add(everywhere, ports, locals_)
            continue
        for number in numbers(remotes.possible & scope.destinations) if ports else ():
            _add(found[number], ports, if_matched(locals_, remotes, number))
    return found, everywhere


def _add(found: ByPorts, ports: int, sources: Bits) -> None:
    known = found.get(ports)
    found[ports] = join((known, sources)) if known else sources


def _both(one: ByPorts, other: ByPorts) -> ByPorts:
    found = dict(one)
    for ports, sources in other.items():
        _add(found, ports, sources)
    return found


def if_matched(sources: Bits, matched: Bits, destination: int) -> Bits:
    """The sources of a rule at a destination, if it is about that."""
    return Bits(
        sources.certain if matched.certain >> destination & 1 else 0,
        sources.possible if matched.possible >> destination & 1 else 0,
    )


class _Ordered:
    """Rulesets of several actions, as lanes: those of one lane select different pods."""

    def __init__(self, lanes: Sequence[Sequence[Selected]], scope: Scope) -> None:
        self._scope, self._lanes = scope, len(lanes)
        self._rules: list[tuple[int, int, Applied, int | None]] = []
        self._at: defaultdict[int, list[int]] = defaultdict(list)
        for lane, members in enumerate(lanes):
            for place in range(max(len(one.rules) for one in members)):
                self._place(lane, place, [rule for one in members for rule in one.rules[place : place + 1]])

    def _place(self, lane: int, place: int, rules: Sequence[Sequence[Applied]]) -> None:
        """The n-th rules of the rulesets of a lane."""
        applied = [(one, self._scope.ports.fixed(one.rule)) for parts in rules for one in parts]
        if self._scope.direction is Direction.EGRESS:
            applied = list(_alike(applied))
        for one, fixed in applied:
            self._rules.append((lane, place, one, fixed))
            for number in numbers(self._destinations(one)):
                self._at[number].append(len(self._rules) - 1)

    def _destinations(self, applied: Applied) -> int:
        if self._scope.direction is Direction.INGRESS:
            return applied.locals.possible
        return applied.remotes.possible & self._scope.destinations

    def at(self, destination: int) -> Group | None:
        """The rules that are about a destination, in their order; alike ones as one."""
        lanes: list[dict[tuple[int, Action, int], Match]] = [{} for _ in range(self._lanes)]
        for index in self._at.get(destination, ()):
            lane, place, applied, fixed = self._rules[index]
            if match := self._match(applied, fixed, destination):
                key = place, match.action, match.ports
                known = lanes[lane].get(key)
                lanes[lane][key] = _joined(known, match) if known else match
        found = [list(lane.values()) for lane in lanes if lane]
        return Group(found) if found else None

    def _match(self, applied: Applied, fixed: int | None, destination: int) -> Match | None:
        rule, locals_, remotes, reach = applied
        if self._scope.direction is Direction.EGRESS:
            sources = if_matched(locals_, remotes, destination)
            reaching = reach if remotes.certain >> destination & 1 else 0
        else:
            sources = if_matched(remotes, locals_, destination)
            reaching = remotes.certain if reach >> destination & 1 else 0
        ports = self._scope.ports.at(rule, destination) if fixed is None else fixed
        return Match(rule.action, ports, sources, reaching) if sources.possible and ports else None


def _alike(rules: Iterable[tuple[Applied, int | None]]) -> Iterator[tuple[Applied, int | None]]:
    """Rules about different locals that say the same of the same remotes, as one."""
    found: dict[tuple[Action, int, Bits], Applied] = {}
    for one, fixed in rules:
        if fixed is None:
            yield one, None
            continue
        key = one.rule.action, fixed, one.remotes
        known = found.get(key)
        found[key] = one if known is None else _together(known, one)
    yield from ((one, fixed) for (_, fixed, _), one in found.items())


def _together(one: Applied, other: Applied) -> Applied:
    return one._replace(locals=join((one.locals, other.locals)), reach=one.reach | other.reach)


def _joined(one: Match, other: Match) -> Match:
    sources = join((one.sources, other.sources))
    return Match(one.action, one.ports, sources, one.reaching | other.reaching)
