"""The sections of a Cilium rule in one shape: ingress and egress differ in the names of their fields only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from netdoctor.cluster.cilium_objects import (
    CiliumCIDRRule,
    CiliumClusterwideNetworkPolicy,
    CiliumEgressRule,
    CiliumIngressRule,
    CiliumName,
    CiliumNetworkPolicy,
    CiliumPorts,
    CiliumRule,
    CiliumService,
)
from netdoctor.cluster.objects import LabelSelector
from netdoctor.policy.rules import Action, Direction

CiliumPolicy = CiliumNetworkPolicy | CiliumClusterwideNetworkPolicy


@dataclass(frozen=True, slots=True)
class Entry:
    """An element of ingress, ingressDeny, egress or egressDeny, at `path`. None = the list is missing."""

    path: str
    direction: Direction
    action: Action
    endpoints: tuple[LabelSelector, ...] | None
    requires: tuple[LabelSelector, ...] | None
    cidrs: tuple[str, ...] | None
    cidr_set: tuple[CiliumCIDRRule, ...] | None
    entities: tuple[str, ...] | None
    groups: tuple[dict[str, Any], ...] | None
    nodes: tuple[LabelSelector, ...] | None
    services: tuple[CiliumService, ...] | None
    names: tuple[CiliumName, ...] | None
    ports: tuple[CiliumPorts, ...] | None
    icmp: bool
    authenticated: bool

    @property
    def side(self) -> str:
        """`from` or `to`, with which the names of the fields for peers begin."""
        return self.direction.peers_field

    @property
    def peer_lists(self) -> dict[str, Sequence[object] | None]:
        """The fields that select peers; of these only one may be used."""
        found: dict[str, Sequence[object] | None] = {
            "Endpoints": self.endpoints,
            "CIDR": self.cidrs,
            "CIDRSet": self.cidr_set,
            "Entities": self.entities,
            "Groups": self.groups,
            "Nodes": self.nodes,
            "Services": self.services,
            "FQDNs": self.names,
        }
        return {f"{self.side}{name}": given for name, given in found.items()}


def written(policy: CiliumPolicy) -> Iterator[tuple[CiliumRule, str]]:
    """Each rule of a policy with its path."""
    if policy.spec is not None:
        yield policy.spec, "spec"
    for index, rule in enumerate(policy.specs or ()):
        yield rule, f"specs[{index}]"


def entries(rule: CiliumRule, path: str, direction: Direction) -> Iterator[Entry]:
    """What a rule says in one direction, denials first."""
    ingress = direction is Direction.INGRESS
    sections: tuple[tuple[Action, str, Sequence[CiliumIngressRule | CiliumEgressRule] | None], ...] = (
        (Action.DENY, "Deny", rule.ingress_deny if ingress else rule.egress_deny),
        (Action.ALLOW, "", rule.ingress if ingress else rule.egress),
    )
    for action, suffix, given in sections:
        for index, one in enumerate(given or ()):
            yield _entry(one, f"{path}.{direction.field}{suffix}[{index}]", action)


def default_deny(rule: CiliumRule, direction: Direction) -> bool:
    """Whether a rule that has a section of a direction isolates there whom it selects."""
    asked = rule.enable_default_deny
    given = asked.ingress if direction is Direction.INGRESS else asked.egress
    return given is not False


def _entry(one: CiliumIngressRule | CiliumEgressRule, path: str, action: Action) -> Entry:
    if isinstance(one, CiliumIngressRule):
        return Entry(
            path=path,
            direction=Direction.INGRESS,
            action=action,
            endpoints=one.from_endpoints,
            requires=one.from_requires,
            cidrs=one.from_cidr,
            cidr_set=one.from_cidr_set,
            entities=one.from_entities,
            groups=one.from_groups,
            nodes=one.from_nodes,
            services=None,
            names=None,
            ports=one.to_ports,
            icmp=bool(one.icmps),
            authenticated=one.authentication is not None,
        )
    return Entry(
        path=path,
        direction=Direction.EGRESS,
        action=action,
        endpoints=one.to_endpoints,
        requires=one.to_requires,
        cidrs=one.to_cidr,
        cidr_set=one.to_cidr_set,
        entities=one.to_entities,
        groups=one.to_groups,
        nodes=one.to_nodes,
        services=one.to_services,
        names=one.to_fqdns,
        ports=one.to_ports,
        icmp=bool(one.icmps),
        authenticated=one.authentication is not None,
    )
