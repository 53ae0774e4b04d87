"""What the objects say about the cluster's DNS, service proxy and network plugin: pure functions of a Snapshot."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from netdoctor.cluster.cni import CNI, cni
from netdoctor.cluster.flags import option
from netdoctor.cluster.network_settings import felix
from netdoctor.cluster.objects import ConfigMap, DaemonSet, Pod, Service
from netdoctor.cluster.snapshot import Snapshot

__all__ = [
    "CNI",
    "CONFIG_MAPS",
    "NETWORK_CONFIG_MAPS",
    "KubeProxy",
    "cluster_domain",
    "cni",
    "dns_service",
    "kube_proxy",
    "node_local_dns",
    "node_port_addresses",
    "proxy_cluster_cidrs",
]

_SYSTEM = "kube-system"
# The ConfigMaps that are read: namespace and name.
CONFIG_MAPS = tuple((_SYSTEM, name) for name in ("coredns", "kube-proxy", "kubeadm-config", "cilium-config"))
# Those of network plugins, which say how packets travel between nodes (`encapsulation`).
NETWORK_CONFIG_MAPS = (
    ("kube-flannel", "kube-flannel-cfg"),
    ("calico-system", "cni-config"),
    *((_SYSTEM, n) for n in ("kube-flannel-cfg", "canal-config", "calico-config", "antrea-config", "kube-router-cfg")),
)
_DNS_SERVICE_NAMES = ("kube-dns", "coredns", "rke2-coredns-rke2-coredns")


def cluster_domain(snapshot: Snapshot) -> str:
    """The zone of Services' names: CoreDNS's, else kubeadm's, else the default ``cluster.local``."""
    for zone in _kubernetes_zones(_config(snapshot, "coredns").get("Corefile", "")):
        name = zone.rpartition("://")[2].partition(":")[0].rstrip(".")
        if name and not name.endswith(".arpa"):
            return name
    configured = re.search(
        r"^\s*dnsDomain:\s*[\"']?([^\s\"'#]+)",
        _config(snapshot, "kubeadm-config").get("ClusterConfiguration", ""),
        re.MULTILINE,
    )
    return configured[1] if configured else "cluster.local"


def dns_service(snapshot: Snapshot) -> Service | None:
    """The Service behind pods' nameserver address, usually kube-system/kube-dns."""
    services = [service for service in snapshot.services if service.namespace == _SYSTEM]
    # By name first: NodeLocal DNSCache's upstream Service carries the same label.
    named = [service for name in _DNS_SERVICE_NAMES for service in services if service.name == name]
    labelled = [service for service in services if service.labels.get("k8s-app") == "kube-dns"]
    return next(iter((*named, *labelled)), None)


def node_local_dns(snapshot: Snapshot) -> tuple[str, ...]:
    """The addresses of NodeLocal DNSCache on each node, its own first; empty where it does not run.

    With kube-proxy in iptables mode the DNS Service's address is among them: then no node translates it.
    Source: https://kubernetes.io/docs/tasks/administer-cluster/nodelocaldns/
    """
    daemon_set = snapshot.get("DaemonSet", _SYSTEM, "node-local-dns")
    if not isinstance(daemon_set, DaemonSet):
        return ()
    return tuple((option(daemon_set.spec.template.spec, "localip") or "169.254.20.10").split(","))


@dataclass(frozen=True, slots=True)
class KubeProxy:
    """What turns ClusterIPs into endpoints.

    Attributes:
        mode: ``iptables``, ``ipvs`` or ``nftables``; None if it could not be found out.
        pods: kube-proxy's pods by node name.
        replaced_by: what does kube-proxy's work instead; None where kube-proxy does it.
    """

    mode: str | None
    pods: Mapping[str, tuple[Pod, ...]]
    replaced_by: str | None


def kube_proxy(snapshot: Snapshot) -> KubeProxy:
    """Mode and pods of kube-proxy, or what replaces it."""
    by_node: dict[str, tuple[Pod, ...]] = {}
    for pod in snapshot.pods_in(_SYSTEM):
        # kubeadm runs a DaemonSet (k8s-app), GKE and RKE2 static pods (component).
        if "kube-proxy" in (pod.labels.get("k8s-app"), pod.labels.get("component")):
            by_node[pod.spec.node_name] = (*by_node.get(pod.spec.node_name, ()), pod)
    return KubeProxy(_proxy_mode(snapshot, by_node), by_node, next(_replacing(snapshot), None))


