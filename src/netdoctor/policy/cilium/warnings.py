"""What is right in Cilium's policies and settings, and yet does something else than it may seem to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from netdoctor.model.refs import ObjectRef
from netdoctor.policy.cilium.rules import CiliumPolicy, Entry, entries, written
from netdoctor.policy.cilium.settings import CONFIG, Settings
from netdoctor.policy.rules import Direction

Warnings = Iterator[tuple[ObjectRef, str]]


def worth_knowing(policies: Sequence[CiliumPolicy], options: Settings) -> Warnings:
    """Each with the object that it is about."""
    if policies and options.off:
        yield CONFIG, options.off
    found = [(policy, entry) for policy in policies for entry in _entries(policy)]
    resolves = any(given.rules is not None and given.rules.dns for _, entry in found for given in entry.ports or ())
    for policy, entry in found:
        yield from _of_entry(policy, entry, options, resolves=resolves)
    for policy in policies:
        for rule, path in written(policy):
            if rule.node_selector is not None:
                yield policy.ref.at(f"{path}.nodeSelector"), "netdoctor does not evaluate policies of nodes"


def _entries(policy: CiliumPolicy) -> Iterator[Entry]:
    for rule, path in written(policy):
        for direction in Direction:
            yield from entries(rule, path, direction)


def _of_entry(policy: CiliumPolicy, entry: Entry, options: Settings, *, resolves: bool) -> Warnings:
    if entry.names and not resolves:
        text = "no policy has rules.dns, without which Cilium learns no address of a name: this allows nothing"
        yield policy.ref.at(f"{entry.path}.toFQDNs"), text
    if entry.nodes and not options.node_labels:
        text = "without enable-node-selector-labels in cilium-config, nodes have no labels for it"
        yield policy.ref.at(f"{entry.path}.{entry.side}Nodes"), text
    if entry.authenticated:
        yield policy.ref.at(f"{entry.path}.authentication"), "whether authentication succeeds is not looked at"
