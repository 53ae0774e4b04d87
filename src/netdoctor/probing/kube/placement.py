"""On which node a probe pod runs. Pure."""

from __future__ import annotations

from typing import Any

from netdoctor.model.probe import Position
from netdoctor.probing.kube.options import ProbeOptions


def placement(position: Position, options: ProbeOptions) -> dict[str, Any]:
    """The part of a pod's spec that says where.

    A node that is named is taken as `kubectl debug node/` takes it: by ``nodeName``, whatever its taints. The
    scheduler would refuse it where replicas with the same labels keep their distance (podAntiAffinity), and on a
    cordoned node, whose network is of interest nevertheless. All else is the scheduler's choice, among the nodes
    where the workload could run.
    """
    selector = dict(options.node_selector)
    if position.node:
        tolerations: list[dict[str, Any]] = [{"operator": "Exists"}]
        spec: dict[str, Any] = {"nodeName": position.node}
    else:
        tolerations = [dict(t) for t in (*position.tolerations, *options.tolerations)]
        selector |= position.node_selector
        terms = _node_selector_terms(position)
        required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}
        spec = {"affinity": {"nodeAffinity": required}} if terms else {}
    if selector:
        spec["nodeSelector"] = selector
    if tolerations:
        spec["tolerations"] = tolerations
    return spec


def _node_selector_terms(position: Position) -> list[dict[str, Any]]:
    """The workload's terms, of which one must hold, each without the node to be avoided."""
    node_affinity = (position.affinity or {}).get("nodeAffinity") or {}
    required = node_affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or {}
    terms = [dict(term) for term in required.get("nodeSelectorTerms") or ()]
    if position.not_node is None:
        return terms
    other = {"key": "metadata.name", "operator": "NotIn", "values": [position.not_node]}
    return [{**term, "matchFields": [*(term.get("matchFields") or ()), other]} for term in terms or [{}]]
