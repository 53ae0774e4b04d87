"""The Kubernetes objects that netdoctor reads: the subset of their fields that its reasoning needs.

Shapes follow the Kubernetes API reference (v1.34). Unknown fields are skipped; `decode.py` treats null as missing.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, TypeAlias

import msgspec

from netdoctor.model.refs import ObjectRef

Time: TypeAlias = Annotated[datetime, msgspec.Meta(tz=True)]  # RFC 3339, which is not without a zone


class _Struct(msgspec.Struct, frozen=True, rename="camel", kw_only=True, gc=False, omit_defaults=True):
    """Trees without cycles: the garbage collector need not know them, which makes big lists 3 times as fast.

    What an object did not say is not written either.
    """


class OwnerReference(_Struct, frozen=True):
    """metadata.ownerReferences[]."""

    kind: str
    name: str
    uid: str = ""
    controller: bool = False


class ObjectMeta(_Struct, frozen=True):
    """metadata."""

    name: str
    namespace: str = ""
    uid: str = ""
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    owner_references: tuple[OwnerReference, ...] = ()
    creation_timestamp: Time | None = None
    deletion_timestamp: Time | None = None


class Object(_Struct, frozen=True, tag_field="kind"):
    """What all kinds have in common. The tag is the object's kind."""

    metadata: ObjectMeta

    @property
    def name(self) -> str:
        """metadata.name."""
        return self.metadata.name

    @property
    def namespace(self) -> str:
        """metadata.namespace; empty for cluster-scoped kinds."""
        return self.metadata.namespace

    @property
    def labels(self) -> dict[str, str]:
        """metadata.labels."""
        return self.metadata.labels

    @classmethod
    def kind_name(cls) -> str:
        """The key of `decode.KINDS`, and the kind in references: its name, unless another kind has the same."""
        return cls.__name__

    @property
    def ref(self) -> ObjectRef:
        """The reference that reports print."""
        return ObjectRef(self.kind_name(), self.metadata.name, self.metadata.namespace)


class Requirement(_Struct, frozen=True):
    """One of a label selector's matchExpressions."""

    key: str
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist"]
    values: tuple[str, ...] = ()


class LabelSelector(_Struct, frozen=True):
    """matchLabels and matchExpressions, all of which must hold; the empty selector matches everything."""

    match_labels: dict[str, str] = {}
    match_expressions: tuple[Requirement, ...] = ()


class Condition(_Struct, frozen=True):
    """status.conditions[]."""

    type: str
    status: str
    reason: str = ""
    message: str = ""
    last_transition_time: Time | None = None


# Node, Namespace ---------------------------------------------------------------------------------------------


class NodeAddress(_Struct, frozen=True):
    """status.addresses[] of a Node."""

    type: str
    address: str


class Taint(_Struct, frozen=True):
    """spec.taints[] of a Node."""

    key: str
    effect: str
    value: str = ""


class NodeSpec(_Struct, frozen=True):
    """spec of a Node."""

    pod_cidr: str = msgspec.field(default="", name="podCIDR")
    pod_cidrs: tuple[str, ...] = msgspec.field(default=(), name="podCIDRs")
    unschedulable: bool = False
    taints: tuple[Taint, ...] = ()


class NodeInfo(_Struct, frozen=True):
    """status.nodeInfo."""

    kubelet_version: str = ""
    kube_proxy_version: str = ""
    container_runtime_version: str = ""
    kernel_version: str = ""


class NodeStatus(_Struct, frozen=True):
    """status of a Node."""

    addresses: tuple[NodeAddress, ...] = ()
    conditions: tuple[Condition, ...] = ()
    node_info: NodeInfo = NodeInfo()


class Node(Object, frozen=True, tag="Node"):
    """v1 Node."""

    spec: NodeSpec = NodeSpec()
    status: NodeStatus = NodeStatus()

    @property
    def ready(self) -> bool:
        """The Ready condition."""
        return any(c.type == "Ready" and c.status == "True" for c in self.status.conditions)


