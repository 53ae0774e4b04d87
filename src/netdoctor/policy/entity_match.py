"""Whether an end is what an entity means: by what it is, and by the node that it runs on.

Source: Cilium's policy language, "Entities based".
"""

from __future__ import annotations

from collections.abc import Iterator

from netdoctor.policy.flow import Endpoint
from netdoctor.policy.remote import Remote
from netdoctor.policy.rules import EntityPeer
from netdoctor.policy.verdict import Miss, MissKind

_FAMILIES = {"world-ipv4": 4, "world-ipv6": 6}


def entity_misses(peer: EntityPeer, remote: Remote) -> Iterator[Miss]:
    """What keeps an end from being meant by an entity."""
    match peer.entity:
        case "all":
            return iter(())
        case "cluster":
            return _inside_misses(peer, remote.endpoint)
        case "world" | "world-ipv4" | "world-ipv6":
            return _outside_misses(peer, remote)
        case "host" | "remote-node":
            return _node_misses(peer, remote)
    return _special_misses(peer, remote.endpoint)


def _miss(peer: EntityPeer, end: Endpoint) -> Miss:
    return Miss(MissKind.ENTITY, peer.path, f"entity {peer.entity}", str(end))


def _unsure(peer: EntityPeer, found: str) -> Miss:
    return Miss(MissKind.ENTITY_UNKNOWN, peer.path, f"entity {peer.entity}", found)


def _address_unsure(peer: EntityPeer, end: Endpoint) -> Miss:
    unread = "nodes" if end.pods_read else "pods" if end.nodes_read else "pods and nodes"
    return _unsure(peer, f"address {end}, and the {unread} could not be read")


def _inside_misses(peer: EntityPeer, end: Endpoint) -> Iterator[Miss]:
    if end.kind == "ip":
        yield _miss(peer, end) if end.outside else _address_unsure(peer, end)


def _outside_misses(peer: EntityPeer, remote: Remote) -> Iterator[Miss]:
    end, family = remote.endpoint, _FAMILIES.get(peer.entity)
    if end.kind != "ip" or (family and all(address.version != family for address in remote.addresses)):
        yield _miss(peer, end)
    elif not end.outside:
        yield _address_unsure(peer, end)


def _node_misses(peer: EntityPeer, remote: Remote) -> Iterator[Miss]:
    end, here = remote.endpoint, remote.local.node
    if end.kind == "ip" and not end.nodes_read:
        yield _address_unsure(peer, end)
    elif not end.is_node:
        yield _miss(peer, end)
    elif not (here and end.node):
        yield _unsure(peer, f"{end}, and it is not known which node {remote.local} runs on")
    elif (here == end.node) is not (peer.entity == "host"):
        yield _miss(peer, end)


def _special_misses(peer: EntityPeer, end: Endpoint) -> Iterator[Miss]:
    """The API server, an Ingress's proxy and others: no pods, but which addresses they have is not known."""
    if end.selectable:
        yield _miss(peer, end)
    else:
        yield _unsure(peer, f"{end}, which may be it")
