"""The endpoints of a Service's port, as its EndpointSlices list them."""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import get_close_matches

from netdoctor.cluster.addresses import host_and_port, parse_address, parse_networks
from netdoctor.cluster.objects import Endpoint, EndpointPort, Pod, Service, ServicePort
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.model.refs import ObjectRef


@dataclass(frozen=True, slots=True)
class Backend:
    """One address that should answer for a Service's port (or for a pod target's).

    `address` is empty for pods of manifests, which have none yet. `gone` says why nobody can have the address, where
    the objects show that.
    """

    address: str
    port: int
    ready: bool
    pod: Pod | None = field(hash=False)  # its labels are a dict
    node: str
    listed_in: ObjectRef | None  # the EndpointSlice; None for a pod that no slice lists
    terminating: bool = False
    gone: str = ""

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


def meant_port(service_port: ServicePort, pod: Pod) -> int | None:
    """The same; where a pod lacks the named port, the one of a similar name, or the only one that it has."""
    number = resolve_target_port(service_port, pod)
    if number is not None:
        return number
    declared = [port for port in pod.ports if port.protocol == service_port.protocol]
    close = get_close_matches(str(service_port.target_port), [port.name for port in declared if port.name], n=1)
    meant = [port for port in declared if port.name in close] if close else declared
    return meant[0].container_port if len(meant) == 1 else None


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
                    gone = "" if pod else _gone(snapshot, service, endpoint, address)
                    backend = Backend(address, number, ready, pod, node, item.ref, terminating, gone)
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


def _gone(snapshot: Snapshot, service: Service, endpoint: Endpoint, address: str) -> str:
    """Why an address without a pod cannot be a live endpoint; empty for what may be outside the cluster."""
    if not snapshot.was_read("Pod"):
        return ""
    target = endpoint.target_ref
    if target.get("kind") == "Pod":
        pod = snapshot.get("Pod", str(target.get("namespace") or service.namespace), str(target.get("name")))
        if isinstance(pod, Pod):
            return f"but its pod {pod.name} has {', '.join(pod.ips) or 'no address'}"
        return f"but its pod {target.get('name')} is gone"
    return "a pod's address that no pod has" if _of_pods(snapshot, address) else ""


def _of_pods(snapshot: Snapshot, address: str) -> bool:
    """Whether only a pod could have the address: it is in a node's podCIDR."""
    networks = parse_networks({c for n in snapshot.nodes for c in (*n.spec.pod_cidrs, n.spec.pod_cidr) if c})
    parsed = parse_address(address)
    return parsed is not None and any(parsed in network for network in networks)


def pod_backends(pods: tuple[Pod, ...], service_port: ServicePort) -> tuple[Backend, ...]:
    """Pods as backends of a port that no slice lists: those with the port, and an address unless they are to be."""
    return tuple(
        Backend(next(iter(pod.ips), ""), number, ready=False, pod=pod, node=pod.spec.node_name, listed_in=None)
        for pod in pods
        if (pod.ips or not pod.status.phase)
        and not pod.finished
        and (number := meant_port(service_port, pod)) is not None
    )