class Namespace(Object, frozen=True, tag="Namespace"):
    """v1 Namespace."""


class ServiceAccount(Object, frozen=True, tag="ServiceAccount"):
    """v1 ServiceAccount: of it, only the labels matter."""


# Pod ---------------------------------------------------------------------------------------------------------


class ContainerPort(_Struct, frozen=True):
    """ports[] of a container: informational, except for names."""

    container_port: Annotated[int, msgspec.Meta(ge=1, le=65535)]
    name: str = ""
    protocol: Literal["TCP", "UDP", "SCTP"] = "TCP"
    host_port: int = 0
    host_ip: str = msgspec.field(default="", name="hostIP")


class PortAction(_Struct, frozen=True):
    """The port of a probe's httpGet, tcpSocket or grpc action."""

    port: int | str
    path: str = ""
    scheme: str = "HTTP"
    host: str = ""


class HealthProbe(_Struct, frozen=True):
    """A readiness, liveness or startup probe."""

    http_get: PortAction | None = None
    tcp_socket: PortAction | None = None
    grpc: PortAction | None = None
    exec: dict[str, Any] | None = None
    timeout_seconds: int = 1
    period_seconds: int = 10
    failure_threshold: int = 3


class Container(_Struct, frozen=True):
    """A container of a pod; environment values are never read."""

    name: str
    image: str = ""
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    ports: tuple[ContainerPort, ...] = ()
    readiness_probe: HealthProbe | None = None
    liveness_probe: HealthProbe | None = None
    startup_probe: HealthProbe | None = None
    restart_policy: str = ""


class ReadinessGate(_Struct, frozen=True):
    """spec.readinessGates[]."""

    condition_type: str


class DNSOption(_Struct, frozen=True):
    """dnsConfig.options[]."""

    name: str
    value: str = ""


class PodDNSConfig(_Struct, frozen=True):
    """spec.dnsConfig."""

    nameservers: tuple[str, ...] = ()
    searches: tuple[str, ...] = ()
    options: tuple[DNSOption, ...] = ()


class PodSpec(_Struct, frozen=True):
    """spec of a Pod or of a pod template."""

    containers: tuple[Container, ...] = ()
    init_containers: tuple[Container, ...] = ()
    node_name: str = ""
    node_selector: dict[str, str] = {}
    affinity: dict[str, Any] = {}
    tolerations: tuple[dict[str, Any], ...] = ()
    host_network: bool = False
    dns_policy: str = "ClusterFirst"
    dns_config: PodDNSConfig | None = None
    host_aliases: tuple[dict[str, Any], ...] = ()
    hostname: str = ""
    subdomain: str = ""
    service_account_name: str = ""
    readiness_gates: tuple[ReadinessGate, ...] = ()


class ContainerState(_Struct, frozen=True):
    """waiting, running or terminated: the one that is set, with its fields."""

    waiting: dict[str, Any] | None = None
    running: dict[str, Any] | None = None
    terminated: dict[str, Any] | None = None


class ContainerStatus(_Struct, frozen=True):
    """status.containerStatuses[]."""

    name: str
    ready: bool = False
    started: bool | None = None
    restart_count: int = 0
    state: ContainerState = ContainerState()
    last_state: ContainerState = ContainerState()


class PodIP(_Struct, frozen=True):
    """status.podIPs[]."""

    ip: str


class PodStatus(_Struct, frozen=True):
    """status of a Pod."""

    phase: str = ""
    reason: str = ""
    message: str = ""
    pod_ip: str = msgspec.field(default="", name="podIP")
    pod_ips: tuple[PodIP, ...] = msgspec.field(default=(), name="podIPs")
    host_ip: str = msgspec.field(default="", name="hostIP")
    start_time: Time | None = None
    conditions: tuple[Condition, ...] = ()
    container_statuses: tuple[ContainerStatus, ...] = ()
    init_container_statuses: tuple[ContainerStatus, ...] = ()


