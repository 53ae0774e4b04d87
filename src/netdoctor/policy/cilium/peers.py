"""The peers of one entry of a Cilium policy.

A list that is there and empty selects nobody, and so does an entry of nothing at all; an entry with ports alone is
about everyone. Source: mergeEndpointSelectors in cilium/cilium pkg/policy/utils.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from netdoctor.cluster.addresses import parse_address
from netdoctor.cluster.cilium_objects import CiliumCIDRRule, CiliumService
from netdoctor.cluster.objects import LabelSelector, Service
from netdoctor.cluster.selectors import matches
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.policy.cilium.rules import Entry
from netdoctor.policy.cilium.selectors import NotUnderstoodError, endpoint_peers, node_requirements
from netdoctor.policy.cilium.settings import Settings
from netdoctor.policy.invalid import parse_network
from netdoctor.policy.rules import AllOf, BlockPeer, EntityPeer, NamePeer, NodePeer, Peer, PodPeer

_EVERY_NAMESPACE = LabelSelector()
_NAMESPACE_NAME = "kubernetes.io/metadata.name"


@dataclass(frozen=True, slots=True)
class Context:
    """What the peers of a policy depend on beside it: `namespace` is the policy's own, empty if it has none."""

    snapshot: Snapshot
    namespace: str
    settings: Settings


def peers(entry: Entry, context: Context) -> tuple[Peer, ...] | None:
    """Whom an entry is about: one of these, everyone where there are none; None = nobody.

    Raises:
        NotUnderstoodError: a selector cannot be read.
        ValueError: a block of addresses is none.
    """
    selecting = (entry.endpoints, entry.nodes, entry.entities, entry.cidrs, entry.cidr_set)
    if any(given is not None and not given for given in selecting):
        return None
    if any(entry.peer_lists.values()):
        return tuple(_peers(entry, context)) or None
    return () if entry.ports or entry.icmp else None


def _peers(entry: Entry, context: Context) -> Iterator[Peer]:
    path = f"{entry.path}.{entry.side}"
    yield from _addresses(entry, path, context)
    for index, selector in enumerate(entry.endpoints or ()):
        where = f"{path}Endpoints[{index}]"
        yield from endpoint_peers(selector, where, context.namespace, context.settings.cluster)
    for index, entity in enumerate(entry.entities or ()):
        if entity != "none":
            yield EntityPeer(f"{path}Entities[{index}]", entity)
    for index, selector in enumerate(entry.nodes or ()):
        yield from _nodes(f"{path}Nodes[{index}]", selector, context)
    for index, wanted in enumerate(entry.services or ()):
        yield from _services(f"{path}Services[{index}]", wanted, context)


def _addresses(entry: Entry, path: str, context: Context) -> Iterator[Peer]:
    """Those outside the cluster."""
    for index, cidr in enumerate(entry.cidrs or ()):
        yield _block(f"{path}CIDR[{index}]", cidr, (), context)
    for index, rule in enumerate(entry.cidr_set or ()):
        for cidr in _blocks(rule, context.snapshot):
            yield _block(f"{path}CIDRSet[{index}]", cidr, rule.except_, context)
    for index, name in enumerate(entry.names or ()):
        yield NamePeer(f"{path}FQDNs[{index}]", (name.match_name or name.match_pattern,))
    for index, _ in enumerate(entry.groups or ()):
        yield NamePeer(f"{path}Groups[{index}]", ("a group of a cloud provider",))


def _block(path: str, cidr: str, excepted: tuple[str, ...], context: Context) -> Peer:
    """Addresses outside the cluster: pods and nodes have identities of their own, which blocks do not see."""
    address = parse_address(cidr)
    network = parse_network(f"{cidr}/{address.max_prefixlen}" if address else cidr)
    block = BlockPeer(path, network, tuple(map(parse_network, excepted)), everyone=True)
    if context.settings.cidrs_match_nodes:
        return AllOf(path, (block,), (PodPeer(path, "", _EVERY_NAMESPACE, None, flat=True),))
    return AllOf(path, (block, EntityPeer(path, "world")))


def _blocks(rule: CiliumCIDRRule, snapshot: Snapshot) -> Iterator[str]:
    if rule.cidr:
        yield rule.cidr
    for group in snapshot.cilium_cidr_groups:
        by_labels = rule.cidr_group_selector is not None and matches(rule.cidr_group_selector, group.labels)
        if group.name == rule.cidr_group_ref or by_labels:
            yield from group.spec.external_cidrs


def _nodes(path: str, selector: LabelSelector, context: Context) -> Iterator[Peer]:
    """Other nodes than the pod's own, by their labels; without these (the default) none has any."""
    wanted, other = node_requirements(selector), EntityPeer(path, "remote-node")
    if context.settings.node_labels:
        yield AllOf(path, (NodePeer(path, wanted), other))
    elif matches(wanted, {}):
        yield other


def _services(path: str, wanted: CiliumService, context: Context) -> Iterator[Peer]:
    """Whom Services lead to: pods by the Services' selectors, else addresses outside the cluster."""
    if not context.snapshot.was_read("Service"):
        raise NotUnderstoodError("toServices, and the Services could not be read")
    for service in context.snapshot.services:
        if service.spec.type == "ExternalName" or not _names(wanted, service):
            continue
        if service.spec.selector:
            own = LabelSelector(match_labels={_NAMESPACE_NAME: service.namespace})
            labels = LabelSelector(match_labels=service.spec.selector)
            yield PodPeer(path, context.namespace, own, labels, flat=True)
            continue
        slices = context.snapshot.slices_of(service)
        for address in sorted({a for one in slices for end in one.endpoints for a in end.addresses}):
            if parse_address(address):
                yield _block(path, address, (), context)


def _names(wanted: CiliumService, service: Service) -> bool:
    if name := wanted.k8s_service:
        return name.service_name == service.name and name.namespace in ("", service.namespace)
    if chosen := wanted.k8s_service_selector:
        return chosen.namespace in ("", service.namespace) and matches(chosen.selector, service.labels)
    return False
