"""Whether the lab enforces policies and translates Services on a node: where the cluster that it stands for does."""

from __future__ import annotations

from netdoctor.cluster.cni import cni
from netdoctor.cluster.facts import kube_proxy
from netdoctor.cluster.snapshot import Snapshot


def enforces(snapshot: Snapshot) -> bool:
    """Whether its network plugin enforces NetworkPolicies; so where nothing tells which one it has."""
    plugin = cni(snapshot)
    return bool(plugin.enforces_policy) or (plugin.enforces_policy is None and not snapshot.daemon_sets)


def proxied(snapshot: Snapshot) -> frozenset[str]:
    """Names of the nodes on which something turns ClusterIPs into endpoints now."""
    every = frozenset(node.name for node in snapshot.nodes)
    proxy = kube_proxy(snapshot)
    known = proxy.replaced_by is None and any(s.name == "kube-proxy" for s in snapshot.daemon_sets)
    if not known:
        return every
    return frozenset(name for name, pods in proxy.pods.items() if any(pod.ready for pod in pods)) & every
