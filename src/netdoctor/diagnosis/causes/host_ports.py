"""Causes of pods that wait for a port of a node."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from netdoctor.cluster.objects import ContainerPort, Pod
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.diagnosis.case import Case
from netdoctor.diagnosis.cause import Cause, Found, RuledOut, certainty, ids, probe_evidence
from netdoctor.diagnosis.kubectl import kubectl
from netdoctor.diagnosis.no_endpoints import symptoms, without_endpoints
from netdoctor.diagnosis.workloads import to_change
from netdoctor.model.report import Evidence, Finding, Fix
from netdoctor.path.target import TargetKind

_NO_FREE_PORTS = "free ports"  # of the scheduler's "node(s) didn't have free ports for the requested pod ports"
_EVERY_ADDRESS = ("", "0.0.0.0", "::")  # noqa: S104 - what hostIP may say, nothing is bound


@dataclass(frozen=True, slots=True)
class _Conflict:
    """A pod that waits for a port of a node, where the field is, and the pods that have it."""

    pod: Pod
    path: str
    port: ContainerPort
    holders: tuple[Pod, ...]
    said: str

    @property
    def shown(self) -> str:
        return f"{self.port.host_port}/{self.port.protocol}"


class HostPortConflict(Cause):
    """A pod waits for a port of a node that another pod has.

    What it means: the pod asks for a hostPort (or runs on the host network, where its ports are the node's), and on
    each node that it could run on another pod has the same port.

    Why it breaks: a node has each port once. The scheduler places no two pods there that want the same hostPort,
    hostIP and protocol, so that the pod stays Pending.

    How it is seen: the pod is Pending, and the scheduler says "didn't have free ports for the requested pod ports".
    With more replicas than nodes, and in a rolling update that starts new pods before old ones end, a workload is in
    its own way.

    Trap: the same port on different hostIPs, or by different protocols, is no conflict; a pod that is Pending for want
    of CPU, or because of taints alone, waits for something else.

    Fix: leave hostPort out and use a Service, choose another port, or run no more replicas than nodes.

    References: Kubernetes documentation, Configuration Best Practices ("hostPort"); kube-scheduler, plugin NodePorts.
    """

    code: ClassVar[str] = "HostPortConflict"
    title: ClassVar[str] = "a pod waits for a port of a node that another pod has"
    would_change: ClassVar[str] = "a node where the port is free, or a scheduler that names another reason"
    tier: ClassVar[int] = 2

    def examine(self, case: Case) -> Found | RuledOut | None:
        """Found where the scheduler says so of one of the target's pods, and pods that have its port are known."""
        asking = [pod for pod in _target_pods(case) if not pod.finished and any(_host_ports(pod))]
        if not asking:
            return None
        waiting = [found for pod in asking if (found := _conflict(case.snapshot, pod))]
        if not waiting:
            return self.ruled_out("no pod with a hostPort waits for it")
        return self._found(case, waiting)

    def _found(self, case: Case, waiting: list[_Conflict]) -> Found:
        first, nothing = waiting[0], without_endpoints(case)
        failed = symptoms(case, nothing[1]) if nothing else ()
        own = case.snapshot.workload_of(first.pod)
        itself = own is not None and all(case.snapshot.workload_of(pod) == own for pod in first.holders)
        who = "other replicas of its own" if itself else ", ".join(str(pod.ref) for pod in first.holders[:3])
        nodes = sorted({pod.spec.node_name for pod in first.holders})
        (change, *_) = objects = to_change(case.snapshot, ((one.pod, one.path) for one in waiting))
        finding = Finding(
            code=self.code,
            title=f"{first.pod.ref} waits for hostPort {first.shown}, which {who} {'have' if itself else 'has'}",
            certainty=certainty(failed),
            objects=objects,
            explanation=(
                f"{first.pod.ref} asks for port {first.shown} of a node, and on {', '.join(nodes)} it is taken by "
                f"{who}. A node has each port once, so the pod stays Pending."
                + (" There are more replicas than nodes for them." if itself else "")
            ),
            evidence=(
                Evidence(str(first.pod.ref), first.said),
                *(Evidence(str(pod.ref), f"has {first.shown} on {pod.spec.node_name}") for pod in first.holders[:3]),
                *probe_evidence(failed),
            ),
            fixes=(
                Fix(
                    "leave hostPort out (a Service needs none), or choose another port", kubectl("edit", change.object)
                ),
            ),
        )
        return Found(finding, ids(failed))


def _target_pods(case: Case) -> tuple[Pod, ...]:
    return case.path.target.pods if case.path.target.kind is TargetKind.PODS else case.pods_of_service()


def _conflict(snapshot: Snapshot, pod: Pod) -> _Conflict | None:
    said = next(
        (c.message for c in pod.status.conditions if c.type == "PodScheduled" and _NO_FREE_PORTS in c.message), ""
    )
    if pod.spec.node_name or not said:
        return None
    for path, port in _host_ports(pod):
        holders = tuple(other for other in snapshot.pods if _holds(other, port))
        if holders:
            return _Conflict(pod, path, port, holders, said)
    return None


def _holds(other: Pod, port: ContainerPort) -> bool:
    return bool(other.spec.node_name) and not other.finished and any(_same(port, p) for _, p in _host_ports(other))


def _same(one: ContainerPort, other: ContainerPort) -> bool:
    addresses = {one.host_ip, other.host_ip}
    overlap = len(addresses) == 1 or any(address in _EVERY_ADDRESS for address in addresses)
    return (one.host_port, one.protocol) == (other.host_port, other.protocol) and overlap


def _host_ports(pod: Pod) -> Iterator[tuple[str, ContainerPort]]:
    """The ports that a pod takes of its node, with the field of each; the API server sets those of hostNetwork pods."""
    for number, container in enumerate(pod.spec.containers):
        for index, port in enumerate(container.ports):
            if port.host_port:
                yield f"spec.containers[{number}].ports[{index}].hostPort", port
