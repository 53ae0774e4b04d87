"""The ranges of addresses of pods, Services and nodes, and where two of them overlap."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from netdoctor.cluster.addresses import Network, parse_address, parse_networks
from netdoctor.cluster.cni import cni
from netdoctor.cluster.network_settings import cilium_settings, flannel_settings, for_pods
from netdoctor.cluster.objects import ConfigMap
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.diagnosis.kubectl import kubectl
from netdoctor.model.refs import ObjectRef
from netdoctor.model.report import Evidence, Fix

_CLUSTER_POOLS = ("cluster-pool-ipv4-cidr", "cluster-pool-ipv6-cidr")


@dataclass(frozen=True, slots=True)
class AddressRange:
    """Addresses, what they are for, and the field that says so.

    Attributes:
        node: that has them, where it is one node's.
        pool: whether it is a range of the network plugin, from which the nodes' own are taken.
    """

    network: Network
    use: str
    field: ObjectRef
    node: str = ""
    pool: bool = False

    @property
    def of_pods(self) -> bool:
        """Whether pods have these addresses."""
        return self.pool or self.field.path == "spec.podCIDR"


@dataclass(frozen=True, slots=True)
class Overlap:
    """Two ranges, of which one holds the other."""

    one: AddressRange
    other: AddressRange

    @property
    def shared(self) -> Network:
        """The addresses that both have: of two networks that overlap, one holds the other."""
        return max((self.one.network, self.other.network), key=lambda network: network.prefixlen)

    @property
    def title(self) -> str:
        """One line with both."""
        return f"{self.one.use} and {self.other.use} overlap: {self.shared}"

    @property
    def explanation(self) -> str:
        """Whose they are, and what becomes of packets."""
        return (
            f"{self.one.network} is the range of {self.one.use}, {self.other.network} that of {self.other.use}: what "
            f"is sent to {self.shared} goes to one of them, whichever it was meant for."
        )

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """Both fields."""
        return tuple(Evidence(str(one.field), str(one.network)) for one in (self.one, self.other))

    @property
    def fix(self) -> Fix:
        """Another range for one of them."""
        title = f"give {self.one.use} or {self.other.use} another range, and make the pods in it anew"
        return Fix(title, kubectl("get", self.one.field.object, "-o", "yaml"))


def address_ranges(snapshot: Snapshot) -> Iterator[AddressRange]:
    """What a packet meets: pools, the podCIDRs of nodes as far as pods have addresses there, nodes, and Services."""
    yield from _pools(snapshot)
    pods = [a for pod in snapshot.pods if not pod.spec.host_network for ip in pod.ips if (a := parse_address(ip))]
    for node in snapshot.nodes:
        own = parse_networks({cidr for cidr in (*node.spec.pod_cidrs, node.spec.pod_cidr) if cidr})
        for network in own:
            if any(address in network for address in pods if address.version == network.version):
                yield AddressRange(network, f"pods of {node.name}", node.ref.at("spec.podCIDR"), node.name)
        for number, one in enumerate(node.status.addresses):
            for network in parse_networks({one.address} if one.type == "InternalIP" else set()):
                field = node.ref.at(f"status.addresses[{number}]")
                yield AddressRange(network, f"node {node.name}", field, node.name)
    yield from service_ranges(snapshot)


def plugin_ranges(snapshot: Snapshot) -> Iterator[AddressRange]:
    """From which the network plugin takes pods' addresses: Calico's pools, flannel's network, Cilium's cluster pool."""
    yield from _pools(snapshot)
    names = cni(snapshot).name.split("+")
    if (settings := flannel_settings(snapshot)) and {"flannel", "canal"} & {*names}:
        for network in parse_networks({*settings.networks}):
            yield AddressRange(network, "pods (flannel's Network)", settings.field, pool=True)
    where, data = cilium_settings(snapshot)
    if "cilium" in names and data.get("ipam", "cluster-pool") == "cluster-pool":
        for key in _CLUSTER_POOLS:
            for network in parse_networks({*data.get(key, "").split()}):
                yield AddressRange(network, "pods (Cilium's cluster pool)", where.at(f"data.{key}"), pool=True)


def _pools(snapshot: Snapshot) -> Iterator[AddressRange]:
    """Calico's, but for those that are not for pods."""
    for pool in snapshot.ip_pools:
        for network in parse_networks({str(pool.spec.get("cidr", ""))}):
            if for_pods(pool) and not pool.spec.get("disabled"):
                yield AddressRange(network, f"pods ({pool.ref})", pool.ref.at("spec.cidr"), pool=True)


def service_ranges(snapshot: Snapshot) -> Iterator[AddressRange]:
    """The range of ClusterIPs as kubeadm has it; without that, the single ClusterIPs."""
    found = snapshot.get("ConfigMap", "kube-system", "kubeadm-config")
    text = found.data.get("ClusterConfiguration", "") if isinstance(found, ConfigMap) else ""
    given = re.search(r"^\s*serviceSubnet:\s*[\"']?([^\s\"'#]+)", text, re.MULTILINE)
    if given and isinstance(found, ConfigMap):
        for network in parse_networks(set(given[1].split(","))):
            yield AddressRange(network, "Services", found.ref.at("data.ClusterConfiguration"))
        return
    for service in snapshot.services:
        for network in parse_networks(set(service.vips)):
            yield AddressRange(network, str(service.ref), service.ref.at("spec.clusterIP"))


def overlaps_of(ranges: Sequence[AddressRange]) -> Iterator[Overlap]:
    """Networks overlap only where one holds the other: in the order of their first addresses, that is one pass."""
    around: list[AddressRange] = []
    order = sorted(ranges, key=lambda one: (one.network.version, int(one.network[0]), one.network.prefixlen))
    for one in order:
        while around and not around[-1].network.overlaps(one.network):
            around.pop()
        yield from (Overlap(outer, one) for outer in around if _at_odds(outer, one))
        around.append(one)


def _at_odds(one: AddressRange, other: AddressRange) -> bool:
    """Not an address twice of one node, nor the plugin's ranges beside the podCIDRs that are taken from them."""
    if one.of_pods and other.of_pods:
        return not (one.pool or other.pool)
    return one.of_pods or other.of_pods or "Services" in (one.use, other.use)
