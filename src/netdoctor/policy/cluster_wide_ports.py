"""How the cluster-wide policies write ports: `ports` in v1alpha1, `protocols` in v1alpha2.

Named ports go without a protocol: they mean whatever a pod declares under the name. Source: the types of
policy.networking.k8s.io in kubernetes-sigs/network-policy-api.
"""

from __future__ import annotations

from collections.abc import Iterator

from netdoctor.cluster.objects import AdminPort, ClusterProtocol, DestinationPort, ProtocolMatch
from netdoctor.policy.invalid import Problem, port_problems, range_problems
from netdoctor.policy.rules import NamedPort, PortRange, RulePort

WidePort = AdminPort | ClusterProtocol


def port_name(entry: WidePort) -> str:
    """The name of a named port; empty for others."""
    return (entry.named_port if isinstance(entry, AdminPort) else entry.destination_named_port) or ""


def rule_port(entry: WidePort, path: str) -> RulePort:
    """A valid entry of a rule."""
    numbers = _admin_range(entry) if isinstance(entry, AdminPort) else _cluster_range(entry)
    return PortRange(path, *numbers) if numbers else NamedPort(path, "", port_name(entry))


def wide_port_problems(entry: WidePort, path: str) -> Iterator[Problem]:
    """What an API server would refuse in an entry."""
    return _in_admin(entry, path) if isinstance(entry, AdminPort) else _in_cluster(entry, path)


def _admin_range(entry: AdminPort) -> tuple[str, int, int] | None:
    if number := entry.port_number:
        return number.protocol, number.port, number.port
    ports = entry.port_range
    return (ports.protocol, ports.start, ports.end) if ports else None


def _cluster_range(entry: ClusterProtocol) -> tuple[str, int, int] | None:
    return next(((protocol, *_bounds(match.destination_port)) for protocol, match in _matches(entry)), None)


def _matches(entry: ClusterProtocol) -> Iterator[tuple[str, ProtocolMatch]]:
    for protocol, match in (("TCP", entry.tcp), ("UDP", entry.udp), ("SCTP", entry.sctp)):
        if match is not None:
            yield protocol, match


def _bounds(port: DestinationPort | None) -> tuple[int, int]:
    if port is not None and port.range is not None:
        return port.range.start, port.range.end
    number = port.number if port is not None and port.number is not None else 0
    return number, number


def _in_admin(entry: AdminPort, path: str) -> Iterator[Problem]:
    if (entry.port_number is not None) + (entry.port_range is not None) + bool(entry.named_port) != 1:
        yield path, "a port needs exactly one of portNumber, portRange and namedPort"
    if number := entry.port_number:
        yield from port_problems(number.protocol, number.port, f"{path}.portNumber")
    if ports := entry.port_range:
        yield from range_problems(ports.protocol, ports.start, ports.end, f"{path}.portRange")


def _in_cluster(entry: ClusterProtocol, path: str) -> Iterator[Problem]:
    matches = tuple(_matches(entry))
    if len(matches) + bool(entry.destination_named_port) != 1:
        yield path, "an entry needs exactly one of tcp, udp, sctp and destinationNamedPort"
    for protocol, match in matches:
        yield from _in_destination(match.destination_port, f"{path}.{protocol.lower()}.destinationPort", protocol)


def _in_destination(port: DestinationPort | None, path: str, protocol: str) -> Iterator[Problem]:
    if port is None or (port.number is None) == (port.range is None):
        yield path, "a destinationPort needs exactly one of number and range"
        return
    if port.number is not None:
        yield from port_problems(protocol, port.number, path, "number")
    if port.range is not None:
        yield from range_problems(protocol, port.range.start, port.range.end, f"{path}.range")
