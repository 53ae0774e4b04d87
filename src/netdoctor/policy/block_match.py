"""Whether the block of a peer holds an end's addresses, and everything that speaks against it."""

from __future__ import annotations

from collections.abc import Iterator

from netdoctor.cluster.addresses import Network, holds
from netdoctor.policy.pod_match import maybe_pod
from netdoctor.policy.remote import Remote
from netdoctor.policy.rules import BlockPeer
from netdoctor.policy.verdict import Miss, MissKind


def block_misses(peer: BlockPeer, remote: Remote) -> Iterator[Miss]:
    """What keeps an end from being one of the addresses that are meant."""
    path, block, end = _block_path(peer), str(peer.block), remote.endpoint
    outside = f"address {', '.join(map(str, remote.addresses))}"
    if not remote.addresses:
        yield from _to_be_misses(peer, remote)
    elif not any(address in peer.block for address in remote.addresses):
        yield Miss(MissKind.IP_BLOCK, path, f"an address in {block}", outside)
    elif excepted := [n for n in peer.excepted if any(address in n for address in remote.addresses)]:
        yield Miss(MissKind.IP_EXCEPT, f"{path}.except", f"no address in {excepted[0]}", outside)
    if end.is_node and not (peer.everyone or remote.profile.ipblock_matches_nodes):
        yield Miss(MissKind.HOST_NETWORK, path, f"an address that is no node's ({remote.profile.name})", str(end))
    if end.selectable and not (peer.everyone or remote.profile.ipblock_matches_pods):
        yield Miss(MissKind.PEER_IS_POD, path, f"an address that is no pod's ({remote.profile.name})", f"pod {end}")
    if not (end.pods_read or peer.everyone or remote.profile.ipblock_matches_pods):
        yield Miss(MissKind.POD_UNREAD, path, f"an address that is no pod's ({remote.profile.name})", maybe_pod(end))


def _to_be_misses(peer: BlockPeer, remote: Remote) -> Iterator[Miss]:
    """For a pod without an address yet: certain where all that it can get is inside, or outside."""
    path, block, end = _block_path(peer), peer.block, remote.endpoint
    if _is_no_pods(block):
        found = f"{end}, which will have an address that is routed"
        yield Miss(MissKind.IP_BLOCK, path, f"an address in {block}", found)
        return
    same_family = remote.version in (None, block.version)
    if same_family and block.prefixlen == 0 and all(map(_is_no_pods, peer.excepted)):
        return
    networks = [network for network in end.networks if same_family and network.version == block.version]
    to_be = f"{end}, which will have an address in {', '.join(map(str, networks))}"
    excepted = next((n for n in peer.excepted if networks and all(holds(n, one) for one in networks)), None)
    if excepted is not None:
        yield Miss(MissKind.IP_EXCEPT, f"{path}.except", f"no address in {excepted}", to_be)
    elif networks and not any(one.overlaps(block) for one in networks):
        yield Miss(MissKind.IP_BLOCK, path, f"an address in {block}", to_be)
    elif not networks or not all(holds(block, one) and not _excepts(peer, one) for one in networks):
        yield Miss(MissKind.ADDRESS_UNKNOWN, path, f"an address in {block}", f"{end}, which has no address yet")


def _is_no_pods(network: Network) -> bool:
    """Whether no pod can have an address in it: those of the metadata service and others that are never routed.

    Source: RFC 3927 (169.254.0.0/16), RFC 4291 (fe80::/10, ff00::/8), RFC 1122 (127.0.0.0/8), RFC 5771 (224.0.0.0/4).
    """
    return network.is_link_local or network.is_loopback or network.is_multicast


def _block_path(peer: BlockPeer) -> str:
    """A network of a cluster-wide policy is no object with fields."""
    return peer.path if peer.everyone else f"{peer.path}.ipBlock"


def _excepts(peer: BlockPeer, network: Network) -> bool:
    return any(network.overlaps(excepted) for excepted in peer.excepted)