def _proxy_mode(snapshot: Snapshot, pods: Mapping[str, tuple[Pod, ...]]) -> str | None:
    given = next((m for group in pods.values() for pod in group if (m := option(pod.spec, "proxy-mode"))), None)
    if given:
        return given
    configuration = _config(snapshot, "kube-proxy").get("config.conf")
    if configuration is None:
        return None
    mode = re.search(r"^mode:[ \t]*[\"']?(\w*)", configuration, re.MULTILINE)
    return (mode and mode[1]) or "iptables"  # the default on Linux


def node_port_addresses(snapshot: Snapshot) -> tuple[str, ...]:
    """The networks of the nodes' addresses at which kube-proxy opens NodePorts; empty for all of them.

    ``primary`` stands for each node's own addresses in Node objects. Source: KubeProxyConfiguration (v1alpha1),
    nodePortAddresses.
    """
    pods = (pod for group in kube_proxy(snapshot).pods.values() for pod in group)
    given = next((networks for pod in pods if (networks := option(pod.spec, "nodeport-addresses"))), None)
    if given is not None:
        return tuple(network.strip() for network in given.split(","))
    configuration = _config(snapshot, "kube-proxy").get("config.conf", "")
    listed = re.search(r"^nodePortAddresses:[ \t]*(\[[^\]]*\]|(?:\n[ \t]*-[^\n]*)+)", configuration, re.MULTILINE)
    return tuple(re.findall(r"[0-9A-Fa-f.:]+/\d+|primary", listed[1])) if listed else ()


def proxy_cluster_cidrs(snapshot: Snapshot) -> tuple[str, ...]:
    """The networks of which kube-proxy takes a source for a pod; empty where it tells pods otherwise, or not at all.

    Requests of others to ClusterIPs are masqueraded. Source: KubeProxyConfiguration (v1alpha1), clusterCIDR and
    detectLocalMode.
    """
    pods = (pod for group in kube_proxy(snapshot).pods.values() for pod in group)
    given = next((networks for pod in pods if (networks := option(pod.spec, "cluster-cidr"))), None)
    configuration = _config(snapshot, "kube-proxy").get("config.conf", "")
    told = dict(re.findall(r"^(clusterCIDR|detectLocalMode):[ \t]*[\"']?([\w.:/,]+)", configuration, re.MULTILINE))
    if told.get("detectLocalMode", "ClusterCIDR") != "ClusterCIDR":
        return ()
    return tuple(filter(None, (given or told.get("clusterCIDR", "")).split(",")))


def _replacing(snapshot: Snapshot) -> Iterator[str]:
    """What does kube-proxy's work."""
    for daemon_set in snapshot.daemon_sets:
        spec = daemon_set.spec.template.spec
        match daemon_set.name:
            case "cilium" if _config(snapshot, "cilium-config").get("kube-proxy-replacement") in {
                "true",
                "strict",
            }:
                yield "cilium"
            case "anetd":
                yield "cilium"
            case "ovnkube-node":
                yield "ovn-kubernetes"
            case "kube-router" if option(spec, "run-service-proxy") == "true":
                yield "kube-router"
    if (settings := felix(snapshot)) is not None and settings.spec.get("bpfEnabled") is True:
        yield "calico"  # its eBPF data plane: docs.tigera.io, Enable eBPF
    if any("+k3s" in node.status.node_info.kubelet_version for node in snapshot.nodes):
        yield "k3s"  # kube-proxy's code inside the k3s process


def _config(snapshot: Snapshot, name: str) -> Mapping[str, str]:
    found = snapshot.get("ConfigMap", _SYSTEM, name)
    return found.data if isinstance(found, ConfigMap) else {}


def _kubernetes_zones(corefile: str) -> Iterator[str]:
    """Zones of the `kubernetes` plugin: its arguments, else the names of its server block.

    Source: https://coredns.io/plugins/kubernetes/
    """
    depth, block = 0, list[str]()
    for line in corefile.splitlines():
        words = line.partition("#")[0].split()
        if not words:
            continue
        opens = words[-1] == "{"
        names = words[:-1] if opens else words
        if depth == 0:
            block = [name.rstrip(",") for name in names]
        elif depth == 1 and names[:1] == ["kubernetes"]:
            yield from names[1:] or block
        depth += opens - (words[0] == "}")
