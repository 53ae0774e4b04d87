"""Which network plugin runs here, and whether it enforces NetworkPolicy. Recognised by its DaemonSet."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from netdoctor.cluster.flags import option
from netdoctor.cluster.objects import ConfigMap, DaemonSet, Pod
from netdoctor.cluster.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class CNI:
    """The network plugin.

    Attributes:
        name: ``calico``, ``cilium``, ...; several joined by ``+``; ``unknown``.
        enforces_policy: whether NetworkPolicies have an effect; None if that cannot be told.
        evidence: what this was concluded from, for the reader.
        match_pods_by_ipblock: whether an ipBlock matches the address of a pod, which the API leaves to the plugin;
            None if unknown.
        admits_node: whether a node reaches the pods that it runs whatever policies say, as the API wants it; False
            where a release of the plugin is known that kept the kubelet's probes out, None if unknown.
    """

    name: str
    enforces_policy: bool | None
    evidence: str
    match_pods_by_ipblock: bool | None = None
    admits_node: bool | None = None


_Check = Callable[[Snapshot, DaemonSet], bool | None]


def _always(_: Snapshot, __: DaemonSet) -> bool:
    return True


def _never(_: Snapshot, __: DaemonSet) -> bool:
    return False


def _cilium(snapshot: Snapshot, daemon_set: DaemonSet) -> bool:
    """Not where policies are off, nor in audit mode, in which nothing is dropped."""
    config = snapshot.get("ConfigMap", daemon_set.namespace, "cilium-config")
    data = config.data if isinstance(config, ConfigMap) else {}
    return data.get("enable-policy") != "never" and data.get("policy-audit-mode") != "true"


def _kindnet(_: Snapshot, daemon_set: DaemonSet) -> bool | None:
    """Since the build of 2024-08-13, which kind v0.24 ships: github.com/kubernetes-sigs/kind/releases/tag/v0.24.0."""
    images = " ".join(container.image for container in daemon_set.spec.template.spec.containers)
    built = re.search(r":v(20\d{6})\b", images)
    return built[1] >= "20240813" if built else None


def _aws(_: Snapshot, daemon_set: DaemonSet) -> bool:
    """Off unless asked for: https://docs.aws.amazon.com/eks/latest/userguide/cni-network-policy-configure.html."""
    return option(daemon_set.spec.template.spec, "enable-network-policy") == "true"


@dataclass(frozen=True, slots=True)
class _Plugin:
    name: str
    daemon_sets: tuple[str, ...]
    enforces: _Check
    match_pods_by_ipblock: bool | None = None
    admits_node: bool | None = None


_PLUGINS = (
    _Plugin("calico", ("calico-node",), _always, match_pods_by_ipblock=True, admits_node=True),
    _Plugin("canal", ("canal",), _always, match_pods_by_ipblock=True, admits_node=True),
    # https://docs.cilium.io/en/stable/security/policy/language/#cidr-based
    _Plugin("cilium", ("cilium", "anetd"), _cilium, match_pods_by_ipblock=False, admits_node=True),
    # kubernetes-sigs/kind#3875, and what it runs: kubernetes-sigs/kube-network-policies#150
    _Plugin("kindnet", ("kindnet",), _kindnet, match_pods_by_ipblock=True, admits_node=False),
    _Plugin(
        "kube-network-policies", ("kube-network-policies",), _always, match_pods_by_ipblock=True, admits_node=False
    ),
    # cloudnativelabs/kube-router#1017
    _Plugin("kube-router", ("kube-router",), _always, match_pods_by_ipblock=True, admits_node=False),
    _Plugin("antrea", ("antrea-agent",), _always, admits_node=True),
    _Plugin("ovn-kubernetes", ("ovnkube-node",), _always, admits_node=True),
    _Plugin("weave", ("weave-net",), _always),
    _Plugin("azure-npm", ("azure-npm",), _always),
    # aws/aws-network-policy-agent#56
    _Plugin("aws-vpc-cni", ("aws-node",), _aws, admits_node=False),
    _Plugin("flannel", ("kube-flannel-ds", "kube-flannel", "kube-flannel-ds-amd64", "kube-flannel-ds-arm64"), _never),
)

