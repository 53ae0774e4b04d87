"""Peers of policies' rules as addresses: what nftables can match."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from netdoctor.cluster.snapshot import Snapshot
from netdoctor.lab.rules.addresses import Range, common, merged, node_ranges, ranges_of, without
from netdoctor.lab.rules.pods import PodIndex
from netdoctor.policy.matching import union
from netdoctor.policy.profile import CNIProfile
from netdoctor.policy.rules import ENTITIES_BY_NODE, AllOf, BlockPeer, EntityPeer, NodePeer, Peer, PodPeer, UnknownPeer
from netdoctor.policy.selection import LabelIndex, numbers

_ALL = {4: (0, 2**32 - 1), 6: (0, 2**128 - 1)}
_WORLDS = {"world": (4, 6), "world-ipv4": (4,), "world-ipv6": (6,)}
ENTITIES = frozenset({"all", "cluster", *ENTITIES_BY_NODE, *_WORLDS})  # of which it is known whom they mean


class PeerAddresses:
    """The addresses that rules are about, under a network plugin."""

    def __init__(self, snapshot: Snapshot, pods: PodIndex, profile: CNIProfile) -> None:
        self._snapshot, self._pods, self._profile = snapshot, pods, profile
        self._nodes = LabelIndex([node.labels for node in snapshot.nodes])

    def of(self, peers: Sequence[Peer], version: int, node: str) -> tuple[Range, ...] | None:
        """Those of one family that one of the peers means, in a rule for pods of a node; None = every one."""
        if not peers:
            return None
        pods = union(self._pods.selected(peer) for peer in peers if isinstance(peer, PodPeer))
        found = self._pods.ranges(pods, version)
        others = [one for peer in peers for one in self._by_address(peer, version, node)]
        if others:
            found = merged((*found, *others))
        return None if found == (_ALL[version],) else found

    def _by_address(self, peer: Peer, version: int, node: str) -> Iterable[Range]:
        """Names are known to the cluster's DNS only, so what they stand for is not matched."""
        match peer:
            case BlockPeer():
                return self._block(peer, version)
            case NodePeer():
                chosen = (self._snapshot.nodes[number] for number in numbers(self._nodes.selected(peer.selector)))
                return node_ranges(chosen, version)
            case EntityPeer():
                return self._entity(peer.entity, version, node)
            case AllOf():
                return self._all_of(peer, version, node)
            case UnknownPeer(matches=True):
                return (_ALL[version],)
        return ()

    def _block(self, peer: BlockPeer, version: int) -> list[Range]:
        if peer.block.version != version:
            return []
        removed = ranges_of((one for one in peer.excepted if one.version == version), ())
        if not (peer.everyone or self._profile.ipblock_matches_pods):
            removed += self._pods.ranges(self._pods.everything, version)
        if not (peer.everyone or self._profile.ipblock_matches_nodes):
            removed += node_ranges(self._snapshot.nodes, version)
        return list(without(ranges_of((peer.block,), ()), merged(removed)))

    def _entity(self, entity: str, version: int, node: str) -> Iterable[Range]:
        """Of words for who is neither pod nor node nor world, such as `ingress`, it is not known whom they mean."""
        nodes = self._snapshot.nodes
        inside = merged((*self._pods.ranges(self._pods.everything, version), *node_ranges(nodes, version)))
        match entity:
            case "all":
                return (_ALL[version],)
            case "cluster":
                return inside
            case "host" | "remote-node":
                return node_ranges((one for one in nodes if (one.name == node) is (entity == "host")), version)
        return without((_ALL[version],), inside) if version in _WORLDS.get(entity, ()) else ()

    def _all_of(self, peer: AllOf, version: int, node: str) -> Iterable[Range]:
        found: tuple[Range, ...] = (_ALL[version],)
        for one in peer.every:
            meant = self.of((one,), version, node)
            found = found if meant is None else tuple(common(found, meant))
        if not peer.none:
            return found
        excluded = self.of(peer.none, version, node)
        return () if excluded is None else without(found, excluded)
