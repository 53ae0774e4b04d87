"""The cluster at one moment, as immutable values, with the indexes that every question needs.

Ownership follows the controller references that the API server keeps: Pod → ReplicaSet → Deployment. Labels decide
only for pods that never were in a cluster (manifests, which have no uid): in a cluster, a pod that carries a
workload's labels without being controlled by it is not one of its replicas.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, TypeVar

from netdoctor.cluster.addresses import Network, parse_address, parse_networks
from netdoctor.cluster.calico_objects import (
    CalicoNetworkPolicy,
    CalicoTier,
    GlobalNetworkPolicy,
    GlobalNetworkSet,
    HostEndpoint,
    NetworkSet,
    StagedGlobalNetworkPolicy,
    StagedKubernetesNetworkPolicy,
    StagedNetworkPolicy,
)
from netdoctor.cluster.cilium_objects import (
    CiliumCIDRGroup,
    CiliumClusterwideNetworkPolicy,
    CiliumEndpoint,
    CiliumIdentity,
    CiliumNetworkPolicy,
    CiliumNode,
)
from netdoctor.cluster.copies import without_copies
from netdoctor.cluster.decode import KINDS
from netdoctor.cluster.endpoints import as_slices
from netdoctor.cluster.objects import (
    AdminNetworkPolicy,
    BaselineAdminNetworkPolicy,
    BGPConfiguration,
    BlockAffinity,
    Certificate,
    CertificateRequest,
    Challenge,
    ClusterIssuer,
    ClusterNetworkPolicy,
    ConfigMap,
    DaemonSet,
    Deployment,
    Endpoints,
    EndpointSlice,
    Event,
    FelixConfiguration,
    Gateway,
    GatewayClass,
    HTTPRoute,
    Ingress,
    IngressClass,
    Installation,
    IPPool,
    Issuer,
    Namespace,
    NetworkPolicy,
    Node,
    Object,
    Order,
    OwnerReference,
    Pod,
    ReferenceGrant,
    ReplicaSet,
    Secret,
    Service,
    ServiceAccount,
    StatefulSet,
    Workload,
)
from netdoctor.cluster.own import without_probe_pods
from netdoctor.cluster.selectors import matches, matches_labels
from netdoctor.cluster.unknown_fields import UnknownField
from netdoctor.model.refs import CLUSTER_SCOPED, ObjectRef

_T = TypeVar("_T")
_K = TypeVar("_K", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Unread:
    """Objects that could not be read, so that conclusions from their absence are undetermined.

    Attributes:
        kind: of the objects.
        namespace: where; empty for everywhere, except in `read_in`.
        because: the API server's words, or ours. Untrusted text.
        read_in: namespaces that could be read nevertheless.
    """

    kind: str
    namespace: str
    because: str
    read_in: tuple[str, ...] = ()

    def covers(self, kind: str, namespace: str) -> bool:
        """Whether objects of `kind` may be missing in `namespace`; empty asks for the whole cluster."""
        if kind != self.kind:
            return False
        return not namespace or (namespace not in self.read_in if not self.namespace else namespace == self.namespace)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an object was read from; `line` counts from 1."""

    file: str
    line: int


