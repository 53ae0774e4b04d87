"""A second evaluator of the general rule form, slow and plain: world by world, where each doubt is settled either way.

It follows the docstrings of rules.py sentence by sentence and shares no code with the engine. What is not known (a
client's port, the labels of a service account, which node something runs on) is one doubt for each part of a rule that
asks for it; the answer is known only if all worlds agree.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

from netdoctor.cluster.objects import LabelSelector
from netdoctor.policy.expressions import And, Compare, Everything, Expression, Not, Or
from netdoctor.policy.flow import Endpoint, Flow
from netdoctor.policy.rules import (
    AllOf,
    BlockPeer,
    Direction,
    EntityPeer,
    NamedPort,
    NodePeer,
    Peer,
    PodPeer,
    Rule,
    RulePort,
    Ruleset,
)

UNKNOWN = "?"


def true_of(selector: LabelSelector | Expression | None, labels: Mapping[str, str], *, all_known: bool) -> bool | None:
    """None where a label that may be there decides; a label selector's parts are looked at one by one."""
    if selector is None:
        return True
    if isinstance(selector, LabelSelector):
        found: list[bool | None] = []
        for key, value in selector.match_labels.items():
            found.append(labels[key] == value if key in labels else False if all_known else None)
        for one in selector.match_expressions:
            if key_missing := one.key not in labels:
                held = one.operator in ("NotIn", "DoesNotExist")
            else:
                held = {
                    "In": labels[one.key] in one.values,
                    "NotIn": labels[one.key] not in one.values,
                    "Exists": True,
                    "DoesNotExist": False,
                }[one.operator]
            found.append(None if key_missing and not all_known else held)
        return every(found)
    return _true(selector, labels, all_known=all_known)


def _true(  # noqa: C901, PLR0911 - one line for each case
    expression: Expression, labels: Mapping[str, str], *, all_known: bool
) -> bool | None:
    if isinstance(expression, Everything):
        return True
    if isinstance(expression, Not):
        inner = _true(expression.term, labels, all_known=all_known)
        return None if inner is None else not inner
    if isinstance(expression, And):
        return every([_true(term, labels, all_known=all_known) for term in expression.terms])
    if isinstance(expression, Or):
        terms = [_true(term, labels, all_known=all_known) for term in expression.terms]
        return True if True in terms else None if None in terms else False
    assert isinstance(expression, Compare)
    if expression.key not in labels:
        if not all_known:
            return None
        return expression.operator in ("!=", "not in")
    value, values = labels[expression.key], expression.values
    if expression.operator in ("==", "in"):
        return value in values
    if expression.operator in ("!=", "not in"):
        return value not in values
    if expression.operator == "contains":
        return value.find(values[0]) >= 0
    if expression.operator == "starts with":
        return value[: len(values[0])] == values[0]
    if expression.operator == "ends with":
        return value[max(0, len(value) - len(values[0])) :] == values[0]
    return True


def every(found: Sequence[bool | None]) -> bool | None:
    return False if False in found else None if None in found else True


