"""The one form that policies are compiled to.

A `Ruleset` is what one policy says in one direction. A NetworkPolicy's rulesets isolate the pods they select and only
allow; tier, priority and action are what distinguishes the other API families.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Literal

from netdoctor.cluster.addresses import Network
from netdoctor.cluster.objects import LabelSelector
from netdoctor.cluster.selectors import matches
from netdoctor.model.refs import ObjectRef

Protocol = Literal["TCP", "UDP", "SCTP"]
PROTOCOLS: tuple[Protocol, ...] = ("TCP", "UDP", "SCTP")


class Direction(StrEnum):
    """As spec.policyTypes spells it, seen from the pod that a policy selects."""

    INGRESS = "Ingress"
    EGRESS = "Egress"

    @property
    def field(self) -> str:
        """The field of spec that holds the rules, and the word of reports."""
        return self.value.lower()

    @property
    def peers_field(self) -> str:
        """The field of a rule that holds its peers."""
        return "from" if self is Direction.INGRESS else "to"


class Action(StrEnum):
    """What a rule does with the flows that match it; PASS hands them to the next tier."""

    ALLOW = "Allow"
    DENY = "Deny"
    PASS = "Pass"  # noqa: S105 (an action, no password)


class Tier(IntEnum):
    """Evaluated in ascending order; a tier in which a ruleset isolates the pod is the last.

    Rulesets of the tier NETWORK_POLICY add up and have no order. In the others the lower priority comes first, and in
    a ruleset the first rule that matches decides.
    """

    ADMIN = 0
    NETWORK_POLICY = 1
    BASELINE = 2


@dataclass(frozen=True, slots=True)
class PodPeer:
    """Pods of the namespaces chosen by `namespace_selector`, or of `namespace` alone where that is None.

    Pods on the host network are none of them, whatever their labels.
    """

    path: str
    namespace: str
    namespace_selector: LabelSelector | None
    pod_selector: LabelSelector | None  # None = every pod

    def selects(self, namespace: str, labels: Mapping[str, str], namespace_labels: Mapping[str, str]) -> bool:
        """Whether a pod with these labels, in a namespace with those, is one of them."""
        if self.namespace_selector is None:
            if namespace != self.namespace:
                return False
        elif not matches(self.namespace_selector, namespace_labels):
            return False
        return self.pod_selector is None or matches(self.pod_selector, labels)


@dataclass(frozen=True, slots=True)
class BlockPeer:
    """Addresses in `block` that are in none of `excepted`.

    Whether addresses of pods and nodes count is up to the network plugin, but where `everyone` says that they do.
    """

    path: str
    block: Network
    excepted: tuple[Network, ...] = ()
    everyone: bool = False


@dataclass(frozen=True, slots=True)
class NodePeer:
    """The addresses of the nodes chosen by `selector`, and so the pods on their host networks."""

    path: str
    selector: LabelSelector


@dataclass(frozen=True, slots=True)
class NamePeer:
    """The addresses outside the cluster that DNS gives for `names`; which these are is known to the cluster only."""

    path: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class UnknownPeer:
    """A peer that netdoctor cannot read. It fails closed: it matches nothing where the rule allows, else everything."""

    path: str
    matches: bool


Peer = PodPeer | BlockPeer | NodePeer | NamePeer | UnknownPeer


@dataclass(frozen=True, slots=True)
class PortRange:
    """Ports `first` to `last`, both included, of one protocol."""

    path: str
    protocol: str
    first: int
    last: int

    def __str__(self) -> str:
        if (self.first, self.last) == (1, 65535):
            return self.protocol
        numbers = str(self.first) if self.first == self.last else f"{self.first}-{self.last}"
        return f"{numbers}/{self.protocol}"


@dataclass(frozen=True, slots=True)
class NamedPort:
    """Whatever number each destination pod declares for this name and protocol; an empty protocol means any."""

    path: str
    protocol: str
    name: str

    def __str__(self) -> str:
        return f"{self.name}/{self.protocol}" if self.protocol else self.name


RulePort = PortRange | NamedPort


@dataclass(frozen=True, slots=True)
class Rule:
    """Matches a flow if one of `peers` and one of `ports` match; an empty tuple matches everything."""

    ref: ObjectRef
    action: Action
    peers: tuple[Peer, ...]
    ports: tuple[RulePort, ...]

    @property
    def action_text(self) -> str:
        """The action as the rule's kind of policy spells it."""
        accepts = self.action is Action.ALLOW and self.ref.kind == "ClusterNetworkPolicy"
        return "Accept" if accepts else self.action.value

    @property
    def ports_text(self) -> str:
        """`5432/TCP, dns/UDP`, or `every port`."""
        return ", ".join(map(str, self.ports)) or "every port"


@dataclass(frozen=True, slots=True)
class Ruleset:
    """One policy in one direction: whom it selects, whether that isolates them, and its rules in order."""

    policy: ObjectRef
    direction: Direction
    tier: Tier
    priority: int  # lower is evaluated first; equal for all of an unordered tier
    isolates: bool
    subject: PodPeer
    rules: tuple[Rule, ...]
