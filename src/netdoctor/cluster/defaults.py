"""What the API server fills in when an object is created, and a manifest may lack.

Only defaults that depend on another field are here; plain ones are those of the Structs in `objects.py`.
"""

from __future__ import annotations

from msgspec.structs import replace

from netdoctor.cluster.decode import KINDS
from netdoctor.cluster.objects import (
    DaemonSet,
    NetworkPolicy,
    NetworkPolicySpec,
    Object,
    Service,
    ServicePort,
    ServiceSpec,
    Workload,
    WorkloadSpec,
)


def with_defaults(read: Object) -> Object:
    """The object as the API server would have stored it; unchanged if it already came from one."""
    namespace = (read.namespace or "default") if KINDS[read.kind_name()].namespaced else ""
    if namespace != read.namespace:
        read = replace(read, metadata=replace(read.metadata, namespace=namespace))
    match read:
        case Service(spec=spec):
            return replace(read, spec=_service(spec))
        case NetworkPolicy(spec=spec) if not spec.policy_types:
            return replace(read, spec=replace(spec, policy_types=_policy_types(spec)))
        case DaemonSet():
            return read
        case Workload(spec=WorkloadSpec(replicas=None) as spec):
            return replace(read, spec=replace(spec, replicas=1))
    return read


def _policy_types(spec: NetworkPolicySpec) -> tuple[str, ...]:
    """Ingress always, Egress only if there is an egress rule: `egress: []` alone isolates no egress.

    Source: NetworkPolicySpec.policyTypes in the API reference.
    """
    return ("Ingress", "Egress") if spec.egress else ("Ingress",)


def _service(spec: ServiceSpec) -> ServiceSpec:
    external = spec.external_traffic_policy
    if spec.type in {"NodePort", "LoadBalancer"} or spec.external_ips:
        external = external or "Cluster"
    return replace(spec, ports=tuple(map(_port, spec.ports)), external_traffic_policy=external)


def _port(port: ServicePort) -> ServicePort:
    """A missing, empty or zero targetPort is the port itself."""
    return replace(port, protocol=port.protocol or "TCP", target_port=port.target_port or port.port)
