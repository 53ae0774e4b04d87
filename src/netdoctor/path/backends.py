"""The endpoints of a Service's port, as its EndpointSlices list them."""

from __future__ import annotations

from dataclasses import dataclass, field

from netdoctor.cluster.addresses import host_and_port
from netdoctor.cluster.objects import EndpointPort, Pod, Service, ServicePort
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.model.refs import ObjectRef


@dataclass(frozen=True, slots=True)
class Backend:
    """One address that should answer for a Service's port (or for a pod target's).

    `address` is empty for pods of manifests, which have none yet.
    """

    address: str
    port: int
    ready: bool
    pod: Pod | None = field(hash=False)  # its labels are a dict
    node: str
    listed_in: ObjectRef | None  # the EndpointSlice; None for a pod that no slice lists
    terminating: bool = False

    @property
    def label(self) -> str:
        """A short name for prose."""
        if self.pod and not self.address:
            return f"the pods of {self.pod.name}"
        where = host_and_port(self.address, self.port)
        return f"pod {self.pod.name} ({where})" if self.pod else where


def resolve_target_port(service_port: ServicePort, pod: Pod) -> int | None:
    """The number that a Service port's targetPort means on a pod; None where the pod lacks the named port.

    A name matches by name and protocol (EndpointSlice controller, `FindPort`).
    """
    target = service_port.target_port if service_port.target_port is not None else service_port.port
    if isinstance(target, int):
        return target
    for port in pod.ports:
        if port.name == target and port.protocol == service_port.protocol:
            return port.container_port
    return None


def listed_backends(snapshot: Snapshot, service: Service, service_port: ServicePort) -> tuple[Backend, ...]:
    """Every endpoint that the Service's slices list for one of its ports, ready or not, without doubles."""
    found: dict[tuple[str, int], Backend] = {}
    for item in snapshot.slices_of(service):
        if item.address_type == "FQDN":
            continue
        numbers = [number for port in item.ports if (number := _number(port, service, service_port))]
        for endpoint in item.endpoints:
            ready = endpoint.conditions.ready is not False
            for address in endpoint.addresses[:1]:  # consumers use the first address only (API reference)
                pod = _pod_of(snapshot, endpoint.target_ref, address)
                for number in numbers:
                    node = endpoint.node_name or (pod.spec.node_name if pod else "")
                    terminating = endpoint.conditions.terminating is True
                    backend = Backend(address, number, ready, pod, node, item.ref, terminating)
                    known = found.get((address, number))
                    if known is None or (ready and not known.ready):
                        found[address, number] = backend
    return tuple(found.values())


def _number(port: EndpointPort, service: Service, service_port: ServicePort) -> int | None:
    same = port.name == service_port.name and port.protocol == service_port.protocol
    return port.port if same or (service.headless and not service.spec.ports) else None


def _pod_of(snapshot: Snapshot, target: dict[str, object], address: str) -> Pod | None:
    if target.get("kind") == "Pod":
        pod = snapshot.get("Pod", str(target.get("namespace") or ""), str(target.get("name")))
        if isinstance(pod, Pod) and address in pod.ips:
            return pod
        return None
    found = snapshot.pod_by_ip(address)
    return found if found is not None and not found.spec.host_network else None


def pod_backends(pods: tuple[Pod, ...], service_port: ServicePort) -> tuple[Backend, ...]:
    """Pods as backends of a port that no slice lists: those with the port, and an address unless they are to be."""
    return tuple(
        Backend(next(iter(pod.ips), ""), number, ready=False, pod=pod, node=pod.spec.node_name, listed_in=None)
        for pod in pods
        if (pod.ips or not pod.status.phase)
        and not pod.finished
        and (number := resolve_target_port(service_port, pod)) is not None
    )
