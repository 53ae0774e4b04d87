"""The one form that policies of all families are compiled to: Kubernetes', Calico's and Cilium's.

A `Ruleset` is what one policy says in one direction. They are evaluated tier by tier; in a tier by priority, those of
equal priority together; in a ruleset the first rule that matches decides. `Allow` and `Deny` are final, `Pass` goes on
with the next tier. At the end of a tier flows of pods that one of its rulesets isolates are denied, others go on with
the next tier. What is left after the last tier is allowed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import ClassVar, Literal

from netdoctor.cluster.addresses import Network
from netdoctor.model.refs import ObjectRef
from netdoctor.policy.expressions import Selector, selects
from netdoctor.policy.l7 import Requests

Protocol = Literal["TCP", "UDP", "SCTP"]
PROTOCOLS: tuple[Protocol, ...] = ("TCP", "UDP", "SCTP")
SERVICE_ACCOUNT_NAME = "projectcalico.org/name"
_NO_LABELS: Mapping[str, str] = MappingProxyType({})


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


@dataclass(frozen=True, slots=True, order=True)
class Tier:
    """Tiers are evaluated in ascending order.

    Those of Kubernetes stand where Calico places them, so that Calico's own come before, between or after them.
    Calico's tier `default` is NETWORK_POLICY. Source: Calico's reference, Tier.
    """

    order: float
    name: str

    ADMIN: ClassVar[Tier]
    NETWORK_POLICY: ClassVar[Tier]
    BASELINE: ClassVar[Tier]


Tier.ADMIN = Tier(1_000, "adminnetworkpolicy")
Tier.NETWORK_POLICY = Tier(1_000_000, "default")
Tier.BASELINE = Tier(10_000_000, "baselineadminnetworkpolicy")
KUBERNETES_TIERS = (Tier.ADMIN, Tier.NETWORK_POLICY, Tier.BASELINE)


@dataclass(frozen=True, slots=True, order=True)
class Priority:
    """Of rulesets of one tier the lower number comes first, then the lower name; the order of equals is undefined."""

    number: float
    name: str = ""

    def __str__(self) -> str:
        return f"{self.number:g}"


FIRST_PRIORITY = Priority(0)


@dataclass(frozen=True, slots=True)
class PodPeer:
    """Pods of the namespaces chosen by `namespace_selector`, or of `namespace` alone where that is None.

    Pods on the host network are none of them, whatever their labels. `service_account_selector` is about the labels of
    the pod's service account, with its name under `SERVICE_ACCOUNT_NAME`.
    """

    path: str
    namespace: str
    namespace_selector: Selector | None
    pod_selector: Selector | None  # None = every pod
    service_account_selector: Selector | None = None  # None = any
    flat: bool = False  # `path` is the very field that selects, and not that of a peer with fields for each selector

    def selects(
        self,
        namespace: str,
        labels: Mapping[str, str],
        namespace_labels: Mapping[str, str],
        service_account_labels: Mapping[str, str] = _NO_LABELS,
    ) -> bool:
        """Whether a pod with these labels, in a namespace with those, is one of them."""
        if self.namespace_selector is None:
            if namespace != self.namespace:
                return False
        elif not selects(self.namespace_selector, namespace_labels):
            return False
        return selects(self.pod_selector, labels) and selects(self.service_account_selector, service_account_labels)


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
    selector: Selector


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


@dataclass(frozen=True, slots=True)
class EntityPeer:
    """Who is meant by what it is, and not by labels or addresses.

    `all` is everyone, `cluster` every pod and node, `world` everyone else (`world-ipv4`, `world-ipv6` in one family),
    `host` the node that the rule's own pod runs on, `remote-node` every other node. Of other words it is not known
    whether they mean a node or an address outside; they mean no pod.
    Source: Cilium's policy language, "Entities based".
    """

    path: str
    entity: str


ENTITIES_BY_NODE = frozenset({"host", "remote-node"})  # of which it matters where the rule's own pod runs


@dataclass(frozen=True, slots=True)
class AllOf:
    """Who all of `every` mean and none of `none`; without `every`, everyone but those."""

    path: str
    every: tuple[Peer, ...]
    none: tuple[Peer, ...] = ()


Peer = PodPeer | BlockPeer | NodePeer | NamePeer | UnknownPeer | EntityPeer | AllOf


def leaves(peer: Peer) -> Iterator[Peer]:
    """A peer, or those that it is made of."""
    if isinstance(peer, AllOf):
        for one in (*peer.every, *peer.none):
            yield from leaves(one)
    else:
        yield peer


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
    """Matches a flow if one of `peers` and one of `ports` match; an empty tuple matches everything.

    Attributes:
        locals: which of the ends that the policy selects the rule is about; None = all of them.
        source_ports: the client's own, which is not known: where there are any, a rule matches perhaps.
        not_ports: those of `ports` that do not match after all.
        requests: what is admitted of the requests on connections that it allows; None = all of them.
    """

    ref: ObjectRef
    action: Action
    peers: tuple[Peer, ...]
    ports: tuple[RulePort, ...]
    locals: Peer | None = None
    source_ports: tuple[PortRange, ...] = ()
    not_ports: tuple[RulePort, ...] = ()
    requests: Requests | None = None

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
    priority: Priority
    isolates: bool  # what no rule of the tier decides is denied at its end
    subject: PodPeer
    rules: tuple[Rule, ...]

    @property
    def position(self) -> tuple[float, str, float, str]:
        """The order of evaluation: by tier, then by priority."""
        return self.tier.order, self.tier.name, self.priority.number, self.priority.name
