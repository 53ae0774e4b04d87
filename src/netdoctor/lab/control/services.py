"""Services: the ClusterIPs, IP families and node ports that the API server gives out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ipaddress import IPv4Network, IPv6Network
from typing import Any

from netdoctor.cluster.addresses import parse_address
from netdoctor.lab.control.addresses import cluster_ip, node_port, service_networks
from netdoctor.lab.control.views import of_kind
from netdoctor.lab.objects import Key, Manifest, Objects, key_of
from netdoctor.model.errors import InputError

_FAMILIES = {4: "IPv4", 6: "IPv6"}
_WITH_NODE_PORTS = {"NodePort", "LoadBalancer"}


def with_addresses(objects: Objects) -> Objects:
    """Every Service with what its type needs.

    Raises:
        InputError: a ClusterIP or a node port is wanted twice, or none is left.
    """
    services = tuple(of_kind(objects, "Service"))
    used = _taken(services, _cluster_ips, "the ClusterIP")
    ports = _taken(services, _node_ports, "the node port")
    networks = service_networks(objects)
    new: dict[Key, Manifest] = {}
    for service in services:
        spec = _with_node_ports(_with_cluster_ips(service, networks, used), service, ports)
        used |= set(spec.get("clusterIPs", ()))
        ports |= {port["nodePort"] for port in spec.get("ports", ()) if port.get("nodePort")}
        if spec != service["spec"]:
            new[key_of(service)] = {**service, "spec": spec}
    return {**objects, **new} if new else objects


def _cluster_ips(spec: Mapping[str, Any]) -> list[Any]:
    given = spec.get("clusterIPs") or [spec.get("clusterIP", "")]
    return [ip for ip in given if ip and ip != "None"]


def _node_ports(spec: Mapping[str, Any]) -> list[Any]:
    """One for each number: a Service may offer one number over two protocols."""
    return sorted({port["nodePort"] for port in spec.get("ports", ()) if port.get("nodePort")})


def _taken(services: Iterable[Manifest], wanted: Any, what: str) -> set[Any]:
    taken: dict[Any, str] = {}
    for service in services:
        metadata = service["metadata"]
        name = f"Service {metadata['namespace']}/{metadata['name']}"
        for value in wanted(service["spec"]):
            if value in taken:
                raise InputError(f"{name}: {what} {value} is already that of {taken[value]}")
            taken[value] = name
    return set(taken)


def _with_cluster_ips(
    service: Manifest, networks: tuple[IPv4Network | IPv6Network, ...], used: set[str]
) -> dict[str, Any]:
    spec: dict[str, Any] = service["spec"]
    if spec.get("type") == "ExternalName":
        return {key: value for key, value in spec.items() if key not in {"clusterIP", "clusterIPs"}}
    given = _cluster_ips(spec)
    families = _families(spec, given, networks)
    policy = spec.get("ipFamilyPolicy", "SingleStack")
    filled = {**spec, "ipFamilies": families, "ipFamilyPolicy": policy}
    if spec.get("clusterIP") == "None":
        return {**filled, "clusterIPs": ["None"]}
    by_family = {_FAMILIES[address.version]: ip for ip in given if (address := parse_address(ip))}
    ips = [by_family.get(family) or _free(service, networks, family, used) for family in families]
    return {**filled, "clusterIP": ips[0], "clusterIPs": ips}


def _families(spec: Mapping[str, Any], given: list[str], networks: tuple[IPv4Network | IPv6Network, ...]) -> list[str]:
    """The IP families, the primary first: as asked for, else as the addresses, else as the cluster has them."""
    there = [_FAMILIES[network.version] for network in networks]
    asked = spec.get("ipFamilies") or [_FAMILIES[address.version] for ip in given if (address := parse_address(ip))]
    first = list(dict.fromkeys(asked)) or there[:1]
    policy = spec.get("ipFamilyPolicy", "SingleStack")
    if policy == "SingleStack":
        return first[:1]
    return list(dict.fromkeys((*first, *there)))


def _free(service: Manifest, networks: Iterable[IPv4Network | IPv6Network], family: str, used: set[str]) -> str:
    network = next((network for network in networks if _FAMILIES[network.version] == family), None)
    found = cluster_ip(network, used) if network is not None else None
    if found is None:
        because = "no address is left for it" if network is not None else f"the cluster has no {family} Services"
        metadata = service["metadata"]
        raise InputError(f"Service {metadata['namespace']}/{metadata['name']}: {because}")
    return found


def _with_node_ports(spec: dict[str, Any], service: Manifest, used: set[int]) -> dict[str, Any]:
    if spec.get("type") not in _WITH_NODE_PORTS or spec.get("allocateLoadBalancerNodePorts") is False:
        return spec
    taken, ports = set(used), []
    for port in spec.get("ports", ()):
        number = port.get("nodePort") or node_port(taken)
        if number is None:
            metadata = service["metadata"]
            raise InputError(f"Service {metadata['namespace']}/{metadata['name']}: no node port is left for it")
        taken.add(number)
        ports.append({**port, "nodePort": number})
    return {**spec, "ports": ports}
