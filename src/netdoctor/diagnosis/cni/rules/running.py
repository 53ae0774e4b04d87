"""Whether one plugin, and one only, runs on each node, and something translates Services."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from netdoctor.cluster.facts import kube_proxy
from netdoctor.cluster.flags import option
from netdoctor.cluster.network_settings import config_data
from netdoctor.cluster.objects import DaemonSet, Node, Pod
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.diagnosis.cni.calico import connects_pods
from netdoctor.diagnosis.cni.cilium import chained
from netdoctor.diagnosis.cni.facts import View
from netdoctor.diagnosis.kubectl import kubectl
from netdoctor.model.refs import ObjectRef
from netdoctor.model.report import Certainty, Evidence, Finding, Fix, Untested

_STARTING = 60.0  # seconds for which a pod of the plugin may be unready
_POLICY_AGENTS = frozenset({"kube-network-policies", "azure-npm"})
_OS = "kubernetes.io/os"


def known(view: View) -> Iterator[Untested]:
    """An unknown plugin may be set as it likes."""
    if view.plugin.name == "unknown":
        yield Untested("the network plugin", view.plugin.evidence)


def two_plugins(view: View) -> Iterator[Finding]:
    """Trap: Canal, policy agents, Calico for policies alone, and Cilium chained behind another plugin are no fault."""
    found = [(name, one) for name, one in view.running if _connects(view, name, one) and _runs(view.snapshot, one)]
    names = list(dict.fromkeys(name for name, _ in found))
    shared = _shared_nodes(view.snapshot, [one for _, one in found])
    if len(names) > 1 and shared:
        refs = tuple(one.ref for _, one in found)
        yield Finding(
            code="TwoNetworkPlugins",
            title=f"{' and '.join(names)} both connect pods on {len(shared)} nodes",
            certainty=Certainty.LIKELY,
            objects=refs,
            explanation=(
                f"{' and '.join(map(str, refs))} each want to be the plugin that the kubelet asks for pods' "
                "networks. The "
                "container runtime takes the first file of /etc/cni/net.d by name, so that pods may have addresses of "
                "one and routes, NAT and policies of the other. Which file is first, no object tells."
            ),
            evidence=tuple(Evidence(str(ref), f"runs on {shared[0]}, too") for ref in refs),
            fixes=(
                Fix(
                    f"remove the one that is not meant, and its files in /etc/cni/net.d: {refs[-1]}?",
                    kubectl("get", refs[-1]),
                ),
            ),
            would_change="a setting by which one of them leaves pods' networks to the other",
        )


def _connects(view: View, name: str, daemon_set: DaemonSet) -> bool:
    """Whether it makes pods\' networks; not where that is unknown."""
    snapshot = view.snapshot
    match name:
        case "calico":
            return connects_pods(snapshot) is True
        case "cilium":
            return not chained(snapshot)
        case "kube-router":
            return option(daemon_set.spec.template.spec, "run-router") != "false"
        case "antrea":
            return "networkPolicyOnly" not in config_data(snapshot, "antrea-config").get("antrea-agent.conf", "")
    return name not in _POLICY_AGENTS


def _runs(snapshot: Snapshot, daemon_set: DaemonSet) -> bool:
    """One that was scaled away by a node selector that no node has is not there."""
    return daemon_set.status.desired_number_scheduled > 0 or any(p.spec.node_name for p in snapshot.pods_of(daemon_set))


def _shared_nodes(snapshot: Snapshot, daemon_sets: Sequence[DaemonSet]) -> list[str]:
    """Nodes on which more than one of them has a pod."""
    places = [{pod.spec.node_name for pod in snapshot.pods_of(one)} - {""} for one in daemon_sets]
    return sorted({node for i, here in enumerate(places) for there in places[i + 1 :] for node in here & there})


def not_ready(view: View) -> Iterator[Finding | Untested]:
    """Trap: pods that have just started, nodes that the plugin is not meant for, manifests that nothing runs yet."""
    for _, daemon_set in view.running:
        pods = [pod for pod in view.snapshot.pods_of(daemon_set) if pod.status.phase and pod.spec.node_name]
        failing = [pod for pod in pods if not (pod.ready or pod.terminating or pod.finished)]
        starting = [pod for pod in failing if _just_started(view.snapshot, pod)]
        for pod in starting:
            yield Untested(f"the network plugin on {pod.spec.node_name}", f"{pod.ref} has just started")
        broken = [pod for pod in failing if pod not in starting]
        without = _without(view.snapshot, daemon_set, pods)
        if broken or without:
            yield _not_ready(daemon_set, broken, without)