class Pod(Object, frozen=True, tag="Pod"):
    """v1 Pod."""

    spec: PodSpec = PodSpec()
    status: PodStatus = PodStatus()

    @property
    def ips(self) -> tuple[str, ...]:
        """All addresses, the primary first."""
        listed = tuple(entry.ip for entry in self.status.pod_ips if entry.ip)
        return listed or ((self.status.pod_ip,) if self.status.pod_ip else ())

    @property
    def ready(self) -> bool:
        """Whether the Ready condition is True."""
        return any(c.type == "Ready" and c.status == "True" for c in self.status.conditions)

    @property
    def finished(self) -> bool:
        """Succeeded and Failed pods have given up their network."""
        return self.status.phase in ("Succeeded", "Failed")

    @property
    def terminating(self) -> bool:
        """Whether deletion has begun."""
        return self.metadata.deletion_timestamp is not None

    @property
    def ports(self) -> tuple[ContainerPort, ...]:
        """Declared ports of containers and of restartable init containers (sidecars, KEP-753)."""
        sidecars = (c for c in self.spec.init_containers if c.restart_policy == "Always")
        return tuple(port for c in (*self.spec.containers, *sidecars) for port in c.ports)


# Service, EndpointSlice, Endpoints ---------------------------------------------------------------------------


class ServicePort(_Struct, frozen=True):
    """spec.ports[] of a Service; `target_port` is defaulted to `port` by the API server."""

    port: int
    name: str = ""
    protocol: str = "TCP"
    target_port: int | str | None = None
    node_port: int = 0
    app_protocol: str = ""


class ServiceSpec(_Struct, frozen=True):
    """spec of a Service."""

    type: str = "ClusterIP"
    cluster_ip: str = msgspec.field(default="", name="clusterIP")
    cluster_ips: tuple[str, ...] = msgspec.field(default=(), name="clusterIPs")
    selector: dict[str, str] = {}
    ports: tuple[ServicePort, ...] = ()
    external_name: str = ""
    external_ips: tuple[str, ...] = msgspec.field(default=(), name="externalIPs")
    internal_traffic_policy: str = "Cluster"
    external_traffic_policy: str = ""
    session_affinity: str = "None"
    publish_not_ready_addresses: bool = False
    ip_families: tuple[str, ...] = ()
    ip_family_policy: str = ""
    traffic_distribution: str = ""
    load_balancer_class: str = ""
    load_balancer_source_ranges: tuple[str, ...] = ()
    health_check_node_port: int = 0


class LoadBalancerIngress(_Struct, frozen=True):
    """status.loadBalancer.ingress[] of a Service: an address or a host name; `ip_mode` VIP is the default."""

    ip: str = ""
    hostname: str = ""
    ip_mode: str = "VIP"


class LoadBalancerStatus(_Struct, frozen=True):
    """status.loadBalancer of a Service."""

    ingress: tuple[LoadBalancerIngress, ...] = ()


class ServiceStatus(_Struct, frozen=True):
    """status of a Service."""

    load_balancer: LoadBalancerStatus = LoadBalancerStatus()


class Service(Object, frozen=True, tag="Service"):
    """v1 Service."""

    spec: ServiceSpec = ServiceSpec()
    status: ServiceStatus = ServiceStatus()

    @property
    def headless(self) -> bool:
        """`clusterIP: None`."""
        return self.spec.cluster_ip == "None"

    @property
    def vips(self) -> tuple[str, ...]:
        """The ClusterIPs; none for headless and ExternalName Services."""
        ips = self.spec.cluster_ips or (self.spec.cluster_ip,)
        return tuple(ip for ip in ips if ip and ip != "None")


class EndpointConditions(_Struct, frozen=True):
    """conditions of an endpoint; a missing `ready` counts as true (EndpointSlice API reference)."""

    ready: bool | None = None
    serving: bool | None = None
    terminating: bool | None = None


