"""Addresses for pods, and ClusterIPs and node ports for Services: always the lowest that is free."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from netdoctor.lab.control.views import finished, internal_addresses, of_kind
from netdoctor.lab.objects import Manifest, Objects

NODE_PORTS = range(30000, 32768)
_FIRST = 2  # of a node's network: 0 is the network itself, and 1 is a bridge's with many plugins
_LOOKED_AT = 1 << 16  # addresses of an IPv6 network


def addresses_in_use(objects: Objects) -> set[str]:
    """The addresses of all pods that still have a network."""
    pods = (pod for pod in of_kind(objects, "Pod") if not finished(pod))
    return {entry["ip"] for pod in pods for entry in pod.get("status", {}).get("podIPs", ())}


def pod_addresses(node: Manifest, used: Collection[str], *, on_host: bool) -> tuple[str, ...]:
    """Addresses for a pod: of its node in the host's network, else one of each of the node's podCIDRs.

    None where the node has no podCIDR, or no address is left.
    """
    if on_host:
        return tuple(internal_addresses(node))
    spec = node.get("spec", {})
    texts = spec.get("podCIDRs") or [text for text in [spec.get("podCIDR")] if text]
    found = [_free(ip_network(text), _FIRST, used) for text in texts]
    return tuple(address for address in found if address) if all(found) else ()


def cluster_ip(network: IPv4Network | IPv6Network, used: Collection[str]) -> str | None:
    """A ClusterIP that is free, from behind the addresses that are left to those who choose themselves (KEP-3070)."""
    return _free(network, _reserved(network.num_addresses, 16, 256), used)


def node_port(used: Collection[int]) -> int | None:
    """A node port that is free; those at the beginning of the range are left to those who choose (KEP-3668)."""
    first = NODE_PORTS.start + _reserved(len(NODE_PORTS), 32, 128)
    return next((port for port in range(first, NODE_PORTS.stop) if port not in used), None)


def service_networks(objects: Objects) -> tuple[IPv4Network | IPv6Network, ...]:
    """The networks of the ClusterIPs: what kubeadm was told, else what is around the API server's own address."""
    config = objects.get(("ConfigMap", "kube-system", "kubeadm-config"), {})
    given = tuple(_configured(str(config.get("data", {}).get("ClusterConfiguration", ""))))
    if given:
        return given
    api_server = objects.get(("Service", "default", "kubernetes"), {}).get("spec", {}).get("clusterIP", "10.96.0.1")
    address = ip_address(api_server)
    return (ip_network((address, 112 if address.version == 6 else 16), strict=False),)


def _configured(text: str) -> Iterator[IPv4Network | IPv6Network]:
    for line in text.splitlines():
        key, _, value = line.strip().partition(":")
        if key == "serviceSubnet":
            for network in value.strip().split(","):
                try:
                    yield ip_network(network.strip(), strict=False)
                except ValueError:
                    return


def _reserved(size: int, share: int, most: int) -> int:
    return min(max(16, size // share), most) + 1


def _free(network: IPv4Network | IPv6Network, first: int, used: Collection[str]) -> str | None:
    last = min(network.num_addresses, _LOOKED_AT) - (1 if network.version == 4 else 0)  # the broadcast address
    return _first_free((str(network[number]) for number in range(first, last)), used)


def _first_free(candidates: Iterable[str], used: Collection[str]) -> str | None:
    return next((candidate for candidate in candidates if candidate not in used), None)
