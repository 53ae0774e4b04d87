"""Whether a peer with selectors means a pod, and everything that speaks against it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from netdoctor.policy.expressions import Selector
from netdoctor.policy.flow import Endpoint
from netdoctor.policy.labels import Part, found_text, keys_of, may_meet, part_holds, parts, requirement_of, show
from netdoctor.policy.rules import PodPeer
from netdoctor.policy.verdict import Miss, MissKind


def chooses_pod(peer: PodPeer, end: Endpoint) -> bool | None:
    """Whether a peer means an end, faster than `pod_misses`; None where that is not known."""
    if not end.selectable:
        return False if end.pods_read else None
    if (end.namespace_read or peer.namespace_selector is None) and (
        end.service_accounts_read or peer.service_account_selector is None
    ):
        return peer.selects(end.namespace, end.labels, end.namespace_labels, end.service_account_labels)
    return None


def may_choose(peer: PodPeer, end: Endpoint) -> bool:
    """Whether a pod is one of those that are meant, or may be: labels of its namespace could not be read."""
    known = chooses_pod(peer, end)
    return known if known is not None else all(miss.kind.uncertain for miss in pod_misses(peer, end))


def pod_misses(peer: PodPeer, end: Endpoint) -> Iterator[Miss]:
    """What keeps an endpoint from being one of the pods that are meant."""
    if end.is_node:
        where = f"host network of node {end.node}" if end.kind == "pod" else str(end)
        yield Miss(MissKind.HOST_NETWORK, peer.path, "a pod with its own network", where)
    elif not end.pods_read:
        yield Miss(MissKind.POD_UNREAD, peer.path, "a pod", maybe_pod(end))
    elif end.kind == "ip":
        yield Miss(MissKind.PEER_IS_NO_POD, peer.path, "a pod", f"address {end.name}")
    else:
        yield from _namespace_misses(peer, end)
        yield from _service_account_misses(peer, end)
        for failing in _failing(peer.pod_selector, end.labels):
            wanted, found = f"pod label {show(failing)}", found_text(failing, end.labels)
            yield Miss(MissKind.POD_LABEL, _pod_selector_path(peer), wanted, found, requirement_of(failing))


def maybe_pod(end: Endpoint) -> str:
    """An address of which it is not known whether a pod has it."""
    return f"address {end.name}, which may be that of a pod that could not be read"


def _failing(selector: Selector | None, labels: Mapping[str, str]) -> tuple[Part, ...]:
    return tuple(part for part in parts(selector) if not part_holds(part, labels))


# Namespaces ----------------------------------------------------------------------------------------------------


def _namespace_misses(peer: PodPeer, end: Endpoint) -> Iterator[Miss]:
    if peer.namespace_selector is None:
        if end.namespace != peer.namespace:
            wanted, found = f"namespace {peer.namespace}", f"namespace {end.namespace}"
            yield Miss(MissKind.OTHER_NAMESPACE, _pod_selector_path(peer), wanted, found)
        return
    path = _namespace_selector_path(peer)
    for failing in _failing(peer.namespace_selector, end.namespace_labels):
        yield _namespace_miss(path, failing, end)
    if not end.namespace_read:
        # An absent label satisfies NotIn and DoesNotExist, but here it may merely be unread.
        for part in parts(peer.namespace_selector):
            if part_holds(part, end.namespace_labels) and may_meet(part, end.namespace_labels) is None:
                yield _unread(path, part, end)


def _namespace_miss(path: str, failing: Part, end: Endpoint) -> Miss:
    if not end.namespace_read and may_meet(failing, end.namespace_labels) is None:
        return _unread(path, failing, end)
    missing = not any(key in end.namespace_labels for key in keys_of(failing))
    kind = MissKind.NAMESPACE_LABEL_MISSING if missing else MissKind.NAMESPACE_LABEL_VALUE
    found = f"namespace {end.namespace} with {found_text(failing, end.namespace_labels)}"
    return Miss(kind, path, f"namespace label {show(failing)}", found, requirement_of(failing))


def _unread(path: str, part: Part, end: Endpoint) -> Miss:
    found = f"namespace {end.namespace}, whose labels could not be read"
    return Miss(MissKind.NAMESPACE_UNREAD, path, f"namespace label {show(part)}", found, requirement_of(part))


# Service accounts ----------------------------------------------------------------------------------------------


def _service_account_misses(peer: PodPeer, end: Endpoint) -> Iterator[Miss]:
    labels = end.service_account_labels
    for part in parts(peer.service_account_selector):
        wanted, account = f"service account with {show(part)}", f"service account {end.service_account}"
        if not end.service_accounts_read and may_meet(part, labels) is None:
            found = f"{account}, whose labels could not be read"
            yield Miss(MissKind.SERVICE_ACCOUNT_UNREAD, peer.path, wanted, found)
        elif not part_holds(part, labels):
            yield Miss(MissKind.SERVICE_ACCOUNT, peer.path, wanted, f"{account} with {found_text(part, labels)}")


# Paths ---------------------------------------------------------------------------------------------------------


def _pod_selector_path(peer: PodPeer) -> str:
    if peer.flat:
        return peer.path
    return f"{peer.path}.podSelector" if peer.namespace else f"{peer.path}.pods.podSelector"


def _namespace_selector_path(peer: PodPeer) -> str:
    """A NetworkPolicy's peer belongs to a namespace; the cluster-wide policies have other fields."""
    if peer.flat:
        return peer.path
    if peer.namespace:
        return f"{peer.path}.namespaceSelector"
    return f"{peer.path}.namespaces" if peer.pod_selector is None else f"{peer.path}.pods.namespaceSelector"
