"""What the server knows: the document that it is given, with the indexes that lookups need."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

import dns.exception
import dns.name


@dataclass(frozen=True, slots=True)
class Port:
    """A port of a Service or of an endpoint; `name` may be empty, 0 is the port of an endpoint that has none."""

    name: str
    protocol: str
    number: int


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address that is ready, and the label that its own name begins with."""

    hostname: str
    address: str
    ports: tuple[Port, ...]


@dataclass(frozen=True, slots=True)
class Service:
    """A Service; `external_name` is empty for all but type ExternalName."""

    namespace: str
    name: str
    headless: bool
    addresses: tuple[str, ...]
    external_name: str
    ports: tuple[Port, ...]
    endpoints: tuple[Endpoint, ...]


@dataclass(frozen=True, slots=True)
class Zone:
    """Everything that can be asked for.

    Attributes:
        origins: the zones that are the server's own, the cluster domain first.
        fallthrough: those of them whose unknown names are looked up outside.
        ttl: of every record, in seconds.
        pods: `disabled`, `insecure` or `verified`.
        services: by namespace and name.
        by_address: names of Services, or else of endpoints, that have the address.
        name_servers: the addresses of each.
        outside: addresses of names that are none of the cluster's.
        upstream_fails: whether the servers that know names outside do not answer.
    """

    origins: tuple[dns.name.Name, ...]
    fallthrough: tuple[dns.name.Name, ...]
    ttl: int
    pods: str
    pod_addresses: frozenset[tuple[str, str]]
    namespaces: frozenset[str]
    services: Mapping[tuple[str, str], Service]
    by_address: Mapping[str, tuple[str, ...]]
    name_servers: Mapping[dns.name.Name, tuple[str, ...]]
    outside: Mapping[dns.name.Name, tuple[str, ...]]
    upstream_fails: bool

    @property
    def domain(self) -> dns.name.Name:
        """The cluster domain."""
        return self.origins[0]

    def origin_of(self, name: dns.name.Name) -> dns.name.Name | None:
        """The zone that a name is in; None if it is not the server's own."""
        holding = [origin for origin in self.origins if name.is_subdomain(origin)]
        return max(holding, key=len, default=None)


def zone_of(document: Any) -> Zone:
    """The zone that a document describes.

    Raises:
        ValueError: the document does not have the shape that netdoctor.lab.zone gives it.
    """
    try:
        return _zone(document)
    except (KeyError, TypeError, AttributeError, dns.exception.DNSException) as error:
        raise ValueError(f"it holds no zone: {error!r}") from error


def _zone(document: Mapping[str, Any]) -> Zone:
    services = tuple(_service(service) for service in document["services"])
    return Zone(
        origins=tuple(dns.name.from_text(origin) for origin in document["zones"]),
        fallthrough=tuple(dns.name.from_text(origin) for origin in document["fallthrough"]),
        ttl=int(document["ttl"]),
        pods=document["pods"],
        pod_addresses=frozenset((namespace, address) for namespace, address in document["podAddresses"]),
        namespaces=frozenset(document["namespaces"]),
        services={(service.namespace, service.name): service for service in services},
        by_address=_by_address(services, document["zones"][0]),
        name_servers=_addresses(document["nameServers"]),
        outside=_addresses(document["outside"]),
        upstream_fails=document["upstream"] == "failing",
    )


def _service(document: Mapping[str, Any]) -> Service:
    return Service(
        document["namespace"],
        document["name"],
        document["headless"],
        tuple(document["addresses"]),
        document["externalName"],
        _ports(document["ports"]),
        tuple(Endpoint(one["hostname"].lower(), one["address"], _ports(one["ports"])) for one in document["endpoints"]),
    )


def _ports(documents: list[Mapping[str, Any]]) -> tuple[Port, ...]:
    return tuple(Port(port["name"].lower(), port["protocol"].lower(), int(port["port"])) for port in documents)


def _by_address(services: tuple[Service, ...], domain: str) -> dict[str, tuple[str, ...]]:
    """Source: https://github.com/kubernetes/dns/blob/master/docs/specification.md 2.3.3, 2.4.3."""
    of_services: dict[str, tuple[str, ...]] = {}
    of_endpoints: dict[str, tuple[str, ...]] = {}
    for service in services:
        name = f"{service.name}.{service.namespace}.svc.{domain}"
        for address in service.addresses:
            of_services[str(ip_address(address))] = (name,)
        for endpoint in service.endpoints:
            address = str(ip_address(endpoint.address))
            of_endpoints[address] = (*of_endpoints.get(address, ()), f"{endpoint.hostname}.{name}")
    return of_endpoints | of_services


def _addresses(document: Mapping[str, list[str]]) -> dict[dns.name.Name, tuple[str, ...]]:
    return {dns.name.from_text(name): tuple(addresses) for name, addresses in document.items()}
