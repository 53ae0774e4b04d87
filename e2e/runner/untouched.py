"""What a run must leave as it was: everything that is not a scenario's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from e2e.runner.access import RUN_MARK, Kubectl

_NAMESPACED = "deployments,daemonsets,services,configmaps,networkpolicies,serviceaccounts,resourcequotas"
_CLUSTER_SCOPED = "nodes,namespaces,ingressclasses,priorityclasses,clusterroles,clusterrolebindings"
_CONTENT = ("spec", "data", "rules", "roleRef", "subjects", "value")

State = Mapping[str, Any]


def state(kubectl: Kubectl) -> State:
    """What the cluster was told to be, by object: labels and specification, no status, no namespace of a run."""
    items = kubectl.get(_CLUSTER_SCOPED)
    for namespace in ("kube-system", "default"):
        items += kubectl.get(_NAMESPACED, "--namespace", namespace)
    return {
        f"{item['kind']} {metadata.get('namespace', '')}/{metadata['name']}": {
            "labels": metadata.get("labels"),
            **{key: item[key] for key in _CONTENT if key in item},
        }
        for item in items
        if RUN_MARK not in (metadata := item["metadata"]).get("annotations", {})
    }


def differences(before: State, after: State) -> list[str]:
    """One line for each object that was changed, added or lost."""
    names = sorted({*before, *after})
    return [
        f"{name} was {'changed' if name in before and name in after else 'added' if name in after else 'lost'}"
        for name in names
        if before.get(name) != after.get(name)
    ]


def wait_until_gone(namespaces: Sequence[str], kubectl: Kubectl) -> None:
    """Wait until namespaces that are being deleted, or never were, are gone. Raises ClusterError if one stays."""
    if namespaces:
        kubectl("wait", "--for=delete", *(f"namespace/{name}" for name in namespaces), "--timeout=100s")
