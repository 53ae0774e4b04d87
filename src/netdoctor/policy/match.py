"""Whether a peer of a rule matches one end of a flow, and everything that speaks against it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from netdoctor.cluster.addresses import Address, Network, holds, parse_address
from netdoctor.cluster.objects import LabelSelector, Requirement
from netdoctor.cluster.selectors import matches
from netdoctor.policy.flow import Endpoint, Flow
from netdoctor.policy.profile import CNIProfile
from netdoctor.policy.rules import (
    BlockPeer,
    Direction,
    NamePeer,
    NodePeer,
    Peer,
    PodPeer,
    UnknownPeer,
)
from netdoctor.policy.verdict import Miss, MissKind


@dataclass(frozen=True, slots=True)
class Remote:
    """The end that a rule's peers are about, with its addresses in the flow's family."""

    endpoint: Endpoint
    addresses: tuple[Address, ...]
    version: int | None  # of the flow: 4, 6, or None where neither end has an address
    profile: CNIProfile


def remote_end(flow: Flow, direction: Direction, profile: CNIProfile) -> Remote:
    """The remote end of one side; the family is the destination's first that the source has too."""
    local, remote = flow.ends(direction)
    addresses, others = _addresses(remote), _addresses(local)
    version = next(iter(families(flow)), None) or next((a.version for a in addresses + others), None)
    in_family = tuple(a for a in addresses if a.version == version)
    return Remote(remote, in_family or addresses, version, profile)


def families(flow: Flow) -> tuple[int, ...]:
    """IP versions that both ends have, in the destination's order."""
    source = {address.version for address in _addresses(flow.source)}
    ordered = dict.fromkeys(address.version for address in _addresses(flow.destination))
    return tuple(version for version in ordered if version in source)


def _addresses(end: Endpoint) -> tuple[Address, ...]:
    return tuple(address for address in map(parse_address, end.ips) if address)


def peer_misses(peer: Peer, remote: Remote) -> Iterator[Miss]:
    """What keeps a peer from matching; nothing = it matches. Lazy, because most callers only ask for the first."""
    match peer:
        case PodPeer():
            return pod_misses(peer, remote.endpoint)
        case BlockPeer():
            return _block_misses(peer, remote)
        case NodePeer():
            return _node_misses(peer, remote.endpoint)
        case NamePeer():
            return _name_misses(peer, remote.endpoint)
        case UnknownPeer():
            return _unreadable_misses(peer)


def chooses(peer: Peer, end: Endpoint) -> bool | None:
    """Whether a peer matches, where its selectors alone can tell: faster than `peer_misses`. None where they cannot."""
    if not isinstance(peer, PodPeer):
        return None
    if not end.selectable:
        return False
    if end.namespace_read or peer.namespace_selector is None:
        return peer.selects(end.namespace, end.labels, end.namespace_labels)
    return None


def may_choose(peer: PodPeer, end: Endpoint) -> bool:
    """Whether a pod is one of those that are meant, or may be: its namespace's labels could not be read."""
    known = chooses(peer, end)
    return known if known is not None else all(miss.kind.uncertain for miss in pod_misses(peer, end))


def pod_misses(peer: PodPeer, end: Endpoint) -> Iterator[Miss]:
    """What keeps an endpoint from being one of the pods that are meant."""
    if end.is_node:
        where = f"host network of node {end.node}" if end.kind == "pod" else str(end)
        yield Miss(MissKind.HOST_NETWORK, peer.path, "a pod with its own network", where)
    elif end.kind == "ip":
        yield Miss(MissKind.PEER_IS_NO_POD, peer.path, "a pod", f"address {end.name}")
    else:
        yield from _namespace_misses(peer, end)
        for failing in _failing(peer.pod_selector, end.labels):
            found = _found(failing, end.labels)
            yield Miss(MissKind.POD_LABEL, _pod_selector_path(peer), f"pod label {show(failing)}", found, failing)