# Clouds' own plugins, which only connect pods: looked for where nothing of the above runs, as it may run on top.
_CLOUD_PLUGINS = (
    _Plugin("azure-cni", ("azure-cns", "azure-cni-networkmonitor"), _never),
    _Plugin("gke", ("netd",), _never),
)

PLUGIN_DAEMON_SETS = frozenset(name for plugin in (*_PLUGINS, *_CLOUD_PLUGINS) for name in plugin.daemon_sets)
PLUGIN_NAMES = tuple(sorted({"canal", "k3s", *(plugin.name for plugin in (*_PLUGINS, *_CLOUD_PLUGINS))}))


def cni(snapshot: Snapshot) -> CNI:
    """Recognise the network plugin; where several run together, one that enforces is enough."""
    running = _all_running(snapshot)
    if not running:
        return _without_daemon_set(snapshot)
    answers = [plugin.enforces(snapshot, daemon_set) for plugin, daemon_set in running]
    enforcing = [plugin for (plugin, _), answer in zip(running, answers, strict=True) if answer]
    names = list(dict.fromkeys(plugin.name for plugin, _ in running))
    enforces = True if enforcing else None if None in answers else False
    return CNI(
        "canal" if set(names) == {"calico", "flannel"} else "+".join(names),
        enforces,
        _evidence(tuple(daemon_set for _, daemon_set in running), enforces),
        enforcing[0].match_pods_by_ipblock if enforcing else None,
        enforcing[0].admits_node if enforcing else None,
    )


def plugin_pods(snapshot: Snapshot, node: str) -> tuple[Pod, ...]:
    """The pods of the network plugin on a node, as far as it runs as a DaemonSet."""
    running = running_plugins(snapshot)
    return tuple(pod for _, one in running for pod in snapshot.pods_of(one) if pod.spec.node_name == node)


def running_plugins(snapshot: Snapshot) -> tuple[tuple[str, DaemonSet], ...]:
    """The network plugins and policy agents that run here, each with its DaemonSet."""
    return tuple((plugin.name, daemon_set) for plugin, daemon_set in _all_running(snapshot))


def _all_running(snapshot: Snapshot) -> list[tuple[_Plugin, DaemonSet]]:
    return _running(snapshot, _PLUGINS) or _running(snapshot, _CLOUD_PLUGINS)


def _running(snapshot: Snapshot, plugins: tuple[_Plugin, ...]) -> list[tuple[_Plugin, DaemonSet]]:
    return [
        (plugin, daemon_set)
        for plugin in plugins
        for daemon_set in snapshot.daemon_sets
        if daemon_set.name in plugin.daemon_sets
    ]


def _evidence(daemon_sets: tuple[DaemonSet, ...], enforces: bool | None) -> str:
    found = " and ".join(str(daemon_set.ref) for daemon_set in daemon_sets)
    verb = {True: "enforces", False: "does not enforce", None: "may or may not enforce"}[enforces]
    return f"{found} {verb} NetworkPolicy"


def _without_daemon_set(snapshot: Snapshot) -> CNI:
    k3s = [node for node in snapshot.nodes if "+k3s" in node.status.node_info.kubelet_version]
    if k3s:  # flannel and kube-router's policy controller run inside the k3s process: k3s-io/k3s#10030
        off = any("--disable-network-policy" in n.metadata.annotations.get("k3s.io/node-args", "") for n in k3s)
        said = "runs k3s" + (" with --disable-network-policy" if off else ", which enforces NetworkPolicy")
        return CNI("k3s", not off, f"{k3s[0].ref} {said}", None if off else True, None if off else False)
    if unread := snapshot.unread_for("DaemonSet", "kube-system"):
        return CNI("unknown", None, f"DaemonSets in kube-system could not be read: {unread.because}")
    return CNI("unknown", None, "no DaemonSet of a known network plugin or policy agent runs in the cluster")
