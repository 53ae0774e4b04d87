"""Peers of policies' rules as addresses: what nftables can match."""

from __future__ import annotations

from netdoctor.cluster.snapshot import Snapshot
from netdoctor.lab.rules.addresses import Range, merged, node_ranges, of_version, ranges_of, without
from netdoctor.lab.rules.pods import PodIndex
from netdoctor.policy.matching import union
from netdoctor.policy.profile import CNIProfile
from netdoctor.policy.rules import BlockPeer, NodePeer, Peer, PodPeer, Rule, UnknownPeer
from netdoctor.policy.selection import LabelIndex, numbers

_ALL = {4: (0, 2**32 - 1), 6: (0, 2**128 - 1)}


class PeerAddresses:
    """The addresses that rules are about, under a network plugin."""

    def __init__(self, snapshot: Snapshot, pods: PodIndex, profile: CNIProfile) -> None:
        self._snapshot, self._pods, self._profile = snapshot, pods, profile
        self._nodes = LabelIndex([node.labels for node in snapshot.nodes])

    def of(self, rule: Rule, version: int) -> tuple[Range, ...] | None:
        """Those of one family that match a rule; None = every one."""
        if not rule.peers or any(isinstance(peer, UnknownPeer) and peer.matches for peer in rule.peers):
            return None
        pods = union(self._pods.selected(peer) for peer in rule.peers if isinstance(peer, PodPeer))
        found = self._pods.ranges(pods, version)
        others = [one for peer in rule.peers for one in self._by_address(peer, version)]
        if others:
            found = merged((*found, *others))
        return None if found == (_ALL[version],) else found

    def _by_address(self, peer: Peer, version: int) -> list[Range]:
        """Names are known to the cluster's DNS only, so what they stand for is not matched."""
        if isinstance(peer, BlockPeer):
            return self._block(peer, version)
        if isinstance(peer, NodePeer):
            nodes = (self._snapshot.nodes[number] for number in numbers(self._nodes.selected(peer.selector)))
            addresses = (one.address for node in nodes for one in node.status.addresses)
            return ranges_of((), of_version(addresses, version))
        return []

    def _block(self, peer: BlockPeer, version: int) -> list[Range]:
        if peer.block.version != version:
            return []
        removed = ranges_of(peer.excepted, ())
        if not (peer.everyone or self._profile.ipblock_matches_pods):
            removed += self._pods.ranges(self._pods.everything, version)
        if not (peer.everyone or self._profile.ipblock_matches_nodes):
            removed += node_ranges(self._snapshot, version)
        return list(without(ranges_of((peer.block,), ()), merged(removed)))