def _just_started(snapshot: Snapshot, pod: Pod) -> bool:
    started = pod.status.start_time
    return started is not None and 0 <= (snapshot.taken_at - started).total_seconds() < _STARTING


def _without(snapshot: Snapshot, daemon_set: DaemonSet, pods: Sequence[Pod]) -> list[str]:
    """Nodes where the DaemonSet has no pod, as far as its controller wants more than there are."""
    if not pods or daemon_set.status.desired_number_scheduled <= len(pods) or not snapshot.was_read("Pod"):
        return []
    here = {pod.spec.node_name for pod in pods}
    selector = daemon_set.spec.template.spec.node_selector
    return [node.name for node in snapshot.nodes if node.name not in here and _meant_for(node, selector)]


def _meant_for(node: Node, selector: dict[str, str]) -> bool:
    return node.labels.get(_OS, "linux") == "linux" and selector.items() <= node.labels.items()


def _not_ready(daemon_set: DaemonSet, broken: Sequence[Pod], without: Sequence[str]) -> Finding:
    nodes = [*dict.fromkeys(pod.spec.node_name for pod in broken), *without]
    return Finding(
        code="NetworkPluginNotReady",
        title=f"{daemon_set.ref} is not Ready on {', '.join(nodes)}",
        certainty=Certainty.CERTAIN,
        objects=(*(pod.ref for pod in broken), *(ObjectRef("Node", name) for name in without)) or (daemon_set.ref,),
        explanation=(
            "Pods that run there keep the network that they have, as a rule. New ones may get none, routes to other "
            "nodes "
            "grow old, and changes of policies are not applied."
        ),
        evidence=(
            *(Evidence(str(pod.ref.at("status.conditions")), "is not Ready") for pod in broken),
            *(Evidence(f"Node {name}", f"has no pod of {daemon_set.ref}") for name in without),
        ),
        fixes=tuple(_looks(daemon_set, broken)),
        would_change="a Ready pod of the plugin on each of these nodes",
    )


def _looks(daemon_set: DaemonSet, broken: Sequence[Pod]) -> Iterator[Fix]:
    if broken:
        yield Fix("look at why it is not Ready", kubectl("describe", broken[0].ref))
    else:
        yield Fix("look at why it makes no pod there", kubectl("describe", daemon_set.ref))


def service_proxy(view: View) -> Iterator[Finding]:
    """Trap: a plugin that does it itself, k3s, static pods, and objects of kube-system that were not read."""
    snapshot = view.snapshot
    proxy = kube_proxy(snapshot)
    seen = proxy.replaced_by or proxy.pods or any("kube-proxy" in one.name for one in snapshot.daemon_sets)
    readable = snapshot.was_read("Pod", "kube-system") and snapshot.was_read("DaemonSet", "kube-system")
    # A plugin whose settings are not there may well do it; and without a pod in kube-system that part was left out.
    telling = view.runs("calico", "canal", "flannel", "cilium", "kindnet") and bool(view.facts.settings)
    if seen or not readable or not telling or not any(pod.status.phase for pod in snapshot.pods_in("kube-system")):
        return
    refs = tuple(one.ref for _, one in view.running)
    yield Finding(
        code="NoServiceProxy",
        title="nothing turns ClusterIPs into endpoints: no kube-proxy runs, and the plugin does not replace it",
        certainty=Certainty.LIKELY,
        objects=refs,
        explanation=(
            "No pod of kube-proxy is in kube-system, and no setting tells the network plugin to do its work. Then "
            "every "
            "ClusterIP is silent, that of the cluster's DNS among them."
        ),
        evidence=tuple(Evidence(str(ref), "does not translate Services as it is set") for ref in refs),
        fixes=(
            Fix("bring kube-proxy back, or let the network plugin replace it", "kubeadm init phase addon kube-proxy"),
        ),
        would_change="a kube-proxy outside of kube-system, or as a process on the nodes",
    )