@dataclass
class Side:
    """One side of a flow; `blocks_see` tells whether plain ipBlocks match the addresses of pods, and of nodes."""

    rulesets: Sequence[Ruleset]
    flow: Flow
    direction: Direction
    blocks_see: tuple[bool, bool] = (True, True)
    settled: dict[str, bool] = field(default_factory=dict)
    doubts: set[str] = field(default_factory=set)

    @property
    def local(self) -> Endpoint:
        return self.flow.source if self.direction is Direction.EGRESS else self.flow.destination

    @property
    def remote(self) -> Endpoint:
        return self.flow.destination if self.direction is Direction.EGRESS else self.flow.source

    # Peers -----------------------------------------------------------------------------------------------------

    def perhaps(self, doubt: str) -> bool:
        self.doubts.add(doubt)
        return self.settled.get(doubt, False)

    def means(self, peer: Peer, end: Endpoint, other: Endpoint, at: str) -> bool:
        if isinstance(peer, AllOf):
            yes = [self.means(one, end, other, f"{at}+{n}") for n, one in enumerate(peer.every)]
            no = [self.means(one, end, other, f"{at}-{n}") for n, one in enumerate(peer.none)]
            return all(yes) and not any(no)
        if isinstance(peer, PodPeer):
            return self.means_pod(peer, end, at)
        if isinstance(peer, NodePeer):
            return end.is_node and true_of(peer.selector, end.node_labels or {}, all_known=True) is True
        if isinstance(peer, BlockPeer):
            return self.means_address(peer, end)
        assert isinstance(peer, EntityPeer)
        return self.means_entity(peer.entity, end, other, at)

    def means_pod(self, peer: PodPeer, end: Endpoint, at: str) -> bool:
        if end.kind != "pod" or end.host_network:
            return False
        if peer.namespace_selector is None:
            if end.namespace != peer.namespace:
                return False
        elif not true_of(peer.namespace_selector, end.namespace_labels, all_known=True):
            return False
        if not true_of(peer.pod_selector, end.labels, all_known=True):
            return False
        account = true_of(
            peer.service_account_selector, end.service_account_labels, all_known=end.service_accounts_read
        )
        return self.perhaps(at) if account is None else account

    def means_address(self, peer: BlockPeer, end: Endpoint) -> bool:
        address = ipaddress.ip_address(end.ips[0])
        if address not in peer.block or any(address in excepted for excepted in peer.excepted):
            return False
        pods, nodes = self.blocks_see
        if peer.everyone or end.kind == "ip":
            return True
        return nodes if end.is_node else pods

    def means_entity(  # noqa: PLR0911 - one line for each case
        self, entity: str, end: Endpoint, other: Endpoint, at: str
    ) -> bool:
        is_pod = end.kind == "pod" and not end.host_network
        if entity == "all":
            return True
        if entity == "cluster":
            return end.kind != "ip"
        if entity == "world":
            return end.kind == "ip"
        if entity in ("world-ipv4", "world-ipv6"):
            return end.kind == "ip" and f"world-ipv{ipaddress.ip_address(end.ips[0]).version}" == entity
        if entity in ("host", "remote-node"):
            if is_pod or end.kind == "ip":
                return False
            if not other.node:
                return self.perhaps(at)
            return (end.node == other.node) == (entity == "host")
        return False if is_pod else self.perhaps(at)

    # Rules -----------------------------------------------------------------------------------------------------

    def port_is(self, port: RulePort) -> bool:
        if isinstance(port, NamedPort):
            if self.flow.destination.kind != "pod" or self.flow.destination.host_network:
                return False
            declared = [(p.name, p.container_port, p.protocol) for p in self.flow.destination.ports]
            wanted = (port.name, self.flow.port, self.flow.protocol)
            return wanted in declared and port.protocol in ("", self.flow.protocol)
        return port.protocol == self.flow.protocol and port.first <= self.flow.port <= port.last

    def matches(self, rule: Rule) -> bool:
        at = str(rule.ref)
        ports = not rule.ports or any(self.port_is(port) for port in rule.ports)
        ports = ports and not any(self.port_is(port) for port in rule.not_ports)
        about = rule.locals is None or self.means(rule.locals, self.local, self.remote, f"{at}/locals")
        client = not rule.source_ports or (
            any(port.protocol == self.flow.protocol for port in rule.source_ports) and self.perhaps(f"{at}/client")
        )
        peers = [self.means(peer, self.remote, self.local, f"{at}/{n}") for n, peer in enumerate(rule.peers)]
        return ports and about and client and (not peers or any(peers))

    def action(self, ruleset: Ruleset) -> str:
        """The first match decides; all rules are looked at, so that all doubts are known."""
        found = [rule.action.value for rule in ruleset.rules if self.matches(rule)]
        return found[0] if found else ""

    # Tiers -----------------------------------------------------------------------------------------------------

    def says(self) -> str:
        """`Allow`, `Deny`, or `?` where policies of one priority disagree."""
        directed = [one for one in self.rulesets if one.direction is self.direction]
        for tier in sorted({(one.tier.order, one.tier.name) for one in directed}):
            mine = [one for one in directed if (one.tier.order, one.tier.name) == tier]
            said = self.tier_says([one for one in mine if self.selects(one, "subject")])
            # Whether it selects the end is asked again here: nothing is concluded from what its rules would have done.
            if said == "" and any(one.isolates and self.selects(one, "isolation") for one in mine):
                said = "Deny"
            if said in ("Allow", "Deny", UNKNOWN):
                return said
        return "Allow"

    def selects(self, ruleset: Ruleset, doubt: str) -> bool:
        return self.means_pod(ruleset.subject, self.local, f"{ruleset.policy}/{doubt}")

    def tier_says(self, rulesets: Sequence[Ruleset]) -> str:
        for priority in sorted({(one.priority.number, one.priority.name) for one in rulesets}):
            same = [one for one in rulesets if (one.priority.number, one.priority.name) == priority]
            actions = {self.action(one) for one in same} - {""}
            if actions:
                return actions.pop() if len(actions) == 1 else UNKNOWN
        return ""

    def allowed(self, most: int = 6) -> bool | None:
        """In all worlds; None where they differ.

        Raises:
            OverflowError: there are more than `most` doubts, so too many worlds.
        """
        if self.local.kind != "pod" or self.local.host_network:
            return True
        own_node = self.remote.is_node and self.remote.node != "" and self.remote.node == self.local.node
        if own_node and self.direction is Direction.INGRESS:
            return True
        for ruleset in self.rulesets:  # all doubts there are
            if ruleset.direction is self.direction:
                self.selects(ruleset, "subject")
                self.selects(ruleset, "isolation")
                self.action(ruleset)
        doubts = sorted(self.doubts)
        if len(doubts) > most:
            raise OverflowError(str(doubts))
        answers = set()
        for settled in product((False, True), repeat=len(doubts)):
            self.settled = dict(zip(doubts, settled, strict=True))
            answers.add(self.says())
        if len(answers) > 1 or UNKNOWN in answers:
            return None
        return True if answers == {"Allow"} else None if own_node else False
