"""All policies of a cluster as the tables of its nodes: what the pods there may send, and what may reach them.

Each pod has a chain for either direction, which pods of the same policies share. A packet goes through the sender's
chain on the sender's node, then through the receiver's on the receiver's. What a node itself sends to its own pods is
never filtered; what pods send to their own node is, as most network plugins do.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from netdoctor.cluster.objects import Pod
from netdoctor.lab.nft.fields import interface
from netdoctor.lab.nft.statements import ACCEPT, goto, to_chain
from netdoctor.lab.nft.table import Chain, Table
from netdoctor.lab.nft.table import Rule as Line
from netdoctor.lab.rules.addresses import VERSIONS, of_version
from netdoctor.lab.rules.peers import PeerAddresses
from netdoctor.lab.rules.pods import Named, PodIndex, named_ports
from netdoctor.lab.rules.policy_chains import policy_chains
from netdoctor.lab.rules.policy_hooks import INGRESS, hook_chains, hook_sets
from netdoctor.lab.rules.policy_rules import PolicyLines
from netdoctor.policy.compile import CompiledPolicies
from netdoctor.policy.profile import CNIProfile
from netdoctor.policy.rules import Direction, NamedPort, Rule, Ruleset
from netdoctor.policy.selection import numbers

POLICIES_TABLE = "netdoctor-policies"


@dataclass(frozen=True, slots=True)
class LocalPod:
    """A pod with a network of its own, and the node's interface that leads to it."""

    pod: Pod
    interface: str


class PolicyTables:
    """The policies of a cluster, under one network plugin, for the tables of all nodes."""

    def __init__(self, policies: CompiledPolicies, profile: CNIProfile) -> None:
        self._pods = PodIndex(policies.snapshot)
        self._peers = PeerAddresses(policies.snapshot, self._pods, profile)
        self._enforced = profile.enforces is not False
        rulesets = [one for members in policies.rulesets.values() for one in members]
        self._selecting: dict[Direction, defaultdict[int, list[Ruleset]]] = {d: defaultdict(list) for d in Direction}
        for ruleset in sorted(rulesets, key=lambda one: one.position):
            for number in numbers(self._pods.selected(ruleset.subject)):
                self._selecting[ruleset.direction][number].append(ruleset)

    def table(self, local: Sequence[LocalPod]) -> Table:
        """The table of the node with these pods; one that the cluster does not have is not filtered."""
        if not self._enforced:
            return Table(POLICIES_TABLE)
        lines = PolicyLines(self._pods, self._peers, local[0].pod.spec.node_name if local else "")
        made = [_DirectionChains(direction, lines) for direction in Direction]
        known = [(one, number) for one in local if (number := self._number(one.pod)) is not None]
        for chains in made:
            for one, number in known:
                if rulesets := self._selecting[chains.direction].get(number):
                    chains.add(one, rulesets)
        itself = {
            version: [a.packed + a.packed for one in local for a in of_version(one.pod.ips, version)]
            for version in VERSIONS
        }
        by_direction = {chains.direction: chains.entries for chains in made}
        sets = hook_sets(by_direction[Direction.INGRESS], by_direction[Direction.EGRESS], itself)
        chains_made = [chain for chains in made for chain in chains.chains]
        return Table(POLICIES_TABLE, [*hook_chains(), *chains_made], [*sets, *lines.sets])

    def _number(self, pod: Pod) -> int | None:
        return self._pods.numbers.get((pod.namespace, pod.name))


class _DirectionChains:
    """The chains of one direction, and the interfaces that lead to them."""

    def __init__(self, direction: Direction, lines: PolicyLines) -> None:
        self.direction, self._lines = direction, lines
        self.chains: list[Chain] = []
        self.entries: list[tuple[bytes, bytes]] = []
        self._known: dict[tuple[tuple[int, ...], Named], str] = {}

    def add(self, one: LocalPod, rulesets: Sequence[Ruleset]) -> None:
        """A pod that these select, in the order of evaluation."""
        ingress = self.direction is Direction.INGRESS
        named = named_ports(one.pod) if ingress and _have_named_ports(rulesets) else ()
        key = tuple(map(id, rulesets)), named
        if key not in self._known:
            name = self._known[key] = f"{self.direction.field}-{len(self._known) + 1}"
            allowed = ACCEPT if ingress else goto(INGRESS)
            self.chains += policy_chains(name, rulesets, allowed, self._compiler(named))
        self.entries.append((interface(one.interface), to_chain(self._known[key])))

    def _compiler(self, named: Named) -> Callable[[Rule, bytes], Iterator[Line]]:
        if self.direction is Direction.EGRESS:
            return self._lines.egress
        return lambda rule, statement: self._lines.ingress(rule, named, statement)


def _have_named_ports(rulesets: Sequence[Ruleset]) -> bool:
    return any(
        isinstance(port, NamedPort) for one in rulesets for rule in one.rules for port in (*rule.ports, *rule.not_ports)
    )
