"""The rules that did not admit a flow, the one that came nearest first."""

from __future__ import annotations

from collections.abc import Iterable

from netdoctor.policy.flow import Flow
from netdoctor.policy.match import Remote, peer_misses
from netdoctor.policy.port_match import port_misses
from netdoctor.policy.rules import Action, Rule
from netdoctor.policy.verdict import MissKind, NearMiss


def near_misses(rules: Iterable[Rule], flow: Flow, remote: Remote) -> tuple[NearMiss, ...]:
    """Every allowing rule that does not match: those that may match after all, then by how much they miss.

    A rule with a matching peer is one entry. One without is an entry per peer, because each could be the one meant.
    """
    found = [near for rule in rules if rule.action is Action.ALLOW for near in _near(rule, flow, remote)]
    return tuple(sorted(found, key=lambda near: (not near.uncertain, len(near.missed), len(near.misses))))


def _near(rule: Rule, flow: Flow, remote: Remote) -> list[NearMiss]:
    ports = port_misses(rule, flow)
    dimension = "protocol" if any(miss.kind is MissKind.PROTOCOL for miss in ports) else "port"
    missed = frozenset({dimension} if ports else ())
    by_peer = [(peer, tuple(peer_misses(peer, remote))) for peer in rule.peers]
    if by_peer and all(misses for _, misses in by_peer):
        return [NearMiss(rule.ref.at(peer.path), missed | {"peer"}, misses + ports) for peer, misses in by_peer]
    return [NearMiss(rule.ref, missed, ports)] if ports else []
