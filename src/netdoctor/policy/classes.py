"""Classes of endpoints that no policy tells apart, so that one member stands for all.

Alike are pods of one namespace with the same values of every label that some selector names, the same ports under every
name that some rule names, and addresses in the same parts of the address space. Who owns them does not count.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from netdoctor.cluster.addresses import Address, Network, holds, parse_address
from netdoctor.cluster.objects import ContainerPort, Node, Pod
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.policy.addresses import ROOTS, AddressSpace
from netdoctor.policy.compile import CompiledPolicies
from netdoctor.policy.expressions import Selector
from netdoctor.policy.flow import Endpoint, node_endpoint, pod_endpoint
from netdoctor.policy.labels import named_values
from netdoctor.policy.rules import (
    ENTITIES_BY_NODE,
    BlockPeer,
    EntityPeer,
    NamedPort,
    NodePeer,
    Peer,
    PodPeer,
    Rule,
    RulePort,
    leaves,
)

OUTSIDE = "outside the cluster"
# Reserved for documentation, RFC 5737 and RFC 3849: what stands for the rest of the world.
_ELSEWHERE = ("192.0.2.1", "2001:db8::1")
Named = Mapping[str, frozenset[str] | None]  # by label, the values that are named; None = all that there are
_OTHER = "\0"  # stands for all values of a label that no selector names; no label value holds it


@dataclass(frozen=True, slots=True)
class EndpointClass:
    """`end` is the first member. Members are pods, nodes, or the addresses outside the cluster that `name` tells."""

    end: Endpoint
    members: tuple[Pod | Node, ...]
    name: str = ""  # of addresses outside the cluster
    place: object = None  # equal for classes that no peer but one with pod selectors tells apart


@dataclass(frozen=True, slots=True)
class Distinctions:
    """All that policies tell endpoints apart by."""

    labels: Named  # of pods
    service_accounts: Named  # their labels
    node_labels: frozenset[str]
    nodes: bool  # whether it matters which node a pod runs on
    port_names: frozenset[str]
    space: AddressSpace
    blocks: tuple[BlockPeer, ...]
    ports: tuple[RulePort, ...]

    @classmethod
    def of(cls, compiled: Iterable[CompiledPolicies]) -> Distinctions:
        """Those of all policies of one or more snapshots."""
        rulesets = [r for policies in compiled for same in policies.rulesets.values() for r in same]
        rules = [rule for ruleset in rulesets for rule in ruleset.rules]
        peers: list[Peer] = [r.subject for r in rulesets]
        peers += (peer for rule in rules for whole in _peers(rule) for peer in leaves(whole))
        ports = tuple(dict.fromkeys(_plain(port) for rule in rules for port in (*rule.ports, *rule.not_ports)))
        # A dict, not a set: what comes out must not depend on the order of hashes.
        blocks = tuple(dict.fromkeys((p.block, p.excepted, p.everyone) for p in peers if isinstance(p, BlockPeer)))
        return cls(
            labels=_named(p.pod_selector for p in peers if isinstance(p, PodPeer)),
            service_accounts=_named(p.service_account_selector for p in peers if isinstance(p, PodPeer)),
            nodes=any(isinstance(p, EntityPeer) and p.entity in ENTITIES_BY_NODE for p in peers),
            node_labels=frozenset(_named(p.selector for p in peers if isinstance(p, NodePeer))),
            port_names=frozenset(port.name for port in ports if isinstance(port, NamedPort)),
            space=AddressSpace.of(n for block, excepted, _ in blocks for n in (block, *excepted)),
            blocks=tuple(BlockPeer("", *block) for block in blocks),
            ports=ports,
        )


def _plain(port: RulePort) -> RulePort:
    """Without its path: the same ports stand in many rules."""
    if isinstance(port, NamedPort):
        return NamedPort("", port.protocol, port.name)
    return type(port)("", port.protocol, port.first, port.last)


def _peers(rule: Rule) -> tuple[Peer, ...]:
    return rule.peers if rule.locals is None else (*rule.peers, rule.locals)


def _named(selectors: Iterable[Selector | None]) -> Named:
    values: defaultdict[str, set[str]] = defaultdict(set)
    whole: set[str] = set()
    for selector in selectors:
        for key, named in named_values(selector) if selector else ():
            values[key].update(named or ())
            if named is None:
                whole.add(key)
    return {key: None if key in whole else frozenset(found) for key, found in values.items()}


def classes_of(snapshot: Snapshot, distinctions: Distinctions) -> tuple[EndpointClass, ...]:
    """All pods that have a network, the nodes, and the outside, in classes; pods with their own network come first."""
    pods = [pod for pod in snapshot.pods if not pod.finished]
    hosts = [pod for pod in pods if pod.spec.host_network]
    return (
        *pod_classes([pod for pod in pods if not pod.spec.host_network], snapshot, distinctions),
        *_host_classes([*hosts, *snapshot.nodes], snapshot, distinctions),
        *outside_classes(snapshot, distinctions),
    )


def pod_classes(pods: Iterable[Pod], snapshot: Snapshot, distinctions: Distinctions) -> tuple[EndpointClass, ...]:
    """Pods with their own network, in classes."""
    alike: defaultdict[tuple[object, ...], list[Pod]] = defaultdict(list)
    for pod in pods:
        place = _place(pod.ips, distinctions.space), pod.spec.node_name if distinctions.nodes else ""
        labels = _labels(pod.labels, distinctions.labels), _account(pod, snapshot, distinctions)
        alike[pod.namespace, labels, _ports(pod.ports, distinctions), place].append(pod)
    return tuple(
        EndpointClass(pod_endpoint(same[0], snapshot), tuple(same), place=("pod", key[-1]))
        for key, same in alike.items()
    )


def _host_classes(
    members: Iterable[Pod | Node], snapshot: Snapshot, distinctions: Distinctions
) -> Iterator[EndpointClass]:
    """Nodes, and pods on their networks."""
    alike: defaultdict[object, list[Pod | Node]] = defaultdict(list)
    for member in members:
        if isinstance(member, Node):
            name = member.name if distinctions.nodes else ""
            alike[name, _host_place(node_endpoint(member).ips, member, distinctions)].append(member)
        else:
            node = snapshot.node(member.spec.node_name)
            name = member.spec.node_name if distinctions.nodes else ""
            alike[name, _host_place(member.ips, node, distinctions)].append(member)
    for place, same in alike.items():
        yield EndpointClass(_host(same[0], snapshot), tuple(same), place=("host", place))


def _host(member: Pod | Node, snapshot: Snapshot) -> Endpoint:
    return pod_endpoint(member, snapshot) if isinstance(member, Pod) else node_endpoint(member)


def _labels(labels: Mapping[str, str], named: Named) -> frozenset[tuple[str, str]]:
    return frozenset((k, _value(v, named[k])) for k, v in labels.items() if k in named)


def _value(value: str, named: frozenset[str] | None) -> str:
    return value if named is None or value in named else _OTHER


def _account(pod: Pod, snapshot: Snapshot, distinctions: Distinctions) -> object:
    """What policies tell service accounts apart by, and whether that is all of it."""
    if not (named := distinctions.service_accounts):
        return None
    end = pod_endpoint(pod, snapshot)
    return _labels(end.service_account_labels, named), end.service_accounts_read


def _ports(ports: tuple[ContainerPort, ...], distinctions: Distinctions) -> object:
    names = distinctions.port_names
    return tuple((p.name, p.protocol, p.container_port) for p in ports if p.name in names)


def _place(ips: tuple[str, ...], space: AddressSpace) -> tuple[Network, ...]:
    return tuple(space.smallest(address) for address in map(parse_address, ips) if address)


def _host_place(ips: tuple[str, ...], node: Node | None, distinctions: Distinctions) -> object:
    labels = frozenset(pair for pair in node.labels.items() if pair[0] in distinctions.node_labels) if node else None
    return _place(ips, distinctions.space), labels


# The outside ---------------------------------------------------------------------------------------------------


def outside_classes(snapshot: Snapshot, distinctions: Distinctions) -> Iterator[EndpointClass]:
    """Addresses outside the cluster, by the ipBlocks that hold them."""
    taken = _taken(snapshot)
    versions = {address.version for address in taken} or {4}
    alike: defaultdict[object, list[Network]] = defaultdict(list)
    for network in distinctions.space.networks:
        if network.version in versions or network not in ROOTS:
            chain = tuple(number for number, block in enumerate(distinctions.blocks) if _in_block(network, block))
            alike[network.version, chain].append(network)
    for networks in alike.values():
        free = ((network, _representative(network, distinctions.space, taken)) for network in networks)
        found = [(network, address) for network, address in free if address]
        if found:
            name = _name([network for network, _ in found], distinctions.space, several=len(versions) > 1)
            address = str(found[0][1])
            end = Endpoint(kind="ip", name=address, ips=(address,), nodes_read=snapshot.was_read("Node"))
            yield EndpointClass(end, (), name, ("outside", networks[0]))


def _taken(snapshot: Snapshot) -> frozenset[Address]:
    nodes = (a.address for node in snapshot.nodes for a in node.status.addresses)
    ips = (ip for pod in snapshot.pods for ip in pod.ips)
    services = (ip for service in snapshot.services for ip in service.vips)
    return frozenset(address for address in map(parse_address, (*nodes, *ips, *services)) if address)


def _representative(network: Network, space: AddressSpace, taken: frozenset[Address]) -> Address | None:
    usual = parse_address(_ELSEWHERE[network.version == 6])
    if usual and usual not in taken and space.smallest(usual) == network:
        return usual
    return space.free_address(network, taken)


def _in_block(network: Network, block: BlockPeer) -> bool:
    """Whether the part of a network that is in no smaller one is in a block; networks nest or are disjoint."""
    inside = holds(block.block, network)
    return inside and not any(holds(excepted, network) for excepted in block.excepted)


def _name(networks: Sequence[Network], space: AddressSpace, *, several: bool) -> str:
    """`outside the cluster`, `10.0.0.0/8`, `172.16.0.0/16 except 172.16.5.0/24`; the first two of many."""
    root = next((n for n in networks if n in ROOTS), None)
    if root:
        return f"{OUTSIDE} (IPv{root.version})" if several else OUTSIDE
    shown = []
    for network in networks[:2]:
        inner = [n for n in space.within(network) if n not in networks]
        but = f" except {inner[0]}" if len(inner) == 1 else f" except {len(inner)} parts" if inner else ""
        shown.append(f"{network}{but}")
    more = f" and {len(networks) - 2} more" if len(networks) > 2 else ""
    return ", ".join(shown) + more