class Endpoint(_Struct, frozen=True):
    """endpoints[] of an EndpointSlice."""

    addresses: tuple[str, ...] = ()
    conditions: EndpointConditions = EndpointConditions()
    node_name: str = ""
    hostname: str = ""
    target_ref: dict[str, Any] = {}


class EndpointPort(_Struct, frozen=True):
    """ports[] of an EndpointSlice; the name pairs it with the Service's port."""

    name: str = ""
    port: int | None = None
    protocol: str = "TCP"


class EndpointSlice(Object, frozen=True, tag="EndpointSlice"):
    """discovery.k8s.io/v1 EndpointSlice."""

    address_type: str = "IPv4"
    endpoints: tuple[Endpoint, ...] = ()
    ports: tuple[EndpointPort, ...] = ()

    @property
    def service(self) -> str:
        """Name of the Service it belongs to (label kubernetes.io/service-name)."""
        return self.labels.get("kubernetes.io/service-name", "")


class EndpointAddress(_Struct, frozen=True):
    """addresses[] of Endpoints."""

    ip: str
    node_name: str = ""
    target_ref: dict[str, Any] = {}


class EndpointSubset(_Struct, frozen=True):
    """subsets[] of Endpoints."""

    addresses: tuple[EndpointAddress, ...] = ()
    not_ready_addresses: tuple[EndpointAddress, ...] = ()
    ports: tuple[EndpointPort, ...] = ()


class Endpoints(Object, frozen=True, tag="Endpoints"):
    """v1 Endpoints; read where a Service has no EndpointSlice."""

    subsets: tuple[EndpointSubset, ...] = ()


# Workloads ---------------------------------------------------------------------------------------------------


class TemplateMeta(_Struct, frozen=True):
    """spec.template.metadata."""

    labels: dict[str, str] = {}


class PodTemplate(_Struct, frozen=True):
    """spec.template."""

    metadata: TemplateMeta = TemplateMeta()
    spec: PodSpec = PodSpec()

    @property
    def labels(self) -> dict[str, str]:
        """Labels that pods of this template get."""
        return self.metadata.labels


class WorkloadSpec(_Struct, frozen=True):
    """spec of a Deployment, ReplicaSet, StatefulSet or DaemonSet."""

    replicas: int | None = None
    selector: LabelSelector = LabelSelector()
    template: PodTemplate = PodTemplate()
    service_name: str = ""


class WorkloadStatus(_Struct, frozen=True):
    """status of a workload; DaemonSets count in their own fields."""

    replicas: int = 0
    ready_replicas: int = 0
    updated_replicas: int = 0
    available_replicas: int = 0
    desired_number_scheduled: int = 0
    number_ready: int = 0
    observed_generation: int = 0
    conditions: tuple[Condition, ...] = ()


class Workload(Object, frozen=True):
    """What runs pods from a template."""

    spec: WorkloadSpec = WorkloadSpec()
    status: WorkloadStatus = WorkloadStatus()


class Deployment(Workload, frozen=True, tag="Deployment"):
    """apps/v1 Deployment."""


class ReplicaSet(Workload, frozen=True, tag="ReplicaSet"):
    """apps/v1 ReplicaSet."""


class StatefulSet(Workload, frozen=True, tag="StatefulSet"):
    """apps/v1 StatefulSet."""


class DaemonSet(Workload, frozen=True, tag="DaemonSet"):
    """apps/v1 DaemonSet."""


# NetworkPolicy -----------------------------------------------------------------------------------------------


class IPBlock(_Struct, frozen=True):
    """ipBlock of a peer."""

    cidr: str
    except_: tuple[str, ...] = msgspec.field(default=(), name="except")


class PolicyPeer(_Struct, frozen=True):
    """from[] or to[] of a rule; None = the selector is not given, which differs from an empty one."""

    pod_selector: LabelSelector | None = None
    namespace_selector: LabelSelector | None = None
    ip_block: IPBlock | None = None


