"""How many addresses of a range pods have."""

from __future__ import annotations

from netdoctor.cluster.addresses import Network, parse_address
from netdoctor.cluster.snapshot import Snapshot

_RESERVED = 3  # of a podCIDR: network, gateway, broadcast


def used(snapshot: Snapshot, network: Network) -> int:
    """Addresses of pods that run, in a network."""
    holders = (pod for pod in snapshot.pods if not pod.finished and not pod.spec.host_network)
    addresses = (parse_address(ip) for pod in holders for ip in pod.ips)
    return sum(
        address is not None and address.version == network.version and address in network for address in addresses
    )


def room(pod_cidr: Network) -> int:
    """Addresses for pods in the podCIDR of a node."""
    return max(0, pod_cidr.num_addresses - _RESERVED)
