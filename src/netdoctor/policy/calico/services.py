"""Services in rules of Calico's: their endpoints' addresses, and for destinations those endpoints' ports.

Source: Calico's reference of NetworkPolicy, ServiceMatch; readiness does not matter (felix, service index).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from netdoctor.cluster.objects import EndpointSlice, LabelSelector, Service, ServicePort
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.policy.calico.nets import parse_net
from netdoctor.policy.rules import BlockPeer, NamedPort, Peer, PodPeer, PortRange, RulePort


@dataclass(frozen=True, slots=True)
class Backends:
    """Some endpoints of a Service that have the same ports."""

    peers: tuple[Peer, ...]
    ports: tuple[RulePort, ...]


def backends(snapshot: Snapshot, namespace: str, name: str, path: str) -> tuple[Backends, ...]:
    """What a Service's name means; nothing where there is no such Service, or it has no endpoints.

    Of a Service that never was in a cluster, those pods that its selector selects.
    """
    service = snapshot.get("Service", namespace, name)
    if not isinstance(service, Service):
        return ()
    if slices := snapshot.slices_of(service):
        return tuple(_of_slices(slices, path))
    if not service.spec.selector:
        return ()
    pods = PodPeer(path, namespace, None, LabelSelector(match_labels=service.spec.selector), flat=True)
    return (Backends((pods,), tuple(_target_port(port, path) for port in service.spec.ports)),)


def _of_slices(slices: tuple[EndpointSlice, ...], path: str) -> Iterator[Backends]:
    by_ports: defaultdict[tuple[RulePort, ...], list[Peer]] = defaultdict(list)
    for one in slices:
        ports: tuple[RulePort, ...] = tuple(
            PortRange(path, port.protocol, port.port, port.port) for port in one.ports if port.port
        )
        for address in (address for endpoint in one.endpoints for address in endpoint.addresses):
            try:
                block = parse_net(address)
            except ValueError:  # the host names of slices of that type
                continue
            by_ports[ports].append(BlockPeer(path, block, everyone=True))
    for ports, peers in by_ports.items():
        if ports:
            yield Backends(tuple(dict.fromkeys(peers)), ports)


def _target_port(port: ServicePort, path: str) -> RulePort:
    target = port.target_port or port.port
    if isinstance(target, str):
        return NamedPort(path, port.protocol, target)
    return PortRange(path, port.protocol, target, target)
