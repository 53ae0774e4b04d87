"""Which classes of endpoints the peers of rules match, as bit masks: bit n stands for the n-th class."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import NamedTuple

from netdoctor.policy.classes import EndpointClass
from netdoctor.policy.expressions import Selector
from netdoctor.policy.flow import Flow
from netdoctor.policy.labels import named_values
from netdoctor.policy.match import peer_misses
from netdoctor.policy.profile import CNIProfile
from netdoctor.policy.remote import remote_end
from netdoctor.policy.rules import (
    ENTITIES_BY_NODE,
    SERVICE_ACCOUNT_NAME,
    AllOf,
    BlockPeer,
    Direction,
    EntityPeer,
    Peer,
    PodPeer,
    leaves,
)
from netdoctor.policy.selection import LabelIndex, numbers


class Bits(NamedTuple):
    """The classes that match certainly, and those that match perhaps, which include them."""

    certain: int
    possible: int


class Selection:
    """Which classes a peer matches, or a policy selects."""

    def __init__(self, classes: Sequence[EndpointClass], profile: CNIProfile) -> None:
        self._classes, self._profile = classes, profile
        self.everything = (1 << len(classes)) - 1
        self._labels = LabelIndex([c.end.labels if c.end.selectable else {} for c in classes])
        by_namespace: defaultdict[str, int] = defaultdict(int)
        for number, one in enumerate(classes):
            if one.end.selectable:
                by_namespace[one.end.namespace] |= 1 << number
        self.by_namespace = dict(by_namespace)
        self.selectable = union(by_namespace.values())
        self._names = list(by_namespace)
        ends = {one.end.namespace: one.end for one in classes if one.end.selectable}
        self._namespaces = LabelIndex([ends[name].namespace_labels for name in self._names])
        self._unread = union(mask for name, mask in by_namespace.items() if not ends[name].namespace_read)
        self._accounts = LabelIndex([c.end.service_account_labels if c.end.selectable else {} for c in classes])
        self.families = _grouped_by(classes, families_of)
        self.neighbours = _grouped_by(classes, lambda one: (families_of(one), one.end.node))
        self._places = _grouped_by(classes, lambda one: one.place)
        self._known: dict[object, Bits] = {}

    def near(self, peer: PodPeer) -> int:
        """At least all that a peer selects, found without a look at labels."""
        return self.by_namespace.get(peer.namespace, 0) if peer.namespace_selector is None else self.selectable

    def pods(self, peer: PodPeer) -> Bits:
        """Of a peer with selectors, or of a policy's subject."""
        if peer.namespace_selector is None:
            chosen = self.by_namespace.get(peer.namespace, 0)
        else:
            selected = numbers(self._namespaces.selected(peer.namespace_selector))
            chosen = union(self.by_namespace[self._names[n]] for n in selected)
        by_labels = self._labels.selected(peer.pod_selector) & self.selectable
        found = chosen & by_labels
        unread = self._unread if peer.namespace_selector is not None else 0
        if peer.service_account_selector is not None:
            found &= self._accounts.selected(peer.service_account_selector)
            unread |= 0 if _by_name(peer.service_account_selector) else self._unread_accounts
        if not unread:
            return Bits(found, found)
        exact = self._asked(peer, unread & by_labels, 0, Direction.EGRESS)
        return Bits(found & ~unread | exact.certain, found & ~unread | exact.possible)

    def matching(self, peer: Peer, local: int, direction: Direction) -> Bits:
        """Of any peer, in a rule about the class `local` and those with addresses of the same families."""
        if isinstance(peer, PodPeer):
            return self.pods(peer)
        if isinstance(peer, AllOf):
            return self._all_of(peer, local, direction)
        if not isinstance(peer, BlockPeer):
            return self._by_place(peer, local, direction)
        # The same blocks stand in many rules.
        key = peer.block, peer.excepted, peer.everyone, families_of(self._classes[local]), direction
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._by_place(peer, local, direction)
        return found

    def _all_of(self, peer: AllOf, local: int, direction: Direction) -> Bits:
        found = Bits(self.everything, self.everything)
        for one in peer.every:
            bits = self.matching(one, local, direction)
            found = Bits(found.certain & bits.certain, found.possible & bits.possible)
        for one in peer.none:
            bits = self.matching(one, local, direction)
            found = Bits(found.certain & ~bits.possible, found.possible & ~bits.certain)
        return found

    @cached_property
    def _unread_accounts(self) -> int:
        """The pods whose service accounts may have more labels than are known."""
        return union(1 << n for n, one in enumerate(self._classes) if not one.end.service_accounts_read)

    def _by_place(self, peer: Peer, local: int, direction: Direction) -> Bits:
        return join([self._placed(peer, members, local, direction) for members in self._places])

    def _placed(self, peer: Peer, members: int, local: int, direction: Direction) -> Bits:
        """Of classes that only pod selectors tell apart: one is asked for all."""
        found = self._asked(peer, members & -members, local, direction)
        return Bits(members if found.certain else 0, members if found.possible else 0)

    def _asked(self, peer: Peer, mask: int, local: int, direction: Direction) -> Bits:
        """The classes of a mask that a peer matches, each asked by itself."""
        certain = possible = 0
        for number in numbers(mask):
            ends = self._classes[local].end, self._classes[number].end
            source, destination = ends if direction is Direction.EGRESS else reversed(ends)
            remote = remote_end(Flow(source, destination, "TCP", 1), direction, self._profile)
            misses = tuple(peer_misses(peer, remote))
            certain |= 0 if misses else 1 << number
            possible |= 1 << number if all(miss.kind.uncertain for miss in misses) else 0
        return Bits(certain, possible)


def is_plain(peer: Peer) -> bool:
    """Whether a peer means the same ends whatever the other end is."""
    return all(isinstance(leaf, PodPeer) for leaf in leaves(peer))


def about_node(peer: Peer) -> bool:
    """Whether whom a peer means depends on the node of the other end."""
    return any(isinstance(leaf, EntityPeer) and leaf.entity in ENTITIES_BY_NODE for leaf in leaves(peer))


def _by_name(selector: Selector) -> bool:
    """Whether a service account's name is all that a selector is about."""
    return all(key == SERVICE_ACCOUNT_NAME for key, _ in named_values(selector))


def families_of(one: EndpointClass) -> object:
    """The address families of its members, in their order."""
    return tuple(":" in ip for ip in one.end.ips)


def _grouped_by(classes: Sequence[EndpointClass], key: Callable[[EndpointClass], object]) -> tuple[int, ...]:
    found: defaultdict[object, int] = defaultdict(int)
    for number, one in enumerate(classes):
        found[key(one)] |= 1 << number
    return tuple(found.values())


def union(masks: Iterable[int]) -> int:
    """What is in any of them."""
    found = 0
    for mask in masks:
        found |= mask
    return found


def join(found: Sequence[Bits]) -> Bits:
    """What matches any of several peers."""
    return Bits(union(bits.certain for bits in found), union(bits.possible for bits in found))