def _namespace_misses(peer: PodPeer, end: Endpoint) -> Iterator[Miss]:
    if peer.namespace_selector is None:
        if end.namespace != peer.namespace:
            path = f"{peer.path}.podSelector"
            yield Miss(MissKind.OTHER_NAMESPACE, path, f"namespace {peer.namespace}", f"namespace {end.namespace}")
        return
    path = _namespace_selector_path(peer)
    for failing in _failing(peer.namespace_selector, end.namespace_labels):
        yield _namespace_miss(path, failing, end)
    if not end.namespace_read:
        unknown = [r for r in requirements(peer.namespace_selector) if r.key not in end.namespace_labels]
        # An absent label satisfies NotIn and DoesNotExist, but here it may merely be unread.
        for requirement in unknown:
            if _holds(requirement, end.namespace_labels):
                yield _unread(path, requirement, end)


def _pod_selector_path(peer: PodPeer) -> str:
    return f"{peer.path}.podSelector" if peer.namespace else f"{peer.path}.pods.podSelector"


def _namespace_selector_path(peer: PodPeer) -> str:
    """A NetworkPolicy's peer belongs to a namespace; the cluster-wide policies have other fields."""
    if peer.namespace:
        return f"{peer.path}.namespaceSelector"
    return f"{peer.path}.namespaces" if peer.pod_selector is None else f"{peer.path}.pods.namespaceSelector"


def _namespace_miss(path: str, failing: Requirement, end: Endpoint) -> Miss:
    missing = failing.key not in end.namespace_labels
    if missing and not end.namespace_read:
        return _unread(path, failing, end)
    kind = MissKind.NAMESPACE_LABEL_MISSING if missing else MissKind.NAMESPACE_LABEL_VALUE
    found = f"namespace {end.namespace} with {_found(failing, end.namespace_labels)}"
    return Miss(kind, path, f"namespace label {show(failing)}", found, failing)


def _unread(path: str, requirement: Requirement, end: Endpoint) -> Miss:
    found = f"namespace {end.namespace}, whose labels could not be read"
    return Miss(MissKind.NAMESPACE_UNREAD, path, f"namespace label {show(requirement)}", found, requirement)


def _node_misses(peer: NodePeer, end: Endpoint) -> Iterator[Miss]:
    wanted, path = "a node", f"{peer.path}.nodes"
    if end.selectable:
        yield Miss(MissKind.PEER_IS_NO_NODE, path, wanted, f"pod {end}")
    elif end.is_node and end.node_labels is None:
        found = f"{end}, on a node whose labels are not known" if end.kind == "pod" else f"{end}, with unknown labels"
        if requirements(peer.selector):
            yield Miss(MissKind.NODE_UNREAD, path, f"node label {_shown(peer.selector)}", found)
    elif not end.is_node and not end.nodes_read:
        yield Miss(MissKind.NODE_UNREAD, path, wanted, f"address {end.name}, and the nodes could not be read")
    elif not end.is_node:
        yield Miss(MissKind.PEER_IS_NO_NODE, path, wanted, f"address {end.name}")
    for failing in _failing(peer.selector, end.node_labels) if end.node_labels is not None else ():
        found = f"node {end.node} with {_found(failing, end.node_labels or {})}"
        yield Miss(MissKind.NODE_LABEL, path, f"node label {show(failing)}", found, failing)


def _name_misses(peer: NamePeer, end: Endpoint) -> Iterator[Miss]:
    path, wanted = f"{peer.path}.domainNames", f"an address of {', '.join(peer.names)}"
    if end.kind == "ip":
        yield Miss(MissKind.NAME_UNRESOLVED, path, wanted, f"address {end.name}, which may be one of it")
    else:
        yield Miss(MissKind.PEER_IS_INSIDE, path, f"{wanted}, outside the cluster", str(end))


def _unreadable_misses(peer: UnknownPeer) -> Iterator[Miss]:
    if not peer.matches:
        yield Miss(
            MissKind.PEER_UNREADABLE, peer.path, "what netdoctor cannot read", "a rule that matches nothing then"
        )


def _shown(selector: LabelSelector) -> str:
    return ", ".join(map(show, requirements(selector)))


