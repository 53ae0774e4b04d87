"""What carries out a Gateway: its Service and its pods, or only its addresses.

A controller may put the label gateway.networking.k8s.io/gateway-name on what it makes for a Gateway, in the Gateway's
namespace (GEP-1762, "In Cluster Gateway Deployments"). Others are found by status.addresses.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from netdoctor.cluster.addresses import parse_address
from netdoctor.cluster.facts import cluster_domain
from netdoctor.cluster.objects import Gateway, Pod, Service, Workload
from netdoctor.cluster.selectors import matches_labels
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.model.refs import ObjectRef
from netdoctor.path.gateway.shapes import spec_of_gateway, status_of_gateway
from netdoctor.path.names import service_of

LABEL = "gateway.networking.k8s.io/gateway-name"
_REACHING = ("LoadBalancer", "NodePort", "ClusterIP")


@dataclass(frozen=True, slots=True)
class GatewayProxy:
    """What takes the requests of a Gateway.

    Attributes:
        gateway: whose requests.
        owner: what makes its pods; None where none are known.
        pods: those that run.
        service: by which clients reach it; None where none is known, or where it has no pods that are.
        addresses: those of status.addresses that are IP addresses.
    """

    gateway: ObjectRef
    owner: Workload | Pod | None
    pods: tuple[Pod, ...]
    service: Service | None
    addresses: tuple[str, ...]

    @property
    def label(self) -> str:
        """`Gateway infra/edge (Deployment infra/edge)`."""
        return f"{self.gateway} ({self.owner.ref if self.owner else ', '.join(self.addresses)})"


def proxy_of(snapshot: Snapshot, gateway: Gateway) -> GatewayProxy | None:
    """What carries out a Gateway; None where neither pods nor an address of it are known. Raises InputError."""
    addresses = tuple(_addresses(gateway))
    service = _service(snapshot, gateway)
    labels = service.spec.selector if service else {LABEL: gateway.name}
    namespace = service.namespace if service else gateway.namespace
    owner, pods = _pods(snapshot, namespace, labels)
    if owner is not None:
        return GatewayProxy(gateway.ref, owner, pods, service, addresses)
    if service is not None and service.spec.selector:
        return GatewayProxy(gateway.ref, None, (), service, addresses)
    addresses = addresses or (service.vips if service else ())
    return GatewayProxy(gateway.ref, None, (), None, addresses) if addresses else None


def _service(snapshot: Snapshot, gateway: Gateway) -> Service | None:
    """The Service with the label, or of an address of the Gateway; of several the one that most can reach."""
    ports = {listener.port for listener in spec_of_gateway(gateway).listeners}
    labelled = [s for s in snapshot.services if _labelled(s, gateway)]
    found = [s for s in labelled or _addressed(snapshot, gateway) if s.spec.type in _REACHING]
    serving = [s for s in found if ports & {port.port for port in s.spec.ports}]
    return min(serving, key=lambda s: _REACHING.index(s.spec.type), default=None)


def _labelled(service: Service, gateway: Gateway) -> bool:
    return service.namespace == gateway.namespace and service.labels.get(LABEL) == gateway.name


def _addressed(snapshot: Snapshot, gateway: Gateway) -> list[Service]:
    """The Services that have an address of the Gateway, or whose name is one."""
    domain = cluster_domain(snapshot)
    given = {one.value for one in status_of_gateway(gateway).addresses}
    names = {(one.namespace, one.name) for value in given if (one := service_of(value.rstrip("."), domain))}
    return [s for s in snapshot.services if (s.namespace, s.name) in names or given & set(_addresses_of(s))]


def _addresses_of(service: Service) -> Iterator[str]:
    yield from service.vips
    yield from (text for one in service.status.load_balancer.ingress for text in (one.ip, one.hostname) if text)


def _addresses(gateway: Gateway) -> Iterator[str]:
    for one in status_of_gateway(gateway).addresses:
        if one.type == "IPAddress" and parse_address(one.value) is not None:
            yield one.value


def _pods(snapshot: Snapshot, namespace: str, labels: dict[str, str]) -> tuple[Workload | Pod | None, tuple[Pod, ...]]:
    """The workload whose pods have the labels, and those that run; a pod where there is no workload."""
    if not labels:
        return None, ()
    for workload in snapshot.workloads:
        if workload.namespace == namespace and matches_labels(labels, workload.spec.template.labels):
            pods = tuple(pod for pod in snapshot.pods_of(workload) if not pod.finished)
            return workload, pods
    pods = tuple(pod for pod in snapshot.pods_selected(namespace, labels) if not pod.finished)
    return (pods[0] if pods else None), pods
