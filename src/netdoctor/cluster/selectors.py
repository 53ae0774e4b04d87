"""Label selectors, as k8s.io/apimachinery's `LabelSelectorAsSelector` reads them."""

from __future__ import annotations

from collections.abc import Mapping

from netdoctor.cluster.objects import LabelSelector, Requirement

# That controllers give out: they differ between the pods of one workload, or between its revisions.
CONTROLLER_LABELS = frozenset(
    {
        "apps.kubernetes.io/pod-index",
        "batch.kubernetes.io/controller-uid",
        "batch.kubernetes.io/job-completion-index",
        "batch.kubernetes.io/job-name",
        "controller-revision-hash",
        "controller-uid",
        "job-name",
        "pod-template-generation",
        "pod-template-hash",
        "rollouts-pod-template-hash",
        "statefulset.kubernetes.io/pod-name",
    }
)


def stable_labels(labels: Mapping[str, str]) -> dict[str, str]:
    """Those of a pod's labels that all pods of its workload share."""
    return {key: value for key, value in labels.items() if key not in CONTROLLER_LABELS}


def matches(selector: LabelSelector | None, labels: Mapping[str, str]) -> bool:
    """Whether `labels` satisfy all of `selector`. The empty selector matches everything, None matches nothing.

    Raises:
        ValueError: a requirement has an operator that Kubernetes does not know.
    """
    if selector is None:
        return False
    return matches_labels(selector.match_labels, labels) and all(
        _satisfies(labels, requirement) for requirement in selector.match_expressions
    )


def matches_labels(wanted: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    """Whether `labels` has every pair of `wanted`; true for no pairs at all."""
    return all(labels.get(key) == value for key, value in wanted.items())


def _satisfies(labels: Mapping[str, str], requirement: Requirement) -> bool:
    """An absent label satisfies NotIn and DoesNotExist."""
    value = labels.get(requirement.key)
    match requirement.operator:
        case "In":
            return value is not None and value in requirement.values
        case "NotIn":
            return value is None or value not in requirement.values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
        case unknown:
            raise ValueError(f"label selector: unknown operator {unknown!r} for key {requirement.key}")
