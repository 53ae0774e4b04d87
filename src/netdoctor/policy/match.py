"""Whether a peer of a rule matches one end of a flow, and everything that speaks against it."""

from __future__ import annotations

from collections.abc import Iterator

from netdoctor.policy.block_match import block_misses
from netdoctor.policy.entity_match import entity_misses
from netdoctor.policy.flow import Endpoint
from netdoctor.policy.labels import found_text, part_holds, parts, requirement_of, show, shown
from netdoctor.policy.pod_match import chooses_pod, pod_misses
from netdoctor.policy.remote import Remote
from netdoctor.policy.rules import AllOf, BlockPeer, EntityPeer, NamePeer, NodePeer, Peer, PodPeer, UnknownPeer
from netdoctor.policy.verdict import Miss, MissKind


def peer_misses(peer: Peer, remote: Remote) -> Iterator[Miss]:  # noqa: PLR0911 - one line for each kind of peer
    """What keeps a peer from matching; nothing = it matches. Lazy, because most callers only ask for the first."""
    match peer:
        case PodPeer():
            return pod_misses(peer, remote.endpoint)
        case BlockPeer():
            return block_misses(peer, remote)
        case NodePeer():
            return _node_misses(peer, remote.endpoint)
        case NamePeer():
            return _name_misses(peer, remote.endpoint)
        case EntityPeer():
            return entity_misses(peer, remote)
        case AllOf():
            return _all_of_misses(peer, remote)
        case UnknownPeer():
            return _unreadable_misses(peer)


def chooses(peer: Peer, end: Endpoint) -> bool | None:
    """Whether a peer matches, where its selectors alone can tell: faster than `peer_misses`. None where they cannot."""
    if isinstance(peer, PodPeer):
        return chooses_pod(peer, end)
    if isinstance(peer, AllOf):
        return False if any(chooses(one, end) is False for one in peer.every) else None
    return None


def _all_of_misses(peer: AllOf, remote: Remote) -> Iterator[Miss]:
    """Each that must match and does not; each that must not match, and does, or may."""
    for one in peer.every:
        yield from peer_misses(one, remote)
    for one in peer.none:
        against = tuple(peer_misses(one, remote))
        if not against:
            yield Miss(MissKind.EXCLUDED, one.path, "anyone but those it excludes", f"{remote.endpoint}, one of them")
        elif all(miss.kind.uncertain for miss in against):
            yield from against


def _node_misses(peer: NodePeer, end: Endpoint) -> Iterator[Miss]:
    wanted, path = "a node", f"{peer.path}.nodes"
    if end.selectable:
        yield Miss(MissKind.PEER_IS_NO_NODE, path, wanted, f"pod {end}")
    elif end.is_node and end.node_labels is None:
        found = f"{end}, on a node whose labels are not known" if end.kind == "pod" else f"{end}, with unknown labels"
        if parts(peer.selector):
            yield Miss(MissKind.NODE_UNREAD, path, f"node label {shown(peer.selector)}", found)
    elif not end.is_node and not end.nodes_read:
        yield Miss(MissKind.NODE_UNREAD, path, wanted, f"address {end.name}, and the nodes could not be read")
    elif not end.is_node:
        yield Miss(MissKind.PEER_IS_NO_NODE, path, wanted, f"address {end.name}")
    labels = end.node_labels
    for part in parts(peer.selector) if labels is not None else ():
        if labels is not None and not part_holds(part, labels):
            found = f"node {end.node} with {found_text(part, labels)}"
            yield Miss(MissKind.NODE_LABEL, path, f"node label {show(part)}", found, requirement_of(part))


def _name_misses(peer: NamePeer, end: Endpoint) -> Iterator[Miss]:
    path, wanted = f"{peer.path}.domainNames", f"an address of {', '.join(peer.names)}"
    if end.kind == "ip":
        yield Miss(MissKind.NAME_UNRESOLVED, path, wanted, f"address {end.name}, which may be one of it")
    else:
        yield Miss(MissKind.PEER_IS_INSIDE, path, f"{wanted}, outside the cluster", str(end))


def _unreadable_misses(peer: UnknownPeer) -> Iterator[Miss]:
    if not peer.matches:
        yield Miss(
            MissKind.PEER_UNREADABLE, peer.path, "what netdoctor cannot read", "a rule that matches nothing then"
        )
