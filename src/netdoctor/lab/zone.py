"""What the lab's DNS server answers: the document that netdoctor_apps.dns serves, from the cluster's objects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from ipaddress import ip_network
from typing import Any

from netdoctor.cluster.addresses import parse_address
from netdoctor.cluster.facts import cluster_domain, dns_service
from netdoctor.cluster.objects import ConfigMap, Endpoint, EndpointPort, Service, ServicePort
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.lab.corefile import Directive, directives, first, zone_name
from netdoctor.path.names import service_of

_REVERSE = ("in-addr.arpa", "ip6.arpa")
# RFC 5737, RFC 3849: nobody has them but those to whom a lab gives them.
_DOCUMENTATION = tuple(map(ip_network, ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")))
_DEFAULT_TTL = 5  # seconds, where the Corefile says nothing (https://coredns.io/plugins/kubernetes/)


def zone(snapshot: Snapshot, outside: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """The document as JSON has it.

    Args:
        snapshot: the cluster; its Corefile is followed as far as it decides about answers.
        outside: addresses of names that are none of the cluster's. All others do not exist.

    Returns:
        `zones` (the cluster domain first) and those of them that fall through, `ttl` in seconds, `pods` (disabled,
        insecure or verified) with `podAddresses` as [namespace, address], `namespaces`, `services` with their ports
        and ready endpoints, `nameServers` and `outside` as addresses by name, and `upstream` (answering or failing).
    """
    config = snapshot.get("ConfigMap", "kube-system", "coredns")
    found = directives(config.data.get("Corefile", "") if isinstance(config, ConfigMap) else "")
    plugin = first(found, "kubernetes")
    domain = cluster_domain(snapshot)
    zones = _zones(plugin, domain)
    pods = _property(plugin, "pods", "insecure" if plugin is None else "disabled")
    addresses = [[pod.namespace, ip] for pod in snapshot.pods for ip in pod.ips] if pods == "verified" else []
    pinned = _pinned(found, domain)
    forwards = _forwards(found)
    failing = bool(forwards) and all(_absent(server, snapshot, outside) for server in forwards)
    return {
        "zones": zones,
        "fallthrough": _fallthrough(plugin, zones),
        "ttl": _ttl(plugin),
        "pods": pods,
        "podAddresses": addresses,
        "namespaces": _namespaces(snapshot),
        "services": [_service(snapshot, service, plugin, pinned) for service in snapshot.services],
        "nameServers": _name_servers(snapshot, domain),
        "outside": {name: list(given) for name, given in outside.items()},
        "upstream": "failing" if failing else "answering",
    }


def _zones(plugin: Directive | None, domain: str) -> list[str]:
    names = [zone_name(name) for name in (plugin.arguments or plugin.block)] if plugin else list(_REVERSE)
    return [domain, *(name for name in dict.fromkeys(names) if name and name != domain)]


def _fallthrough(plugin: Directive | None, zones: list[str]) -> list[str]:
    if plugin is None or "fallthrough" not in plugin.properties:
        return []
    return [zone_name(name) for name in plugin.properties["fallthrough"]] or zones


def _ttl(plugin: Directive | None) -> int:
    text = _property(plugin, "ttl", str(_DEFAULT_TTL))
    return int(text) if text.isascii() and text.isdigit() and int(text) <= 3600 else _DEFAULT_TTL


def _property(plugin: Directive | None, name: str, default: str) -> str:
    given = plugin.properties.get(name) if plugin else None
    return given[0] if given else default


def _namespaces(snapshot: Snapshot) -> list[str]:
    """Those that exist; a snapshot need not hold the Namespaces themselves."""
    implied = (read.namespace for read in (*snapshot.services, *snapshot.pods))
    return sorted({*(namespace.name for namespace in snapshot.namespaces), *implied})


def _pinned(found: tuple[Directive, ...], domain: str) -> Mapping[tuple[str, str], list[str]]:
    """Addresses that the plugin `hosts` gives to Services, by name and namespace; its lines are those of a hosts file.

    It comes before `kubernetes`, wherever it stands in the Corefile (https://coredns.io/plugins/hosts/).
    """
    plugin = first(found, "hosts")
    pinned: dict[tuple[str, str], list[str]] = {}
    for address, names in plugin.properties.items() if plugin else ():
        for name in names if parse_address(address) else ():
            if (meant := service_of(zone_name(name), domain)) is not None:
                pinned.setdefault((meant.name, meant.namespace), []).append(address)
    return pinned


def _service(
    snapshot: Snapshot,
    service: Service,
    plugin: Directive | None,
    pinned: Mapping[tuple[str, str], list[str]],
) -> dict[str, Any]:
    external = service.spec.type == "ExternalName"
    given = pinned.get((service.name, service.namespace), [])
    by_pod_name = plugin is not None and "endpoint_pod_names" in plugin.properties
    return {
        "namespace": service.namespace,
        "name": service.name,
        "headless": service.headless,
        "addresses": [] if external else given or [str(ip) for vip in service.vips if (ip := parse_address(vip))],
        "externalName": service.spec.external_name if external else "",
        "ports": [_port(port) for port in service.spec.ports],
        "endpoints": list(_endpoints(snapshot, service, by_pod_name=by_pod_name)),
    }


def _endpoints(snapshot: Snapshot, service: Service, *, by_pod_name: bool) -> Iterator[dict[str, Any]]:
    """Only what is ready; that includes what is not, where the Service wants that published."""
    for group in snapshot.slices_of(service):
        ports = [_port(port) for port in group.ports if port.port is not None]
        for endpoint in group.endpoints:
            if endpoint.conditions.ready is False:
                continue
            for address in filter(None, map(parse_address, endpoint.addresses)):
                hostname = _hostname(endpoint, str(address), by_pod_name=by_pod_name)
                yield {"hostname": hostname, "address": str(address), "ports": ports}


def _hostname(endpoint: Endpoint, address: str, *, by_pod_name: bool) -> str:
    named = endpoint.target_ref.get("name") if by_pod_name else ""
    return endpoint.hostname or str(named or address.replace(".", "-").replace(":", "-"))


def _port(port: ServicePort | EndpointPort) -> dict[str, Any]:
    return {"name": port.name, "protocol": port.protocol, "port": port.port}


def _name_servers(snapshot: Snapshot, domain: str) -> dict[str, list[str]]:
    """The names that NS records give; CoreDNS takes those of the Services that it is an endpoint of."""
    service = dns_service(snapshot)
    if service is None:
        return {}
    return {f"{service.name}.{service.namespace}.svc.{domain}": list(service.vips)}


def _forwards(found: tuple[Directive, ...]) -> tuple[str, ...]:
    """The servers to which names outside go; those of a block for some domains only are not theirs."""
    forwards = (d for d in found if d.plugin == "forward" and d.arguments[:1] == (".",))
    return tuple(server for d in forwards if "" in map(zone_name, d.block) for server in d.arguments[1:])


def _absent(server: str, snapshot: Snapshot, outside: Mapping[str, Sequence[str]]) -> bool:
    """Whether nobody answers at an address that names are forwarded to; what is outside the cluster does, if real.

    The names in a file, such as /etc/resolv.conf, are the node's servers.
    """
    host = server.rpartition("://")[2]
    address = parse_address(host) or parse_address(host.rpartition(":")[0].strip("[]"))
    if address is None:
        return False
    if any(str(address) in given for given in outside.values()):
        return False
    if address.is_loopback or address.is_unspecified or any(address in network for network in _DOCUMENTATION):
        return True
    in_pods = any(address in network for network in snapshot.pod_networks)
    return in_pods and snapshot.pod_by_ip(str(address)) is None
