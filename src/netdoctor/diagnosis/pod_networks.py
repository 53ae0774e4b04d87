"""Pods that get no network: what their events and their nodes' conditions say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from netdoctor.cluster.objects import Condition, Event, Node, Pod
from netdoctor.diagnosis.case import Case

# What the kubelet calls it (pkg/kubelet/events) where a pod's network cannot be made.
_NOT_MADE = ("FailedCreatePodSandBox", "NetworkNotReady")
_OF_NETWORK = re.compile(
    r"cni|network ?plugin|NetworkPluginNotReady|network (?:is )?not ready|NetworkReady=false", re.IGNORECASE
)
# What plugins say when they have no address left: host-local, Calico, AWS VPC CNI, Cilium, Azure CNI, kube-router.
_NONE_LEFT = re.compile(
    r"no IP addresses available|no more free addresses|no (?:free |available )?IPs? (?:addresses )?(?:are )?available"
    r"|failed to request (?:IPv4|IPv6) addresses|range is full|failed to assign an IP address"
    r"|No available addresses|insufficient (?:free )?IP",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A pod that has a node and no address, and the newest event about its network, if there is one."""

    pod: Pod
    event: Event | None

    @property
    def exhausted(self) -> bool:
        """Whether the network plugin says that no address is left."""
        return self.event is not None and bool(_NONE_LEFT.search(self.event.message))


def waiting(case: Case) -> tuple[Waiting, ...]:
    """The target's pods that have a node and no address of their own, or those on the node asked about."""
    return tuple(Waiting(pod, _event(case, pod)) for pod in _pods(case) if _without_address(pod))


def others_unready(case: Case) -> bool:
    """Whether any of the target's pods has an address, and is not Ready for another reason."""
    return any(not pod.ready and not pod.finished and not _without_address(pod) for pod in _pods(case))


def _pods(case: Case) -> Iterator[Pod]:
    target = case.path.target
    if target.ref.kind == "Node":
        yield from (pod for pod in case.snapshot.pods if pod.spec.node_name == target.ref.name)
    elif target.pods:
        yield from target.pods
    else:
        yield from case.pods_of_service()


def _without_address(pod: Pod) -> bool:
    return bool(pod.spec.node_name) and not pod.ips and not pod.finished and not pod.spec.host_network


def _event(case: Case, pod: Pod) -> Event | None:
    return next((one for one in case.snapshot.events_of(pod.ref) if one.reason in _NOT_MADE), None)


def network_condition(node: Node) -> Condition | None:
    """The condition of a node that says that it has no network for pods."""
    for condition in node.status.conditions:
        if condition.type == "NetworkUnavailable" and condition.status == "True":
            return condition
        if condition.type == "Ready" and condition.status != "True" and _OF_NETWORK.search(condition.message):
            return condition
    return None


def about_network(event: Event) -> bool:
    """Whether it is the network that is missing, and not an address, or something else of a pod's sandbox."""
    of_network = event.reason == "NetworkNotReady" or _OF_NETWORK.search(event.message)
    return bool(of_network) and not _NONE_LEFT.search(event.message)
