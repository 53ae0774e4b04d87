"""A peer with two selectors, read as two peers: one hyphen in YAML makes the difference.

Source: Kubernetes documentation, Network Policies, "Behavior of to and from selectors".
"""

from __future__ import annotations

from dataclasses import replace

from netdoctor.cluster.snapshot import Snapshot
from netdoctor.model.refs import ObjectRef
from netdoctor.policy.compile import CompiledPolicies
from netdoctor.policy.expressions import Selector
from netdoctor.policy.flow import Endpoint
from netdoctor.policy.labels import parts
from netdoctor.policy.rules import PodPeer


def apart(policies: CompiledPolicies, ref: ObjectRef) -> tuple[PodPeer, PodPeer] | None:
    """The two peers that a NetworkPolicy's peer may be meant as, by namespace and by pod.

    None where it has not both selectors, and where some pod satisfies both: then it is meant as it is written.
    """
    peer = next((p for p in policies.rule(ref).peers if p.path == ref.path), None)
    if not isinstance(peer, PodPeer) or not (peer.namespace and _chosen(peer.namespace_selector)):
        return None
    if not _chosen(peer.pod_selector) or _anybody(peer, policies.snapshot):
        return None
    by_namespace, by_pod = replace(peer, pod_selector=None), replace(peer, namespace_selector=None)
    both = _anybody(by_namespace, policies.snapshot) and _anybody(by_pod, policies.snapshot)
    return (by_namespace, by_pod) if both else None


def admits(peers: tuple[PodPeer, PodPeer], end: Endpoint) -> bool:
    """Whether one of the two peers means an end."""
    return end.selectable and any(peer.selects(end.namespace, end.labels, end.namespace_labels) for peer in peers)


def _chosen(selector: Selector | None) -> bool:
    return bool(parts(selector))


def _anybody(peer: PodPeer, snapshot: Snapshot) -> bool:
    """Whether a pod is meant by a peer, or would be one of a workload that has none now."""
    there = ((pod.namespace, pod.labels) for pod in snapshot.pods if not pod.finished)
    to_be = ((workload.namespace, workload.spec.template.labels) for workload in snapshot.workloads)
    return any(
        peer.selects(namespace, labels, snapshot.namespace_labels(namespace)) for namespace, labels in (*there, *to_be)
    )
