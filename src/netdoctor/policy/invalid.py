"""What an API server would refuse in a NetworkPolicy: files may hold it all the same.

Source: ValidateNetworkPolicySpec in kubernetes/kubernetes pkg/apis/networking/validation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import IPv6Network, ip_network

from netdoctor.cluster.addresses import Network
from netdoctor.cluster.objects import IPBlock, LabelSelector, NetworkPolicy, PolicyPeer, PolicyPort
from netdoctor.model.refs import ObjectRef
from netdoctor.policy.rules import PROTOCOLS, Direction

Problem = tuple[str, str]  # path of the field, what is wrong with it
_PORT_NAME = re.compile(r"(?=.{1,15}$)(?=.*[a-z])[a-z0-9]+(-[a-z0-9]+)*")  # IANA_SVC_NAME, RFC 6335


def problems(policy: NetworkPolicy) -> tuple[tuple[ObjectRef, str], ...]:
    """Everything that is wrong with a policy, each with the field that it is about."""
    return tuple((policy.ref.at(path), text) for path, text in _in_spec(policy))


def parse_network(cidr: str) -> Network:
    """A CIDR as the API server takes it: host bits may be set, and IPv4 numbers have leading zeros.

    Raises:
        ValueError: it is none.
    """
    address, slash, length = cidr.partition("/")
    if not (slash and length.isdecimal()):
        raise ValueError(f"{cidr!r} is no CIDR")
    if ":" not in address:
        address = ".".join(part.lstrip("0") or "0" for part in address.split("."))
    network = ip_network(f"{address}/{length}", strict=False)
    if isinstance(network, IPv6Network) and network.network_address.ipv4_mapped:
        raise ValueError(f"{cidr!r} is an IPv4-mapped IPv6 address")
    return network


def is_network(cidr: str) -> bool:
    """Whether the API server takes a CIDR."""
    try:
        parse_network(cidr)
    except ValueError:
        return False
    return True


def _in_spec(policy: NetworkPolicy) -> Iterator[Problem]:
    spec = policy.spec
    yield from selector_problems(spec.pod_selector, "spec.podSelector")
    for index, name in enumerate(spec.policy_types):
        if name not in tuple(Direction):
            yield f"spec.policyTypes[{index}]", f"{name!r} is neither Ingress nor Egress"
    by_direction = (
        (Direction.INGRESS, tuple((rule.from_, rule.ports) for rule in spec.ingress)),
        (Direction.EGRESS, tuple((rule.to, rule.ports) for rule in spec.egress)),
    )
    for direction, rules in by_direction:
        for index, (peers, ports) in enumerate(rules):
            path = f"spec.{direction.field}[{index}]"
            for n, peer in enumerate(peers):
                yield from _in_peer(peer, f"{path}.{direction.peers_field}[{n}]")
            for n, port in enumerate(ports):
                yield from _in_port(port, f"{path}.ports[{n}]")


def _in_peer(peer: PolicyPeer, path: str) -> Iterator[Problem]:
    selectors = peer.pod_selector is not None or peer.namespace_selector is not None
    if peer.ip_block is None and not selectors:
        yield path, "a peer needs a podSelector, a namespaceSelector or an ipBlock"
    if peer.ip_block is not None and selectors:
        yield path, "an ipBlock cannot be combined with selectors in one peer"
    if peer.pod_selector:
        yield from selector_problems(peer.pod_selector, f"{path}.podSelector")
    if peer.namespace_selector:
        yield from selector_problems(peer.namespace_selector, f"{path}.namespaceSelector")
    if peer.ip_block:
        yield from _in_block(peer.ip_block, f"{path}.ipBlock")


def _in_block(block: IPBlock, path: str) -> Iterator[Problem]:
    try:
        network = parse_network(block.cidr)
    except ValueError:
        yield f"{path}.cidr", f"{block.cidr!r} is no CIDR"
        return
    for index, cidr in enumerate(block.except_):
        try:
            excepted = parse_network(cidr)
        except ValueError:
            yield f"{path}.except[{index}]", f"{cidr!r} is no CIDR"
            continue
        inside = excepted.version == network.version and excepted.network_address in network
        if not inside or excepted.prefixlen <= network.prefixlen:
            yield f"{path}.except[{index}]", f"{cidr} is no smaller part of {block.cidr}"


def _in_port(port: PolicyPort, path: str) -> Iterator[Problem]:
    yield from port_problems(port.protocol, port.port if isinstance(port.port, int) else None, path)
    if isinstance(port.port, str) and not _PORT_NAME.fullmatch(port.port):
        yield f"{path}.port", f"{port.port!r} is neither a number nor a port name"
    if port.end_port is None:
        return
    if not isinstance(port.port, int):
        yield f"{path}.endPort", "endPort needs a numeric port"
    elif not port.port <= port.end_port <= 65535:
        yield f"{path}.endPort", f"{port.end_port} is not between port {port.port} and 65535"


def port_problems(protocol: str, port: int | None, path: str, field: str = "port") -> Iterator[Problem]:
    """What is wrong with a protocol and the number of a port."""
    if protocol not in PROTOCOLS:
        yield f"{path}.protocol", f"{protocol!r} is none of {', '.join(PROTOCOLS)}"
    if port is not None and not 1 <= port <= 65535:
        yield f"{path}.{field}", f"{port} is not between 1 and 65535"


def range_problems(protocol: str, start: int, end: int, path: str) -> Iterator[Problem]:
    """What is wrong with a range of ports as the cluster-wide policies write it."""
    yield from port_problems(protocol, start, path, "start")
    if not start < end <= 65535:
        yield f"{path}.end", f"{end} is not between {start + 1} and 65535"


def selector_problems(selector: LabelSelector, path: str) -> Iterator[Problem]:
    """What is wrong with a label selector."""
    for index, requirement in enumerate(selector.match_expressions):
        where = f"{path}.matchExpressions[{index}]"
        if requirement.operator in ("In", "NotIn"):
            if not requirement.values:
                yield f"{where}.values", f"{requirement.operator} needs values"
        elif requirement.values:
            yield f"{where}.values", f"{requirement.operator} takes no values"
