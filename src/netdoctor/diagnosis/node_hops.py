"""The steps of a check that is about a node."""

from __future__ import annotations

from collections.abc import Iterator

from netdoctor.cluster.cni import plugin_pods
from netdoctor.cluster.facts import kube_proxy
from netdoctor.cluster.objects import Pod
from netdoctor.diagnosis.case import Case
from netdoctor.diagnosis.seen_hop import seen_hop
from netdoctor.diagnosis.size_hops import size_hops
from netdoctor.model.probe import Role
from netdoctor.model.report import Hop
from netdoctor.probing.aims import Aim


def node_hops(case: Case) -> Iterator[Hop]:
    """What the node says of itself, whether it is reached, and its pods: from pods, and from itself."""
    name = case.path.target.ref.name
    node = case.snapshot.node(name)
    for condition in node.status.conditions if node else ():
        if condition.type in ("Ready", "NetworkUnavailable"):
            wanted = "True" if condition.type == "Ready" else "False"
            yield Hop(f"Condition {condition.type}", wanted, condition.status, ok=condition.status == wanted)
    yield from _agent("kube-proxy", kube_proxy(case.snapshot).pods.get(name, ()))
    yield from _agent("network plugin", plugin_pods(case.snapshot, name))
    itself = [s for s in case.of(Aim.NODE) if s.aimed.entrance and s.aimed.entrance.node == name]
    yield seen_hop(f"Node {name}", "answers", itself)
    yield seen_hop("Its pods, from pods", "answer", case.of(Aim.NODE_POD))
    yield from size_hops(case, None)
    yield seen_hop("Its pods, from the node", "answer", case.of(Aim.NODE_POD, role=Role.NODE))


def _agent(what: str, pods: tuple[Pod, ...]) -> Iterator[Hop]:
    for pod in pods[:1]:
        yield Hop(f"Pod {pod.name} ({what})", "Ready", "Ready" if pod.ready else "not Ready", ok=pod.ready)