class PolicyPort(_Struct, frozen=True):
    """ports[] of a rule."""

    protocol: str = "TCP"
    port: int | str | None = None
    end_port: int | None = None


class IngressRule(_Struct, frozen=True):
    """spec.ingress[]."""

    from_: tuple[PolicyPeer, ...] = msgspec.field(default=(), name="from")
    ports: tuple[PolicyPort, ...] = ()


class EgressRule(_Struct, frozen=True):
    """spec.egress[]."""

    to: tuple[PolicyPeer, ...] = ()
    ports: tuple[PolicyPort, ...] = ()


class NetworkPolicySpec(_Struct, frozen=True):
    """spec of a NetworkPolicy; `policy_types` may be missing in files (the API server defaults it)."""

    pod_selector: LabelSelector = LabelSelector()
    policy_types: tuple[str, ...] = ()
    ingress: tuple[IngressRule, ...] = ()
    egress: tuple[EgressRule, ...] = ()


class NetworkPolicy(Object, frozen=True, tag="NetworkPolicy"):
    """networking.k8s.io/v1 NetworkPolicy."""

    spec: NetworkPolicySpec = NetworkPolicySpec()


# AdminNetworkPolicy, BaselineAdminNetworkPolicy, ClusterNetworkPolicy ----------------------------------------


class NamespacedPod(_Struct, frozen=True):
    """Pods of a set of namespaces; None = the selector is not given, which an API server may refuse."""

    namespace_selector: LabelSelector | None = None
    pod_selector: LabelSelector | None = None


class PolicySubject(_Struct, frozen=True):
    """spec.subject: exactly one of these."""

    namespaces: LabelSelector | None = None
    pods: NamespacedPod | None = None


class AdminPeer(_Struct, frozen=True):
    """from[] or to[] of a rule: exactly one of these, and only the first two in from[]."""

    namespaces: LabelSelector | None = None
    pods: NamespacedPod | None = None
    nodes: LabelSelector | None = None
    networks: tuple[str, ...] = ()
    domain_names: tuple[str, ...] = ()


class AdminPortNumber(_Struct, frozen=True):
    """portNumber of an entry of ports[]."""

    port: int = 0
    protocol: str = "TCP"


class AdminPortRange(_Struct, frozen=True):
    """portRange of an entry of ports[]."""

    start: int = 0
    end: int = 0
    protocol: str = "TCP"


class AdminPort(_Struct, frozen=True):
    """ports[] of a rule: exactly one of these."""

    port_number: AdminPortNumber | None = None
    port_range: AdminPortRange | None = None
    named_port: str | None = None


class AdminRule(_Struct, frozen=True):
    """spec.ingress[] or spec.egress[]: `from` in the one, `to` in the other. No `ports` means all, () is not valid."""

    action: str = ""
    from_: tuple[AdminPeer, ...] = msgspec.field(default=(), name="from")
    to: tuple[AdminPeer, ...] = ()
    ports: tuple[AdminPort, ...] | None = None


class AdminNetworkPolicySpec(_Struct, frozen=True):
    """spec of an AdminNetworkPolicy, and of a BaselineAdminNetworkPolicy, which has no priority."""

    priority: int | None = None
    subject: PolicySubject = PolicySubject()
    ingress: tuple[AdminRule, ...] = ()
    egress: tuple[AdminRule, ...] = ()


class AdminNetworkPolicy(Object, frozen=True, tag="AdminNetworkPolicy"):
    """policy.networking.k8s.io/v1alpha1 AdminNetworkPolicy."""

    spec: AdminNetworkPolicySpec = AdminNetworkPolicySpec()


class BaselineAdminNetworkPolicy(Object, frozen=True, tag="BaselineAdminNetworkPolicy"):
    """policy.networking.k8s.io/v1alpha1 BaselineAdminNetworkPolicy."""

    spec: AdminNetworkPolicySpec = AdminNetworkPolicySpec()


