"""Whose an address on the way is."""

from __future__ import annotations

from netdoctor.cluster.addresses import Address, parse_address, parse_networks
from netdoctor.cluster.objects import Node
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.policy.flow import ip_endpoint

_LINK_LOCAL_GATEWAY = "169.254.1.1"  # Calico's, on every node (docs.tigera.io, FAQ: the next hop 169.254.1.1)


def whose(snapshot: Snapshot, address: str | None, here: str = "") -> str:
    """In words whose an address on the way is; `here` is the node where the way begins."""
    if not address:
        return "silent"
    if address == _LINK_LOCAL_GATEWAY:
        return f"node {here}" if here else "the pod's own node"
    parsed = parse_address(address)
    if parsed is None:
        return "an unknown address"
    end = ip_endpoint(address, snapshot)
    if end.is_node or end.kind == "pod":
        return f"node {end.node}" if end.is_node else f"pod {end}"
    node = node_at(snapshot, address)
    return f"node {node.name}, by an address of its pods' network" if node else "a router that is no node"


def node_at(snapshot: Snapshot, address: str) -> Node | None:
    """The node that has the address: one of its own, or one of its pods' range that no pod has, as on their bridge."""
    wanted = parse_address(address)
    if wanted is None or snapshot.pod_by_ip(address):
        return None
    own = (n for n in snapshot.nodes if any(parse_address(one.address) == wanted for one in n.status.addresses))
    return next(own, None) or next((n for n in snapshot.nodes if _of_pods(n, wanted)), None)


def _of_pods(node: Node, address: Address) -> bool:
    networks = parse_networks({cidr for cidr in (*node.spec.pod_cidrs, node.spec.pod_cidr) if cidr})
    return any(address in network for network in networks)
