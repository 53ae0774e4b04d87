"""Whose an address on the way is."""

from __future__ import annotations

from netdoctor.cluster.addresses import parse_address, parse_networks
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
    for node in snapshot.nodes:
        networks = parse_networks({cidr for cidr in (*node.spec.pod_cidrs, node.spec.pod_cidr) if cidr})
        if any(parsed in network for network in networks if network.version == parsed.version):
            return f"node {node.name}, by an address of its pods' network"
    return "a router that is no node"