class DestinationRange(_Struct, frozen=True):
    """destinationPort.range."""

    start: int = 0
    end: int = 0


class DestinationPort(_Struct, frozen=True):
    """destinationPort of a protocol: exactly one of these."""

    number: int | None = None
    range: DestinationRange | None = None


class ProtocolMatch(_Struct, frozen=True):
    """tcp, udp or sctp of an entry of protocols[]."""

    destination_port: DestinationPort | None = None


class ClusterProtocol(_Struct, frozen=True):
    """protocols[] of a rule: exactly one of these."""

    tcp: ProtocolMatch | None = None
    udp: ProtocolMatch | None = None
    sctp: ProtocolMatch | None = None
    destination_named_port: str | None = None


class ClusterRule(_Struct, frozen=True):
    """spec.ingress[] or spec.egress[]. No `protocols` means all, () is not valid."""

    action: str = ""
    from_: tuple[AdminPeer, ...] = msgspec.field(default=(), name="from")
    to: tuple[AdminPeer, ...] = ()
    protocols: tuple[ClusterProtocol, ...] | None = None


class ClusterNetworkPolicySpec(_Struct, frozen=True):
    """spec of a ClusterNetworkPolicy."""

    tier: str = ""
    priority: int | None = None
    subject: PolicySubject = PolicySubject()
    ingress: tuple[ClusterRule, ...] = ()
    egress: tuple[ClusterRule, ...] = ()


class ClusterNetworkPolicy(Object, frozen=True, tag="ClusterNetworkPolicy"):
    """policy.networking.k8s.io/v1alpha2 ClusterNetworkPolicy."""

    spec: ClusterNetworkPolicySpec = ClusterNetworkPolicySpec()


# Ingress, Gateway API, Event, Secret, ConfigMap ----------------------------------------------------------------------


class Ingress(Object, frozen=True, tag="Ingress"):
    """networking.k8s.io/v1 Ingress; its rules are read by those who need them."""

    spec: dict[str, Any] = {}
    status: dict[str, Any] = {}


class IngressClass(Object, frozen=True, tag="IngressClass"):
    """networking.k8s.io/v1 IngressClass."""

    spec: dict[str, Any] = {}


class GatewayClass(Object, frozen=True, tag="GatewayClass"):
    """gateway.networking.k8s.io/v1 GatewayClass: which controller has the Gateways of this class."""

    spec: dict[str, Any] = {}
    status: dict[str, Any] = {}


class Gateway(Object, frozen=True, tag="Gateway"):
    """gateway.networking.k8s.io/v1 Gateway; its listeners are read by those who need them."""

    spec: dict[str, Any] = {}
    status: dict[str, Any] = {}


class HTTPRoute(Object, frozen=True, tag="HTTPRoute"):
    """gateway.networking.k8s.io/v1 HTTPRoute; its parents and rules are read by those who need them."""

    spec: dict[str, Any] = {}
    status: dict[str, Any] = {}


class ReferenceGrant(Object, frozen=True, tag="ReferenceGrant"):
    """gateway.networking.k8s.io/v1beta1 ReferenceGrant: who of other namespaces may name objects of this one."""

    spec: dict[str, Any] = {}


class IssuerReference(_Struct, frozen=True):
    """spec.issuerRef; no `group` means cert-manager's own."""

    name: str = ""
    kind: str = "Issuer"
    group: str = ""


class CertificateSpec(_Struct, frozen=True):
    """spec of a Certificate, and what of a CertificateRequest is the same."""

    secret_name: str = ""
    issuer_ref: IssuerReference = IssuerReference()


class IssuingStatus(_Struct, frozen=True):
    """status of any kind of cert-manager's: those for ACME have a state and a reason, the others conditions.

    `not_after` is when what the Secret of a Certificate holds expires; empty where nothing was ever issued.
    """

    conditions: tuple[Condition, ...] = ()
    state: str = ""
    reason: str = ""
    not_after: str = ""


