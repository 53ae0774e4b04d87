"""Causes that keep pods from having a network at all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from netdoctor.cluster.addresses import parse_networks
from netdoctor.cluster.cni import plugin_pods
from netdoctor.cluster.objects import Condition, Node, Pod
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.diagnosis.address_use import room, used
from netdoctor.diagnosis.case import Case, Seen
from netdoctor.diagnosis.cause import Cause, Certainty, Found, RuledOut, certainty, ids, probe_evidence
from netdoctor.diagnosis.kubectl import command, kubectl
from netdoctor.diagnosis.no_endpoints import symptoms
from netdoctor.diagnosis.not_ready import short
from netdoctor.diagnosis.pod_networks import Waiting, about_network, network_condition, others_unready, waiting
from netdoctor.model.refs import ObjectRef
from netdoctor.model.report import Evidence, Finding, Fix


class NodeNetworkUnavailable(Cause):
    """A node has no network for pods.

    What it means: the node's own condition says so (NetworkUnavailable is True, or Ready is False because the network
    plugin is not initialised), or its kubelet cannot make the network of new pods.

    Why it breaks: the container runtime asks a network plugin (CNI) for each pod's interface and address. Where it
    finds no configuration in /etc/cni/net.d, or the plugin's agent on the node does not run, pods stay in
    ContainerCreating without an address.

    How it is seen: the node's conditions, and events FailedCreatePodSandBox or NetworkNotReady of pods there.

    Trap: a node may be NotReady for other reasons, and pods that run there keep the network that they have. Where the
    plugin works and has no address left, it is IPAddressesExhausted.

    Fix: bring the network plugin's pod on that node back; install a network plugin where there is none.

    References: Kubernetes documentation, Network Plugins; Node Status, "Conditions"; Troubleshooting kubeadm,
    "coredns is stuck in the Pending state".
    """

    code: ClassVar[str] = "NodeNetworkUnavailable"
    title: ClassVar[str] = "a node has no network for pods"
    would_change: ClassVar[str] = "an address for a new pod on the node"

    def examine(self, case: Case) -> Found | RuledOut | None:
        """Found where the target's pods wait for a network, or the node asked about has none."""
        without = [one for one in waiting(case) if one.event is None or about_network(one.event)]
        names = [one.pod.spec.node_name for one in without]
        if case.path.target.ref.kind == "Node":
            names = [case.path.target.ref.name]
        if others_unready(case) and case.path.target.ref.kind != "Node":
            return None  # what keeps those from being Ready says more
        for name in dict.fromkeys(names):
            node = case.snapshot.node(name)
            mine = [one for one in without if one.pod.spec.node_name == name]
            told = [one for one in mine if one.event is not None]
            condition = network_condition(node) if node else None
            if node is not None and (condition or told):
                return self._found(case, node, condition, mine)
        nodes = [node for name in dict.fromkeys([*names, *_nodes_of(case)]) if (node := case.snapshot.node(name))]
        return self.ruled_out(f"{nodes[0].ref} does not say that its network is unavailable") if nodes else None

    def _found(self, case: Case, node: Node, condition: Condition | None, pods: Sequence[Waiting]) -> Found:
        agents = plugin_pods(case.snapshot, node.name)
        down = [pod for pod in agents if not pod.ready]
        failed = _symptoms(case)
        finding = Finding(
            code=self.code,
            title=f"node {node.name} has no network for pods",
            certainty=certainty(failed) if condition else Certainty.LIKELY,  # events tell of one pod's attempt
            objects=(node.ref, *(pod.ref for pod in down)),
            explanation=" ".join([*_said(node, condition, pods), _agents_say(case, node, agents, down)]),
            evidence=(
                *([Evidence(str(node.ref.at("status.conditions")), short(condition.message))] if condition else []),
                *_events(pods),
                *probe_evidence(failed, limit=1),
            ),
            fixes=tuple(_fixes(node, agents)),
        )
        return Found(finding, ids(failed))


