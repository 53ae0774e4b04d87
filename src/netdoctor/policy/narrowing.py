"""Where two states of the same pods can differ at all: a change of one policy concerns few ends of a big cluster.

Flows differ only if a policy that selects one of their ends does. Where all changed policies are of one direction, that
side is compared first, and what remains to be looked at is where it differs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from netdoctor.policy.compile import CompiledPolicies
from netdoctor.policy.matrix import Matrix, refined
from netdoctor.policy.rules import Direction, Ruleset
from netdoctor.policy.selection import numbers


def narrowed(was: Matrix, now: Matrix) -> tuple[Matrix, Matrix]:
    """Both states with the sources and destinations between which anything can differ. Their classes are the same."""
    changed = {direction: _changed(was, now, direction) for direction in Direction}
    if all(changed.values()):
        return was, now
    direction = Direction.EGRESS if changed[Direction.EGRESS] else Direction.INGRESS
    if direction is Direction.EGRESS:
        sources, destinations = _differing(*_of(was, now, changed[direction], was.destinations), direction)
    else:
        sources, destinations = _differing(*_of(was, now, was.sources, changed[direction]), direction)
    return _of(was, now, sources, destinations)


def _of(was: Matrix, now: Matrix, sources: int, destinations: int) -> tuple[Matrix, Matrix]:
    return (
        replace(was, sources=sources, destinations=destinations),
        replace(now, sources=sources, destinations=destinations),
    )


def _changed(was: Matrix, now: Matrix, direction: Direction) -> int:
    """The classes that are selected by policies of one state only."""
    found = 0
    for one, other in ((was.policies, now.policies), (now.policies, was.policies)):
        for ruleset in _only_in(one, other, direction):
            found |= was.selection.pods(ruleset.subject).possible
    return found


def _only_in(one: CompiledPolicies, other: CompiledPolicies, direction: Direction) -> Iterator[Ruleset]:
    for namespace, rulesets in one.rulesets.items():
        others = other.rulesets.get(namespace, ())
        if rulesets is not others:
            yield from (r for r in rulesets if r.direction is direction and r not in others)


def _differing(was: Matrix, now: Matrix, direction: Direction) -> tuple[int, int]:
    """The sources and the destinations for which one side's answer is not the same."""
    old, new = was.side(direction), now.side(direction)
    sources = destinations = 0
    for destination in numbers(was.destinations):
        before, after = old.at(destination), new.at(destination)
        if before == after:
            continue
        for ports in refined(was.ports.everything, before.port_masks() | after.port_masks()):
            differ = before.sources(ports, certain=True) ^ after.sources(ports, certain=True)
            if differ & was.sources:
                sources |= differ & was.sources
                destinations |= 1 << destination
    return sources, destinations