class Certificate(Object, frozen=True, tag="Certificate"):
    """cert-manager.io/v1 Certificate: that a Secret is to hold one."""

    spec: CertificateSpec = CertificateSpec()
    status: IssuingStatus = IssuingStatus()


class CertificateRequest(Object, frozen=True, tag="CertificateRequest"):
    """cert-manager.io/v1 CertificateRequest: one try to get one."""

    status: IssuingStatus = IssuingStatus()


class Issuer(Object, frozen=True, tag="Issuer"):
    """cert-manager.io/v1 Issuer."""

    status: IssuingStatus = IssuingStatus()


class ClusterIssuer(Object, frozen=True, tag="ClusterIssuer"):
    """cert-manager.io/v1 ClusterIssuer."""

    status: IssuingStatus = IssuingStatus()


class Order(Object, frozen=True, tag="Order"):
    """acme.cert-manager.io/v1 Order: what an ACME server is asked for."""

    status: IssuingStatus = IssuingStatus()


class ChallengeSpec(_Struct, frozen=True):
    """spec of a Challenge, without its token and key."""

    dns_name: str = ""
    type: str = ""


class Challenge(Object, frozen=True, tag="Challenge"):
    """acme.cert-manager.io/v1 Challenge: the proof for one name; `type` is HTTP-01 or DNS-01."""

    spec: ChallengeSpec = ChallengeSpec()
    status: IssuingStatus = IssuingStatus()


class InvolvedObject(_Struct, frozen=True):
    """involvedObject of an Event."""

    kind: str = ""
    name: str = ""
    namespace: str = ""
    uid: str = ""


class Event(Object, frozen=True, tag="Event"):
    """v1 Event; `when` is the newest of its times."""

    involved_object: InvolvedObject = InvolvedObject()
    reason: str = ""
    message: str = ""
    type: str = ""
    count: int = 0
    last_timestamp: Time | None = None
    event_time: Time | None = None

    @property
    def when(self) -> datetime | None:
        """When it was last seen."""
        return self.last_timestamp or self.event_time or self.metadata.creation_timestamp


class SecretData(_Struct, frozen=True):
    """data or stringData of a Secret: certificates, and nothing else of what may be there."""

    certificates: str = msgspec.field(default="", name="tls.crt")


class Secret(Object, frozen=True, tag="Secret"):
    """v1 Secret, without anything secret: no key is ever decoded, so that none can be kept or printed."""

    type: str = ""
    data: SecretData = SecretData()  # in base64
    string_data: SecretData = SecretData()  # of manifests: plain


class ConfigMap(Object, frozen=True, tag="ConfigMap"):
    """v1 ConfigMap; only those of kube-system that configure the network are read."""

    data: dict[str, str] = {}


# Calico's own ------------------------------------------------------------------------------------------------


class IPPool(Object, frozen=True, tag="IPPool"):
    """projectcalico.org/v3 IPPool: from where pods have addresses, and how packets to them travel."""

    spec: dict[str, Any] = {}


class FelixConfiguration(Object, frozen=True, tag="FelixConfiguration"):
    """projectcalico.org/v3 FelixConfiguration."""

    spec: dict[str, Any] = {}


class BGPConfiguration(Object, frozen=True, tag="BGPConfiguration"):
    """projectcalico.org/v3 BGPConfiguration."""

    spec: dict[str, Any] = {}


class BlockAffinitySpec(_Struct, frozen=True):
    """spec of a BlockAffinity."""

    cidr: str = ""
    node: str = ""
    state: str = ""


class BlockAffinity(Object, frozen=True, tag="BlockAffinity"):
    """projectcalico.org/v3 BlockAffinity: which node has which block of a pool's addresses."""

    spec: BlockAffinitySpec = BlockAffinitySpec()


class Installation(Object, frozen=True, tag="Installation"):
    """operator.tigera.io/v1 Installation: what Calico's operator installs."""

    spec: dict[str, Any] = {}
    status: dict[str, Any] = {}