class IPAddressesExhausted(Cause):
    """The network plugin has no address left for a new pod.

    What it means: pods stay in ContainerCreating because every address that the node, or the pool, may give to pods
    is taken.

    Why it breaks: a node gets one range (its podCIDR), or blocks of a pool, and each pod takes an address of it. More
    pods than addresses, addresses that were not given back after a crash, or (on clouds) interfaces that hold no more
    use them up.

    How it is seen: events FailedCreatePodSandBox in which the plugin says that no address is available.

    Trap: a plugin that does not run says something else (NodeNetworkUnavailable), and a node whose number of pods is
    at its limit leaves new ones Pending, unscheduled.

    Fix: give nodes larger ranges, or the pool more addresses; fewer pods on the node; restart the plugin where it has
    lost count.

    References: Kubernetes documentation, Network Plugins; kube-controller-manager, --node-cidr-mask-size; Calico,
    IPPool; Amazon EKS, "Available IP addresses".
    """

    code: ClassVar[str] = "IPAddressesExhausted"
    title: ClassVar[str] = "no address is left for a new pod"
    would_change: ClassVar[str] = "an address for a new pod on the node"
    tier: ClassVar[int] = 2

    def examine(self, case: Case) -> Found | RuledOut | None:
        """Found where an event of a pod of the target says so."""
        pods = waiting(case)
        short = [one for one in pods if one.exhausted]
        if short:
            return self._found(case, short)
        return self.ruled_out("no event speaks of missing addresses") if pods else None

    def _found(self, case: Case, pods: Sequence[Waiting]) -> Found:
        name = pods[0].pod.spec.node_name
        node = case.snapshot.node(name)
        failed = _symptoms(case)
        field = ObjectRef("Node", name).at("spec.podCIDR")
        finding = Finding(
            code=self.code,
            title=f"no address is left for pods on node {name}",
            certainty=certainty(failed),
            objects=(field,),
            explanation=" ".join(
                [
                    f"Pod {pods[0].pod.name} has no network: its network plugin says that no address is available.",
                    *(_used(case.snapshot, node) if node else ()),
                ]
            ),
            evidence=(*_events(pods), *probe_evidence(failed, limit=1)),
            fixes=(
                Fix(
                    f"see which pods on {name} need no address any more",
                    command("get", "pods", "-A", "-o", "wide", f"--field-selector=spec.nodeName={name}"),
                ),
                Fix("give nodes larger ranges of addresses, or the pool of the network plugin another one"),
            ),
        )
        return Found(finding, ids(failed))


def _nodes_of(case: Case) -> list[str]:
    target = case.path.target
    if target.ref.kind == "Node":
        return [target.ref.name]
    return [backend.node for route in case.path.routes for backend in route.backends if backend.node]


def _symptoms(case: Case) -> tuple[Seen, ...]:
    """Failed probes of routes behind which there is nobody for that."""
    return symptoms(case, tuple(route for route in case.path.routes if not route.ready))


def _said(node: Node, condition: Condition | None, pods: Sequence[Waiting]) -> Iterator[str]:
    if condition is not None:
        yield f"Condition {condition.type} of {node.ref} is {condition.status}: {short(condition.message)}."
    if pods:
        yield f"{len(pods)} of its pods have no address ({pods[0].pod.name})."


def _agents_say(case: Case, node: Node, agents: Sequence[Pod], down: Sequence[Pod]) -> str:
    if down:
        return f"The network plugin's pod there, {down[0].name}, is not Ready."
    if agents:
        return f"The network plugin's pod there, {agents[0].name}, is Ready all the same: read what it says."
    if case.expectation.cni.name == "unknown":
        return "No network plugin that netdoctor knows is installed: each cluster needs one."
    return f"No pod of the network plugin ({case.expectation.cni.name}) runs on {node.name}."


def _fixes(node: Node, agents: Sequence[Pod]) -> Iterator[Fix]:
    yield Fix(f"see what the kubelet of {node.name} says", kubectl("describe", node.ref))
    for pod in agents[:1]:
        yield Fix(f"read what {pod.name} says", kubectl("logs", pod.ref, "--tail=50"))
        yield Fix(f"restart {pod.name}", kubectl("delete", pod.ref))


def _events(pods: Sequence[Waiting]) -> Iterator[Evidence]:
    for one in [one for one in pods if one.event is not None][:2]:
        assert one.event is not None
        yield Evidence(str(one.pod.ref), f"{one.event.reason}: {short(one.event.message)}")


def _used(snapshot: Snapshot, node: Node) -> Iterator[str]:
    """How many addresses of the node's ranges pods have."""
    for network in parse_networks({c for c in (*node.spec.pod_cidrs, node.spec.pod_cidr) if c}):
        if network.version == 4:
            yield f"Pods have {used(snapshot, network)} of the {room(network)} addresses of its podCIDR {network}."
