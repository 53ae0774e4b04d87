"""Which flows a change opens and closes, computed by deciding them before and after."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, islice, product

from netdoctor.cluster.snapshot import Snapshot
from netdoctor.model.report import Effect
from netdoctor.policy.compile import CompiledPolicies
from netdoctor.policy.decide import allows
from netdoctor.policy.flow import Endpoint, Flow
from netdoctor.policy.groups import Group, groups_of
from netdoctor.policy.profile import CNIProfile
from netdoctor.policy.rules import PROTOCOLS, Direction, PortRange, Protocol, Ruleset

_MOST_FLOWS = 10_000  # a second or two; that some were left out is said


def effect(before: CompiledPolicies, after: CompiledPolicies, asked: Flow, profile: CNIProfile) -> Effect:
    """The flows between workloads, and with the outside, that differ: `Deployment a/b → StatefulSet c/d 80/TCP`.

    Ports are the asked one, those that the destination declares and those that policies in question name. Ends of
    `asked` count too where they are not in the snapshot.
    """
    groups = groups_of(before.snapshot, (before, after), asked)
    opens: dict[str, set[str]] = defaultdict(set)
    closes: dict[str, set[str]] = defaultdict(set)
    candidates = _candidates(groups, before, after, asked)
    for flow, (source, destination) in islice(candidates, _MOST_FLOWS):
        now = allows(after, renewed(flow, after.snapshot), profile)
        if now != allows(before, flow, profile):
            for name in _pairs(source, destination):
                (opens if now else closes)[name].add(flow.port_text)
    more = ("more, not computed: too many flows are concerned",) if next(candidates, None) else ()
    return Effect((*_lines(opens), *more), (*_lines(closes), *more))


def renewed(flow: Flow, snapshot: Snapshot) -> Flow:
    """The same flow where the namespaces have the labels of this snapshot."""
    source, destination = (
        replace(end, namespace_labels=snapshot.namespace_labels(end.namespace)) if end.kind == "pod" else end
        for end in (flow.source, flow.destination)
    )
    return replace(flow, source=source, destination=destination)


def _pairs(source: Group, destination: Group) -> Iterator[str]:
    """Who speaks to whom; a single pod does not speak to itself over policies."""
    for sender, receiver in product(source.names, destination.names):
        if source is not destination or sender != receiver or source.names[sender] > 1:
            yield f"{sender} → {receiver}"


def _lines(flows: dict[str, set[str]]) -> tuple[str, ...]:
    return tuple(f"{name} {', '.join(sorted(ports))}" for name, ports in sorted(flows.items()))


def _candidates(
    groups: tuple[Group, ...], before: CompiledPolicies, after: CompiledPolicies, asked: Flow
) -> Iterator[tuple[Flow, tuple[Group, Group]]]:
    """Flows that the change may concern, with the groups that they stand for."""
    changed = _changed(before, after)
    relabelled = _relabelled(before.snapshot, after.snapshot)
    senders = {n for n, group in enumerate(groups) if _concerns(changed, relabelled, group, Direction.EGRESS)}
    receivers = {n for n, group in enumerate(groups) if _concerns(changed, relabelled, group, Direction.INGRESS)}
    everyone = range(len(groups))
    for s, d in chain(product(senders, everyone), product(set(everyone) - senders, receivers)):
        # A group's flows to itself are those between two of its pods.
        source, destination = groups[s].first, groups[d].second if s == d else groups[d].first
        if destination:
            ports = {(asked.protocol, asked.port)}
            ports |= _ports(source, destination, before) | _ports(source, destination, after)
            for protocol, port in sorted(ports):
                yield Flow(source, destination, protocol, port), (groups[s], groups[d])


def _concerns(changed: tuple[Ruleset, ...], relabelled: frozenset[str], group: Group, direction: Direction) -> bool:
    """Whether a side of a group's flows may change: by a policy that selects it, or by its namespace's labels."""
    end = group.first
    return end.namespace in relabelled or any(
        r.direction is direction and r.subject.selects(end.namespace, end.labels, end.namespace_labels) for r in changed
    )


def _relabelled(before: Snapshot, after: Snapshot) -> frozenset[str]:
    names = {namespace.name for snapshot in (before, after) for namespace in snapshot.namespaces}
    return frozenset(name for name in names if before.namespace_labels(name) != after.namespace_labels(name))


def _changed(before: CompiledPolicies, after: CompiledPolicies) -> tuple[Ruleset, ...]:
    """Rulesets that are in one of them only."""
    found: list[Ruleset] = []
    for namespace in {*before.rulesets, *after.rulesets}:
        old, new = before.rulesets.get(namespace, ()), after.rulesets.get(namespace, ())
        found += [r for r in old if r not in new] + [r for r in new if r not in old]
    return tuple(found)


def _ports(source: Endpoint, destination: Endpoint, policies: CompiledPolicies) -> set[tuple[Protocol, int]]:
    """Ports that the destination declares, and the bounds of those that the policies of both ends name."""
    declared = {(p.protocol, p.container_port) for p in destination.ports}
    rulesets = (
        *policies.selecting(source, Direction.EGRESS),
        *policies.selecting(destination, Direction.INGRESS),
    )
    ranges = (port for r in rulesets for rule in r.rules for port in rule.ports if isinstance(port, PortRange))
    named = {(p.protocol, number) for p in ranges for number in (p.first, p.last) if str(p) != p.protocol}
    known = {protocol: protocol for protocol in PROTOCOLS}
    return {(known[protocol], number) for protocol, number in declared | named if protocol in known}
