"""What policies say that the lab does not enforce: all that cannot be told from addresses and ports."""

from __future__ import annotations

from collections.abc import Iterator

from netdoctor.cluster.cni import cni
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.lab.enforcement import enforces
from netdoctor.lab.rules.peers import ENTITIES
from netdoctor.policy.compile import compile_policies
from netdoctor.policy.rules import EntityPeer, NamePeer, Rule, leaves


def unenforced(snapshot: Snapshot) -> tuple[str, ...]:
    """A line for each, which names the policy; nothing where no policy is enforced."""
    return tuple(dict.fromkeys(_lines(snapshot))) if enforces(snapshot) else ()


def _lines(snapshot: Snapshot) -> Iterator[str]:
    policies = compile_policies(snapshot, cni=cni(snapshot).name)
    for ref, text in policies.problems:
        yield f"{ref.object} is not enforced: {text}"
    for members in policies.rulesets.values():
        for ruleset in members:
            for rule in ruleset.rules:
                yield from (f"{ruleset.policy}: {text}" for text in _of_rule(rule))
    if any(one.hosts for one in policies.contributions):
        yield "policies for HostEndpoints are not enforced"


def _of_rule(rule: Rule) -> Iterator[str]:
    if rule.requests is not None:
        yield "connections are let in by it, requests on them are not looked into"
    peers = [leaf for peer in rule.peers for leaf in leaves(peer)]
    if any(isinstance(peer, NamePeer) for peer in peers):
        yield "what names stand for is not known to the lab, so they match nobody"
    for entity in dict.fromkeys(peer.entity for peer in peers if isinstance(peer, EntityPeer)):
        if entity not in ENTITIES:
            yield f"whom entity {entity} means is not known to the lab, so it matches nobody"
