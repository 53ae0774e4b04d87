"""What can be taken out of a policy: all of it in one direction, a rule, a peer, a port."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from netdoctor.policy.rules import Rule, Ruleset, UnknownPeer


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


def cut_all(ruleset: Ruleset) -> Cut:
    """The ruleset goes."""
    return Cut(ruleset, None, ruleset)


def cut_rules(ruleset: Ruleset, going: tuple[Rule, ...]) -> Cut:
    """Some rules go; what isolates stays."""
    left = tuple(rule for rule in ruleset.rules if rule not in going)
    return Cut(ruleset, replace(ruleset, rules=left), replace(ruleset, rules=going))


def cut_at(ruleset: Ruleset, path: str) -> Cut | None:
    """The rule, peer or port at a path goes.

    None where it is not there, and where it is the last one of its rule: without any, the rule would match everything.
    """
    for rule in ruleset.rules:
        if rule.ref.path == path:
            return cut_rules(ruleset, (rule,))
        if is_within(path, rule.ref.path) and (halves := _halves(rule, path)):
            left, gone = halves
            rules = tuple(left if one is rule else one for one in ruleset.rules)
            return Cut(ruleset, replace(ruleset, rules=rules), replace(ruleset, rules=(gone,)))
    return None


def _halves(rule: Rule, path: str) -> tuple[Rule, Rule] | None:
    """The rule without, and with nothing but, the peer, network or port at a path."""
    peers = tuple(peer for peer in rule.peers if is_within(peer.path, path))
    other_peers = tuple(peer for peer in rule.peers if not is_within(peer.path, path))
    if peers:
        entry = _entry(path)
        emptied = entry != path and not any(_entry(peer.path) == entry for peer in other_peers)
        if emptied or not other_peers:
            return None
        return replace(rule, peers=other_peers), replace(rule, peers=peers)
    ports = tuple(port for port in rule.ports if port.path == path)
    other_ports = tuple(port for port in rule.ports if port.path != path)
    return (replace(rule, ports=other_ports), replace(rule, ports=ports)) if ports and other_ports else None


def part_paths(rule: Rule) -> Iterator[str]:
    """The paths of a rule's peers, of their networks where they have several, and of its ports; each list backwards.

    A peer that cannot be read is none: nobody knows what it would match.
    """
    peers = [peer.path for peer in rule.peers if not isinstance(peer, UnknownPeer)]
    entries = dict.fromkeys(map(_entry, peers))
    yield from reversed(entries)
    yield from (path for path in reversed(peers) if path not in entries)
    yield from (port.path for port in reversed(rule.ports))


def is_within(path: str, outer: str) -> bool:
    """Whether a field is another one, or in it; an empty path is the whole object."""
    return not outer or path == outer or path.startswith(f"{outer}.")


def _entry(path: str) -> str:
    """The entry of `from` or `to` that a peer stands in: one with several networks is several peers."""
    return path.partition(".networks[")[0]
