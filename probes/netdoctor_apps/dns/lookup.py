"""From a name to what the cluster's objects say about it, by the rules of CoreDNS' `kubernetes` plugin.

Sources: https://github.com/kubernetes/dns/blob/master/docs/specification.md, https://coredns.io/plugins/kubernetes/
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_address

from .zone import Endpoint, Port, Service, Zone


class NoSuchNameError(Exception):
    """Nothing has the name, nor a name below it."""


@dataclass(frozen=True, slots=True)
class Found:
    """One answer: an address, or the name that an ExternalName Service stands for.

    `owner` is the name that has the address, as labels in front of the cluster domain; a port 0 is none.
    """

    address: str
    owner: tuple[str, ...]
    port: int = 0
    alias: str = ""


def lookup(zone: Zone, labels: Sequence[str]) -> tuple[Found, ...]:
    """What a name says whose `labels`, in lower case, stand in front of the cluster domain.

    A name with other names below it, or without records, gives none.

    Raises:
        NoSuchNameError: there is no such name.
    """
    match list(reversed(labels)):
        case [] | ["svc"] | ["pod"]:
            return ()
        case ["svc" | "pod", namespace, *_] if namespace not in zone.namespaces:
            raise NoSuchNameError
        case ["svc" | "pod", _]:
            return ()
        case ["pod", namespace, name]:
            return (_pod(zone, namespace, name),)
        case ["svc", namespace, name, *rest] if (namespace, name) in zone.services and len(rest) <= 2:
            return _service(zone.services[namespace, name], rest)
    raise NoSuchNameError


def _pod(zone: Zone, namespace: str, name: str) -> Found:
    if zone.pods == "disabled" or "%" in name:  # only Python reads an address with a scope
        raise NoSuchNameError
    four = name.count("-") == 3 and "--" not in name
    try:
        address = str(ip_address(name.replace("-", "." if four else ":")))
    except ValueError as error:
        raise NoSuchNameError from error
    if zone.pods == "verified" and (namespace, address) not in zone.pod_addresses:
        raise NoSuchNameError
    return Found(address, (name, namespace, "pod"))


def _service(service: Service, rest: list[str]) -> tuple[Found, ...]:
    """`rest` is what stands in front of the Service's name, read from there: an endpoint, or protocol and port."""
    endpoint = rest[0] if len(rest) == 1 else ""
    protocol, port = (label.removeprefix("_") for label in rest) if len(rest) == 2 else ("", "")
    owner = (service.name, service.namespace, "svc")
    if service.external_name:
        if endpoint or _is_address(service.external_name):
            raise NoSuchNameError
        return (Found("", owner, alias=service.external_name),)
    if service.headless or endpoint:
        asked = [one for one in service.endpoints if endpoint in {"", one.hostname}]
        found = tuple(_of_endpoints(asked, owner, protocol, port))
    else:
        ports = _matching(service.ports, protocol, port)
        found = tuple(Found(address, owner, one.number) for one in ports for address in service.addresses)
    if not found:
        raise NoSuchNameError
    return found


def _of_endpoints(endpoints: list[Endpoint], owner: tuple[str, ...], protocol: str, port: str) -> Iterator[Found]:
    for endpoint in endpoints:
        for one in _matching(endpoint.ports or (Port("", "", 0),), protocol, port):
            yield Found(endpoint.address, (endpoint.hostname, *owner), one.number)


def _matching(ports: Sequence[Port], protocol: str, name: str) -> list[Port]:
    return [port for port in ports if protocol in {"", port.protocol} and name in {"", port.name}]


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
