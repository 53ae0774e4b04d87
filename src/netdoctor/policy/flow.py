"""The question: may this endpoint reach that one on this port?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, TypedDict

from netdoctor.cluster.addresses import Address, Network, parse_address
from netdoctor.cluster.objects import ContainerPort, Node, Pod, PodSpec
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.model.errors import InputError
from netdoctor.policy.rules import SERVICE_ACCOUNT_NAME, Direction, Protocol


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One end of a flow. `name` is a pod's, a node's, or the address itself for an end outside the cluster."""

    kind: Literal["pod", "ip", "node"]
    name: str
    namespace: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    namespace_labels: Mapping[str, str] = field(default_factory=dict)
    ips: tuple[str, ...] = ()  # empty: it has no address yet
    ports: tuple[ContainerPort, ...] = ()
    host_network: bool = False
    node: str = ""  # where a pod runs, the node itself; empty = not known
    finished: bool = False
    namespace_read: bool = True  # False: the namespace may have more labels than are known
    node_labels: Mapping[str, str] | None = None  # of a node, or of a hostNetwork pod's; None = not known
    nodes_read: bool = True  # False: an address may be a node's that could not be read
    pods_read: bool = True  # False: an address may be a pod's that could not be read
    networks: tuple[Network, ...] = ()  # from which it will have its address, while it has none
    service_account: str = ""  # of a pod
    service_account_labels: Mapping[str, str] = field(default_factory=dict)  # with its name: SERVICE_ACCOUNT_NAME
    service_accounts_read: bool = False  # False: the service account may have more labels than are known

    @property
    def selectable(self) -> bool:
        """Whether it is a pod that selectors see: the traffic of a hostNetwork pod is its node's."""
        return self.kind == "pod" and not self.host_network

    @property
    def outside(self) -> bool:
        """Whether it is known to be no pod and no node."""
        return self.kind == "ip" and self.nodes_read and self.pods_read

    @property
    def is_node(self) -> bool:
        """Whether its traffic is a node's."""
        return self.kind == "node" or self.host_network

    def __str__(self) -> str:
        if self.kind == "pod":
            return f"{self.namespace}/{self.name}"
        return self.name if self.kind == "ip" else f"node {self.name}"


@dataclass(frozen=True, slots=True)
class Flow:
    """`port` is the destination's own: the target port of a Service, because policies apply after DNAT."""

    source: Endpoint
    destination: Endpoint
    protocol: Protocol
    port: int

    def ends(self, direction: Direction) -> tuple[Endpoint, Endpoint]:
        """The local end, whose policies apply, and the remote one."""
        egress = direction is Direction.EGRESS
        return (self.source, self.destination) if egress else (self.destination, self.source)

    @property
    def port_text(self) -> str:
        """`5432/TCP`."""
        return f"{self.port}/{self.protocol}"

    def __str__(self) -> str:
        return f"{self.source} → {self.destination}  {self.port_text}"


def pod_endpoint(pod: Pod, snapshot: Snapshot) -> Endpoint:
    """A pod of the snapshot."""
    node = snapshot.node(pod.spec.node_name) if pod.spec.host_network else None
    return Endpoint(
        kind="pod",
        name=pod.name,
        namespace=pod.namespace,
        labels=pod.labels,
        namespace_labels=snapshot.namespace_labels(pod.namespace),
        ips=pod.ips,
        ports=pod.ports,
        host_network=pod.spec.host_network,
        node=pod.spec.node_name,
        finished=pod.finished,
        node_labels=node.labels if node else None,
        namespace_read=snapshot.was_read("Namespace", pod.namespace),
        **_account(snapshot, pod.namespace, service_account(pod.spec)),
    )


def service_account(spec: PodSpec) -> str:
    """The name of the service account that a pod runs as."""
    return spec.service_account_name or "default"


class _Account(TypedDict):
    """The fields of an Endpoint that are about its service account."""

    service_account: str
    service_account_labels: Mapping[str, str]
    service_accounts_read: bool


def _account(snapshot: Snapshot, namespace: str, name: str) -> _Account:
    """A pod runs only as a service account that exists: of one that is not here, its labels are not known."""
    found = snapshot.get("ServiceAccount", namespace, name)
    return {
        "service_account": name,
        "service_account_labels": {**(found.labels if found else {}), SERVICE_ACCOUNT_NAME: name},
        "service_accounts_read": found is not None,
    }


def virtual_pod(  # noqa: PLR0913, PLR0917 - what is known of it
    namespace: str,
    labels: Mapping[str, str],
    snapshot: Snapshot,
    node: str = "",
    name: str = "probe",
    account: str = "default",
) -> Endpoint:
    """A pod that does not exist yet, such as a probe: it has no address and declares no port."""
    return Endpoint(
        kind="pod",
        name=name,
        namespace=namespace,
        labels=labels,
        namespace_labels=snapshot.namespace_labels(namespace),
        node=node,
        namespace_read=snapshot.was_read("Namespace", namespace),
        networks=snapshot.pod_networks,
        **_account(snapshot, namespace, account),
    )


def node_endpoint(node: Node) -> Endpoint:
    """A node, as a source or destination of its own."""
    ips = tuple(a.address for a in node.status.addresses if parse_address(a.address))
    return Endpoint(kind="node", name=node.name, ips=ips, node=node.name, node_labels=node.labels)


def ip_endpoint(ip: str, snapshot: Snapshot) -> Endpoint:
    """Whoever has this address: a node, a running pod (seen at this address only), or something outside.

    Raises:
        InputError: the text is no IP address.
    """
    wanted = parse_address(ip)
    if wanted is None:
        raise InputError(f"{ip!r} is no IP address")
    for node in snapshot.nodes:
        if any(parse_address(a.address) == wanted for a in node.status.addresses):
            return node_endpoint(node)
    if pod := snapshot.pod_by_ip(str(wanted)):
        return replace(pod_endpoint(pod, snapshot), ips=(str(wanted),))
    return Endpoint(
        kind="ip",
        name=str(wanted),
        ips=(str(wanted),),
        nodes_read=snapshot.was_read("Node"),
        pods_read=snapshot.was_read("Pod") or not _may_be_pods(wanted, snapshot),
    )


def _may_be_pods(address: Address, snapshot: Snapshot) -> bool:
    """Whether pods have such addresses, as far as it is known which they have."""
    networks = snapshot.pod_networks
    return any(address in network for network in networks) if networks else address.is_private
