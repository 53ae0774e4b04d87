"""Why nobody is selected or matched: the requirement that none meets, and the value that is probably meant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches

from netdoctor.cluster.objects import Pod, Requirement
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.policy.expressions import Selector, selects
from netdoctor.policy.labels import part_holds, parts, requirement_of, show, shown
from netdoctor.policy.rules import BlockPeer, NodePeer, Peer, PodPeer


def why_nobody(peer: Peer, snapshot: Snapshot) -> str:
    """A clause about a peer, or a policy's subject, that matches nothing."""
    if isinstance(peer, PodPeer):
        return _no_pod(peer, snapshot)
    if isinstance(peer, NodePeer):
        return _unmet(peer.selector, [node.labels for node in snapshot.nodes], "node") or "there are no nodes"
    if isinstance(peer, BlockPeer):
        but = " except what it excepts" if peer.excepted else ""
        return f"no address in {peer.block}{but} is one that it could mean"
    return "it cannot be read"


def _no_pod(peer: PodPeer, snapshot: Snapshot) -> str:
    names = sorted({pod.namespace for pod in snapshot.pods} | {one.name for one in snapshot.namespaces})
    where, chosen = f"namespace {peer.namespace}", {peer.namespace}
    if peer.namespace_selector is not None:
        labels = {name: snapshot.namespace_labels(name) for name in names}
        if unmet := _unmet(peer.namespace_selector, list(labels.values()), "namespace"):
            return unmet
        chosen = {name for name in names if selects(peer.namespace_selector, labels[name])}
        where = f"namespace {next(iter(chosen))}" if len(chosen) == 1 else f"the {len(chosen)} namespaces that it means"
    pods = [pod for pod in snapshot.pods if pod.namespace in chosen]
    network = [pod for pod in pods if not (pod.spec.host_network or pod.finished)]
    if not pods:
        return f"there is no pod in {where}"
    if any(_selected(peer, pod) for pod in pods):
        return "all that have the labels are on the host network, or have finished"
    return _unmet(peer.pod_selector, [pod.labels for pod in network or pods], f"pod in {where}") or f"no pod in {where}"


def _selected(peer: PodPeer, pod: Pod) -> bool:
    return selects(peer.pod_selector, pod.labels)


def _unmet(selector: Selector | None, labels: Sequence[Mapping[str, str]], what: str) -> str:
    """`no pod in namespace a has app=wbe (but there is app=web)`; empty if some have all labels."""
    if any(selects(selector, one) for one in labels):
        return ""
    for part in parts(selector):
        if not any(part_holds(part, one) for one in labels):
            return f"no {what} has {show(part)}{_meant(requirement_of(part), labels)}"
    return f"no {what} has all of {shown(selector)}" if parts(selector) else ""


def _meant(requirement: Requirement | None, labels: Iterable[Mapping[str, str]]) -> str:
    if requirement is None:
        return ""
    values = sorted({one[requirement.key] for one in labels if requirement.key in one})
    near = [found for value in requirement.values for found in get_close_matches(value, values, n=1)]
    return f" (but there is {requirement.key}={near[0]})" if near else ""
