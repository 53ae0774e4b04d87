"""Which endpoints a node sends the traffic of a Service's port to.

Source: KEP-1669 (terminating endpoints), KEP-2086 (internalTrafficPolicy), the EndpointSlice API reference.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from netdoctor.cluster.addresses import Address, parse_address
from netdoctor.cluster.objects import Endpoint, Service, ServicePort
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.lab.nft.fields import is_port


@dataclass(frozen=True, slots=True)
class Backend:
    """One address and port. `last_resort` is an endpoint that terminates and still serves."""

    address: Address
    port: int
    ready: bool
    last_resort: bool
    local: bool


@dataclass(frozen=True, slots=True)
class Choice:
    """What is used for traffic that may go to any node, and for traffic that may not leave this one."""

    cluster: tuple[Backend, ...]
    local: tuple[Backend, ...]


def choice(snapshot: Snapshot, service: Service, port: ServicePort, version: int, node: str) -> Choice:
    """The endpoints of one family that are used."""
    found = {(b.address, b.port): b for b in _listed(snapshot, service, port, version, node) if b.ready}
    for backend in _listed(snapshot, service, port, version, node):
        found.setdefault((backend.address, backend.port), backend)
    return Choice(_usable(found.values()), _usable(backend for backend in found.values() if backend.local))


def _usable(backends: Iterable[Backend]) -> tuple[Backend, ...]:
    known = tuple(backends)
    ready = tuple(backend for backend in known if backend.ready)
    return ready or tuple(backend for backend in known if backend.last_resort)


def _listed(snapshot: Snapshot, service: Service, port: ServicePort, version: int, node: str) -> Iterator[Backend]:
    """Consumers use the first address of an endpoint only (API reference)."""
    for one in snapshot.slices_of(service):
        called = (p.port for p in one.ports if (p.name, p.protocol) == (port.name, port.protocol))
        numbers = [number for number in called if number is not None and is_port(number)]
        for endpoint in one.endpoints if numbers else ():
            address = parse_address(endpoint.addresses[0]) if endpoint.addresses else None
            if address is not None and address.version == version:
                for number in numbers:
                    yield _backend(endpoint, address, number, node)


def _backend(endpoint: Endpoint, address: Address, port: int, node: str) -> Backend:
    said = endpoint.conditions
    ready = said.ready is not False
    serving = said.serving if said.serving is not None else ready
    last_resort = serving and said.terminating is True
    return Backend(address, port, ready, last_resort, local=endpoint.node_name == node)