def _block_misses(peer: BlockPeer, remote: Remote) -> Iterator[Miss]:
    path, block, end = _block_path(peer), str(peer.block), remote.endpoint
    outside = f"address {', '.join(map(str, remote.addresses))}"
    if not remote.addresses:
        yield from _to_be_misses(peer, remote)
    elif not any(address in peer.block for address in remote.addresses):
        yield Miss(MissKind.IP_BLOCK, path, f"an address in {block}", outside)
    elif excepted := [n for n in peer.excepted if any(address in n for address in remote.addresses)]:
        yield Miss(MissKind.IP_EXCEPT, f"{path}.except", f"no address in {excepted[0]}", outside)
    if end.is_node and not (peer.everyone or remote.profile.ipblock_matches_nodes):
        yield Miss(MissKind.HOST_NETWORK, path, f"an address that is no node's ({remote.profile.name})", str(end))
    if end.selectable and not (peer.everyone or remote.profile.ipblock_matches_pods):
        yield Miss(MissKind.PEER_IS_POD, path, f"an address that is no pod's ({remote.profile.name})", f"pod {end}")


def _to_be_misses(peer: BlockPeer, remote: Remote) -> Iterator[Miss]:
    """For a pod without an address yet: certain where all that it can get is inside, or outside."""
    path, block, end = _block_path(peer), peer.block, remote.endpoint
    if _is_no_pods(block):
        found = f"{end}, which will have an address that is routed"
        yield Miss(MissKind.IP_BLOCK, path, f"an address in {block}", found)
        return
    same_family = remote.version in (None, block.version)
    if same_family and block.prefixlen == 0 and all(map(_is_no_pods, peer.excepted)):
        return
    networks = [network for network in end.networks if same_family and network.version == block.version]
    to_be = f"{end}, which will have an address in {', '.join(map(str, networks))}"
    excepted = next((n for n in peer.excepted if networks and all(holds(n, one) for one in networks)), None)
    if excepted is not None:
        yield Miss(MissKind.IP_EXCEPT, f"{path}.except", f"no address in {excepted}", to_be)
    elif networks and not any(one.overlaps(block) for one in networks):
        yield Miss(MissKind.IP_BLOCK, path, f"an address in {block}", to_be)
    elif not networks or not all(holds(block, one) and not _excepts(peer, one) for one in networks):
        yield Miss(MissKind.ADDRESS_UNKNOWN, path, f"an address in {block}", f"{end}, which has no address yet")


def _is_no_pods(network: Network) -> bool:
    """Whether no pod can have an address in it: those of the metadata service and others that are never routed.

    Source: RFC 3927 (169.254.0.0/16), RFC 4291 (fe80::/10, ff00::/8), RFC 1122 (127.0.0.0/8), RFC 5771 (224.0.0.0/4).
    """
    return network.is_link_local or network.is_loopback or network.is_multicast


def _block_path(peer: BlockPeer) -> str:
    """A network of a cluster-wide policy is no object with fields."""
    return peer.path if peer.everyone else f"{peer.path}.ipBlock"


def _excepts(peer: BlockPeer, network: Network) -> bool:
    return any(network.overlaps(excepted) for excepted in peer.excepted)


def requirements(selector: LabelSelector) -> tuple[Requirement, ...]:
    """matchLabels as the In requirements that they stand for, then matchExpressions."""
    labels = (Requirement(key=key, operator="In", values=(value,)) for key, value in selector.match_labels.items())
    return (*labels, *selector.match_expressions)


def _failing(selector: LabelSelector | None, labels: Mapping[str, str]) -> tuple[Requirement, ...]:
    if matches(selector or LabelSelector(), labels):
        return ()
    return tuple(r for r in requirements(selector or LabelSelector()) if not _holds(r, labels))


def _holds(requirement: Requirement, labels: Mapping[str, str]) -> bool:
    return matches(LabelSelector(match_expressions=(requirement,)), labels)


def show(requirement: Requirement) -> str:
    """As kubectl writes selectors: `a=b`, `a in (b,c)`, `a notin (b)`, `a`, `!a`."""
    values = ",".join(requirement.values)
    match requirement.operator:
        case "In" if len(requirement.values) == 1:
            return f"{requirement.key}={values}"
        case "In" | "NotIn":
            return f"{requirement.key} {requirement.operator.lower()} ({values})"
        case "DoesNotExist":
            return f"!{requirement.key}"
    return requirement.key


def _found(failing: Requirement, labels: Mapping[str, str]) -> str:
    value = labels.get(failing.key)
    return f"no label {failing.key}" if value is None else f"{failing.key}={value}"
