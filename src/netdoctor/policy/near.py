"""The rules that did not admit a flow, the one that came nearest first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from netdoctor.policy.evaluate import Asked
from netdoctor.policy.match import peer_misses
from netdoctor.policy.port_match import port_misses, source_port_misses
from netdoctor.policy.remote import local_end
from netdoctor.policy.rules import Action, Rule
from netdoctor.policy.verdict import Miss, MissKind, NearMiss


def near_misses(rules: Iterable[Rule], asked: Asked) -> tuple[NearMiss, ...]:
    """Every allowing rule that does not match: those that may match after all, then by how much they miss.

    A rule with a matching peer is one entry. One without is an entry per peer, because each could be the one meant.
    """
    found = [near for rule in rules if rule.action is Action.ALLOW for near in _near(rule, asked)]
    return tuple(sorted(found, key=lambda near: (not near.uncertain, len(near.missed), len(near.misses))))


def _near(rule: Rule, asked: Asked) -> list[NearMiss]:
    ports = (*port_misses(rule, asked.flow), *source_port_misses(rule, asked.flow))
    dimension = "protocol" if any(miss.kind is MissKind.PROTOCOL for miss in ports) else "port"
    subject = _subject_misses(rule, asked)
    missed = frozenset({dimension} if ports else ()) | ({"subject"} if subject else frozenset())
    others = (*ports, *subject)
    by_peer = [(peer, tuple(peer_misses(peer, asked.remote))) for peer in rule.peers]
    if by_peer and all(misses for _, misses in by_peer):
        return [NearMiss(rule.ref.at(peer.path), missed | {"peer"}, misses + others) for peer, misses in by_peer]
    return [NearMiss(rule.ref, missed, others)] if others else []


def _subject_misses(rule: Rule, asked: Asked) -> tuple[Miss, ...]:
    """What keeps the rule from being about the local end, although its policy is."""
    if rule.locals is None:
        return ()
    found = tuple(peer_misses(rule.locals, local_end(asked.flow, asked.direction, asked.profile)))
    return tuple(miss if miss.kind.uncertain else replace(miss, kind=MissKind.OTHER_SUBJECT) for miss in found)
