"""The answer: allowed, denied or not to be known, and why."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from netdoctor.cluster.objects import Requirement
from netdoctor.model.refs import ObjectRef
from netdoctor.policy.flow import Flow
from netdoctor.policy.rules import Direction


class MissKind(StrEnum):
    """Why a peer or a port of a rule does not match."""

    NAMESPACE_LABEL_MISSING = "namespaceLabelMissing"  # the namespace lacks the very key
    NAMESPACE_LABEL_VALUE = "namespaceLabelValue"
    POD_LABEL = "podLabel"  # missing or other value
    OTHER_NAMESPACE = "otherNamespace"  # a peer without namespaceSelector means the policy's own namespace
    IP_BLOCK = "ipBlock"
    IP_EXCEPT = "ipExcept"
    PEER_IS_POD = "peerIsPod"  # ipBlock under a network plugin whose blocks do not see pods
    PEER_IS_NO_POD = "peerIsNoPod"  # selectors never match an address outside the cluster
    HOST_NETWORK = "hostNetwork"  # selectors, and some plugins' ipBlocks, do not see nodes
    PORT = "port"
    PROTOCOL = "protocol"
    NAMED_PORT_UNRESOLVED = "namedPortUnresolved"  # not declared by the destination, by name and protocol
    ADDRESS_UNKNOWN = "addressUnknown"  # the pod has no address yet: the ipBlock may match
    NODE_LABEL = "nodeLabel"
    PEER_IS_NO_NODE = "peerIsNoNode"
    PEER_IS_INSIDE = "peerIsInside"  # domain names mean addresses outside the cluster
    PEER_UNREADABLE = "peerUnreadable"  # a kind of peer that is not known: such a rule allows nothing
    POD_UNREAD = "podUnread"  # the address may be a pod's that could not be read
    NODE_UNREAD = "nodeUnread"  # the node's labels, or which addresses are nodes', are not known
    NAME_UNRESOLVED = "nameUnresolved"  # the address may be one that DNS gives for the name
    NAMESPACE_UNREAD = "namespaceUnread"  # the namespace's labels could not be read: the selector may match
    SERVICE_ACCOUNT = "serviceAccount"  # its name, or a label of it
    SERVICE_ACCOUNT_UNREAD = "serviceAccountUnread"
    ENTITY = "entity"
    ENTITY_UNKNOWN = "entityUnknown"  # it may be what an entity means
    EXCLUDED = "excluded"  # matches, but is one of those that the peer excludes
    OTHER_SUBJECT = "otherSubject"  # the rule is about others of the pods that its policy selects
    PORT_EXCLUDED = "portExcluded"
    SOURCE_PORT = "sourcePort"  # the client's own port, which is not known

    @property
    def about_port(self) -> bool:
        """Whether it is about a rule's ports, and not about its peers."""
        return self in _ABOUT_PORT

    @property
    def uncertain(self) -> bool:
        """Whether it may be a match after all."""
        return self in _UNCERTAIN


_ABOUT_PORT = frozenset(
    {
        MissKind.PORT,
        MissKind.PROTOCOL,
        MissKind.NAMED_PORT_UNRESOLVED,
        MissKind.PORT_EXCLUDED,
        MissKind.SOURCE_PORT,
    }
)
_UNCERTAIN = frozenset(
    {
        MissKind.ADDRESS_UNKNOWN,
        MissKind.NAMESPACE_UNREAD,
        MissKind.POD_UNREAD,
        MissKind.NODE_UNREAD,
        MissKind.NAME_UNRESOLVED,
        MissKind.SERVICE_ACCOUNT_UNREAD,
        MissKind.ENTITY_UNKNOWN,
        MissKind.SOURCE_PORT,
    }
)


@dataclass(frozen=True, slots=True)
class Miss:
    """One thing that does not match: `path` is the field, `wanted` what it says, `found` what the flow has."""

    kind: MissKind
    path: str
    wanted: str
    found: str
    requirement: Requirement | None = None  # for labels: the one that fails

    def __str__(self) -> str:
        return f"wants {self.wanted}, found {self.found}"


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A rule, or one peer of it, that does not admit the flow.

    `missed` is of "peer", "port", "protocol" and "subject" (the rule is about other pods of its policy).
    """

    rule: ObjectRef
    missed: frozenset[str]
    misses: tuple[Miss, ...]

    @property
    def because(self) -> str:
        """All that missed, in words."""
        return "; ".join(map(str, self.misses))

    @property
    def uncertain(self) -> bool:
        """Whether the rule may admit the flow after all."""
        return all(miss.kind.uncertain for miss in self.misses)


@dataclass(frozen=True, slots=True)
class SideVerdict:
    """What the policies that select one end say.

    `decided_by` is the rule or peer that allows or denies; None where isolation without a matching rule denies, and
    where no policy isolates. `near_misses`, of a side that is not allowed, come nearest first.
    """

    direction: Direction
    allowed: bool | None
    isolated_by: tuple[ObjectRef, ...] = ()
    decided_by: ObjectRef | None = None
    near_misses: tuple[NearMiss, ...] = ()

    @property
    def denied_by(self) -> tuple[ObjectRef, ...]:
        """The policies that deny it: the one whose rule does, or all that isolate; none where it is not denied."""
        if self.allowed is not False:
            return ()
        return (self.decided_by.object,) if self.decided_by else self.isolated_by


@dataclass(frozen=True, slots=True)
class FlowVerdict:
    """Both sides. `allowed` is None where it cannot be known; `assumptions` say why, and what else was assumed."""

    flow: Flow
    egress: SideVerdict
    ingress: SideVerdict
    assumptions: tuple[str, ...] = ()

    @property
    def allowed(self) -> bool | None:
        """True if both sides allow it, False if one denies it."""
        sides = (self.egress.allowed, self.ingress.allowed)
        return False if False in sides else None if None in sides else True