@dataclass(frozen=True)
class Snapshot:
    """What was read, from the API (`source` is the context) or from files (`source` names them).

    Attributes:
        unread: what could not be read.
        unread_settings: settings of the network plugin that could not be read: no check is wrong without them.
        origins: where in the files objects are, and those in `unsupported_policies`.
        unknown_fields: of policies from files.
        unsupported_policies: that exist, and cannot be understood; those without a namespace may concern every flow.
        missing: Secrets that were asked for by name, and do not exist.
    """

    source: str
    taken_at: datetime
    from_files: bool = False
    unread: tuple[Unread, ...] = ()
    unread_settings: tuple[Unread, ...] = ()
    origins: Mapping[ObjectRef, Origin] = field(default_factory=dict)
    unknown_fields: Mapping[ObjectRef, tuple[UnknownField, ...]] = field(default_factory=dict)
    unsupported_policies: tuple[ObjectRef, ...] = ()
    missing: tuple[ObjectRef, ...] = ()
    nodes: tuple[Node, ...] = ()
    namespaces: tuple[Namespace, ...] = ()
    pods: tuple[Pod, ...] = ()
    services: tuple[Service, ...] = ()
    endpoint_slices: tuple[EndpointSlice, ...] = ()
    endpoints: tuple[Endpoints, ...] = ()
    deployments: tuple[Deployment, ...] = ()
    replica_sets: tuple[ReplicaSet, ...] = ()
    stateful_sets: tuple[StatefulSet, ...] = ()
    daemon_sets: tuple[DaemonSet, ...] = ()
    network_policies: tuple[NetworkPolicy, ...] = ()
    admin_network_policies: tuple[AdminNetworkPolicy, ...] = ()
    baseline_admin_network_policies: tuple[BaselineAdminNetworkPolicy, ...] = ()
    cluster_network_policies: tuple[ClusterNetworkPolicy, ...] = ()
    calico_network_policies: tuple[CalicoNetworkPolicy, ...] = ()
    global_network_policies: tuple[GlobalNetworkPolicy, ...] = ()
    calico_tiers: tuple[CalicoTier, ...] = ()
    network_sets: tuple[NetworkSet, ...] = ()
    global_network_sets: tuple[GlobalNetworkSet, ...] = ()
    staged_network_policies: tuple[StagedNetworkPolicy, ...] = ()
    staged_global_network_policies: tuple[StagedGlobalNetworkPolicy, ...] = ()
    staged_kubernetes_network_policies: tuple[StagedKubernetesNetworkPolicy, ...] = ()
    host_endpoints: tuple[HostEndpoint, ...] = ()
    cilium_network_policies: tuple[CiliumNetworkPolicy, ...] = ()
    cilium_clusterwide_network_policies: tuple[CiliumClusterwideNetworkPolicy, ...] = ()
    cilium_cidr_groups: tuple[CiliumCIDRGroup, ...] = ()
    cilium_endpoints: tuple[CiliumEndpoint, ...] = ()
    cilium_identities: tuple[CiliumIdentity, ...] = ()
    cilium_nodes: tuple[CiliumNode, ...] = ()
    ingresses: tuple[Ingress, ...] = ()
    ingress_classes: tuple[IngressClass, ...] = ()
    gateway_classes: tuple[GatewayClass, ...] = ()
    gateways: tuple[Gateway, ...] = ()
    http_routes: tuple[HTTPRoute, ...] = ()
    reference_grants: tuple[ReferenceGrant, ...] = ()
    certificates: tuple[Certificate, ...] = ()
    certificate_requests: tuple[CertificateRequest, ...] = ()
    issuers: tuple[Issuer, ...] = ()
    cluster_issuers: tuple[ClusterIssuer, ...] = ()
    orders: tuple[Order, ...] = ()
    challenges: tuple[Challenge, ...] = ()
    events: tuple[Event, ...] = ()
    config_maps: tuple[ConfigMap, ...] = ()
    ip_pools: tuple[IPPool, ...] = ()
    felix_configurations: tuple[FelixConfiguration, ...] = ()
    bgp_configurations: tuple[BGPConfiguration, ...] = ()
    block_affinities: tuple[BlockAffinity, ...] = ()
    installations: tuple[Installation, ...] = ()
    service_accounts: tuple[ServiceAccount, ...] = ()
    secrets: tuple[Secret, ...] = ()

    @classmethod
    def of(cls, objects: Iterable[Object], **others: Any) -> Snapshot:
        """A Snapshot of objects of any kinds but for probe pods; `others` are the fields that hold no objects."""
        by_kind = _grouped(without_copies(without_probe_pods(objects)), lambda read: read.kind_name())
        fields: dict[str, Any] = {KINDS[kind].field: members for kind, members in by_kind.items()}
        return cls(**others, **fields)

    # Any object ----------------------------------------------------------------------------------------------

    def objects(self) -> Iterator[Object]:
        """All of them."""
        for kind in KINDS.values():
            yield from getattr(self, kind.field)

    def get(self, kind: str, namespace: str, name: str) -> Object | None:
        """One object; `namespace` is empty for cluster-scoped kinds."""
        return self._by_key.get((kind, namespace, name))

    def find(self, ref: ObjectRef) -> Object | None:
        """The object that a reference names."""
        return self.get(ref.kind, ref.namespace, ref.name)

    def was_read(self, kind: str, namespace: str = "") -> bool:
        """Whether what is not here does not exist: in `namespace`, or without one in the whole cluster."""
        return self.unread_for(kind, namespace) is None

    def unread_for(self, kind: str, namespace: str = "") -> Unread | None:
        """Why `kind` may be missing objects in `namespace`, or without one anywhere in the cluster."""
        return next((u for u in self.unread if u.covers(kind, namespace)), None)

    def node(self, name: str) -> Node | None:
        """The node of that name."""
        found = self.get("Node", "", name)
        return found if isinstance(found, Node) else None

    def namespace_labels(self, namespace: str) -> Mapping[str, str]:
        """Labels of a namespace, with the one that the API server gives to every namespace, known or not.

        Source: https://kubernetes.io/docs/reference/labels-annotations-taints/#kubernetes-io-metadata-name
        """
        known = self.get("Namespace", "", namespace)
        return {**(known.labels if known else {}), "kubernetes.io/metadata.name": namespace}

    def policies_in(self, namespace: str) -> tuple[NetworkPolicy, ...]:
        """NetworkPolicies of a namespace."""
        return self._policies_by_namespace.get(namespace, ())

    @property
    def cluster_wide_policies(
        self,
    ) -> tuple[AdminNetworkPolicy | BaselineAdminNetworkPolicy | ClusterNetworkPolicy, ...]:
        """The policies that select pods of every namespace."""
        return (*self.admin_network_policies, *self.baseline_admin_network_policies, *self.cluster_network_policies)

    def events_of(self, ref: ObjectRef) -> tuple[Event, ...]:
        """Events about an object, the newest first."""
        return self._events_by_object.get((ref.kind, ref.namespace, ref.name), ())

    # Services and pods ---------------------------------------------------------------------------------------

    def pods_in(self, namespace: str) -> tuple[Pod, ...]:
        """All pods of a namespace, finished ones too."""
        return self._pods_by_namespace.get(namespace, ())

    def pods_selected(self, namespace: str, labels: Mapping[str, str]) -> tuple[Pod, ...]:
        """Pods that a Service's selector selects; an empty selector selects none, unlike that of a policy."""
        return tuple(pod for pod in self.pods_in(namespace) if labels and matches_labels(labels, pod.labels))

    def pod_by_ip(self, ip: str) -> Pod | None:
        """The pod that has the address now; not for hostNetwork pods, whose address is the node's."""
        return self._pod_by_ip.get(ip)

    @cached_property
    def pod_networks(self) -> tuple[Network, ...]:
        """The networks from which pods get addresses: the nodes' podCIDRs, where all pods' addresses are in them.

        Network plugins may have ranges of their own, such as the IP pools of Calico; then this is empty.
        """
        networks = parse_networks({c for n in self.nodes for c in (*n.spec.pod_cidrs, n.spec.pod_cidr) if c})
        addresses = [parse_address(ip) for ip in self._pod_by_ip]
        known = addresses and all(a is not None and any(a in network for network in networks) for a in addresses)
        return networks if known else ()

    def slices_of(self, service: Service) -> tuple[EndpointSlice, ...]:
        """The Service's EndpointSlices; where there are none, its Endpoints in that form."""
        slices = self._slices_by_service.get((service.namespace, service.name))
        endpoints = self.get("Endpoints", service.namespace, service.name)
        if slices or not isinstance(endpoints, Endpoints):
            return slices or ()
        return as_slices(endpoints)

    # Workloads -----------------------------------------------------------------------------------------------

    @cached_property
    def workloads(self) -> tuple[Workload, ...]:
        """What users deploy: no ReplicaSet that belongs to something else."""
        bare = tuple(rs for rs in self.replica_sets if _controller(rs) is None)
        return (*self.deployments, *self.stateful_sets, *self.daemon_sets, *bare)

    def pods_of(self, workload: Workload) -> tuple[Pod, ...]:
        """Pods of a workload, those of all its ReplicaSets for a Deployment."""
        owned = self._pods_by_workload.get(workload.ref, ())
        if isinstance(workload, ReplicaSet) and not owned:  # one that a Deployment controls
            return tuple(pod for pod in self.pods_in(workload.namespace) if _controls(workload, pod))
        return owned

    def workload_of(self, pod: Pod) -> Workload | None:
        """The workload on top that keeps the pod running; None for bare pods and for Jobs."""
        owner = _controller(pod)
        if owner is None:
            return None if pod.metadata.uid else self._workload_selecting(pod)
        if owner.kind == "ReplicaSet":
            return self._owner_of_replica_set(pod, owner)
        found = self.get(owner.kind, pod.namespace, owner.name)
        return found if isinstance(found, Workload) else None

    def owner_of(self, pod: Pod) -> ObjectRef:
        """What users call its replicas by: the workload on top, else whatever controls it, else the pod itself."""
        workload = self.workload_of(pod)
        controller = _controller(pod)
        if workload or controller is None or controller.kind in CLUSTER_SCOPED:  # a Node has static pods
            return (workload or pod).ref
        return ObjectRef(controller.kind, controller.name, pod.namespace)

    def _owner_of_replica_set(self, pod: Pod, owner: OwnerReference) -> Workload | None:
        replica_set = self.get("ReplicaSet", pod.namespace, owner.name)
        if isinstance(replica_set, ReplicaSet):
            above = _controller(replica_set)
            found = self.get(above.kind, pod.namespace, above.name) if above else replica_set
        else:  # not read: a Deployment names its ReplicaSets NAME-HASH
            template_hash = pod.labels.get("pod-template-hash", "")
            found = self.get("Deployment", pod.namespace, owner.name.removesuffix(f"-{template_hash}"))
        return found if isinstance(found, Workload) else None

    def _workload_selecting(self, pod: Pod) -> Workload | None:
        candidates = (w for w in self.workloads if w.namespace == pod.namespace)
        return next((w for w in candidates if matches(w.spec.selector, pod.labels)), None)

    # Indexes -------------------------------------------------------------------------------------------------

    @cached_property
    def _by_key(self) -> Mapping[tuple[str, str, str], Object]:
        return {
            (name, item.namespace, item.name): item
            for name, kind in KINDS.items()
            for item in getattr(self, kind.field)
        }

    @cached_property
    def _pods_by_namespace(self) -> Mapping[str, tuple[Pod, ...]]:
        return _grouped(self.pods, lambda pod: pod.namespace)

    @cached_property
    def _pod_by_ip(self) -> Mapping[str, Pod]:
        holders = (p for p in self.pods if not p.finished and not p.spec.host_network)
        return {ip: pod for pod in holders for ip in pod.ips}

    @cached_property
    def _policies_by_namespace(self) -> Mapping[str, tuple[NetworkPolicy, ...]]:
        return _grouped(self.network_policies, lambda policy: policy.namespace)

    @cached_property
    def _slices_by_service(self) -> Mapping[tuple[str, str], tuple[EndpointSlice, ...]]:
        return _grouped(self.endpoint_slices, lambda s: (s.namespace, s.service))

    @cached_property
    def _pods_by_workload(self) -> Mapping[ObjectRef, tuple[Pod, ...]]:
        owned = [(pod, workload.ref) for pod in self.pods if (workload := self.workload_of(pod))]
        pairs = _grouped(owned, lambda pair: pair[1])
        return {ref: tuple(pod for pod, _ in members) for ref, members in pairs.items()}

    @cached_property
    def _events_by_object(self) -> Mapping[tuple[str, str, str], tuple[Event, ...]]:
        dated = sorted(self.events, key=lambda e: e.when.timestamp() if e.when else 0.0, reverse=True)
        return _grouped(dated, lambda e: (e.involved_object.kind, e.involved_object.namespace, e.involved_object.name))


def _controller(controlled: Object) -> OwnerReference | None:
    return next((owner for owner in controlled.metadata.owner_references if owner.controller), None)


def _controls(workload: Workload, pod: Pod) -> bool:
    owner = _controller(pod)
    return owner is not None and (owner.kind, owner.name) == (workload.ref.kind, workload.name)


def _grouped(items: Iterable[_T], key: Callable[[_T], _K]) -> Mapping[_K, tuple[_T, ...]]:
    groups: defaultdict[_K, list[_T]] = defaultdict(list)
    for item in items:
        groups[key(item)].append(item)
    return {name: tuple(members) for name, members in groups.items()}
