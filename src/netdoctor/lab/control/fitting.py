"""Which nodes a pod may run on, and why not the others: the scheduler's filters, in their order.

The words are those of the scheduler's plugins (kubernetes/kubernetes, pkg/scheduler/framework/plugins).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from netdoctor.cluster.selectors import matches, matches_labels
from netdoctor.lab.control.scheduling_shapes import (
    Affinity,
    NodeRequirement,
    NodeSelectorTerm,
    PodAffinityTerm,
    Toleration,
)
from netdoctor.lab.control.shapes import PodSpec
from netdoctor.lab.objects import Manifest

_KEEPS_AWAY = {"NoSchedule", "NoExecute"}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a node will not do; `final` tells that it would not do without its other pods either."""

    because: str
    final: bool = True


@dataclass(frozen=True, slots=True)
class Placed:
    """A pod that has a node; `domain` are the labels of the node."""

    namespace: str
    labels: Mapping[str, str]
    node: str
    domain: Mapping[str, str]
    host_ports: frozenset[tuple[str, int]]
    repels: tuple[PodAffinityTerm, ...]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A pod that wants a node; `namespaces` are the labels of all namespaces."""

    namespace: str
    labels: Mapping[str, str]
    spec: PodSpec
    namespaces: Mapping[str, Mapping[str, str]]


def refusal(pod: Candidate, node: Manifest, placed: Iterable[Placed]) -> Refusal | None:
    """The first filter that the pod does not pass on a node."""
    others = tuple(placed)
    return next(_refusals(pod, node, others), None)


def _refusals(pod: Candidate, node: Manifest, placed: tuple[Placed, ...]) -> Iterator[Refusal]:
    labels, name = node["metadata"].get("labels", {}), node["metadata"]["name"]
    if node.get("spec", {}).get("unschedulable") and not _tolerated(_UNSCHEDULABLE, pod.spec.tolerations):
        yield Refusal("node(s) were unschedulable")
    if any(t["effect"] in _KEEPS_AWAY and not _tolerated(t, pod.spec.tolerations) for t in _taints(node)):
        yield Refusal("node(s) had untolerated taint(s)")
    if not on_wanted_node(pod.spec, name, labels):
        yield Refusal("node(s) didn't match Pod's node affinity/selector")
    if host_ports(pod.spec) & {port for other in placed if other.node == name for port in other.host_ports}:
        yield Refusal("node(s) didn't have free ports for the requested pod ports", final=False)
    yield from _by_other_pods(pod, labels, placed)


_UNSCHEDULABLE = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}


def _taints(node: Manifest) -> Iterable[Mapping[str, str]]:
    taints: Iterable[Mapping[str, str]] = node.get("spec", {}).get("taints", ())
    return taints


def _tolerated(taint: Mapping[str, str], tolerations: Iterable[Toleration]) -> bool:
    return any(
        (not t.effect or t.effect == taint["effect"])
        and (t.key == taint["key"] or (not t.key and t.operator == "Exists"))
        and (t.operator == "Exists" or t.value == taint.get("value", ""))
        for t in tolerations
    )


def on_wanted_node(spec: PodSpec, name: str, labels: Mapping[str, str]) -> bool:
    """Whether a node has what nodeSelector and the required node affinity ask for."""
    required = spec.affinity.node_affinity.required
    return matches_labels(spec.node_selector, labels) and (
        required is None or any(_term_holds(term, name, labels) for term in required.node_selector_terms)
    )


def _term_holds(term: NodeSelectorTerm, name: str, labels: Mapping[str, str]) -> bool:
    fields = {"metadata.name": name}
    return bool(term.match_expressions or term.match_fields) and all(
        _holds(requirement, values)
        for requirements, values in ((term.match_expressions, labels), (term.match_fields, fields))
        for requirement in requirements
    )


def _holds(requirement: NodeRequirement, labels: Mapping[str, str]) -> bool:
    value = labels.get(requirement.key)
    match requirement.operator:
        case "In":
            return value in requirement.values
        case "NotIn":
            return value not in requirement.values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
        case comparison:
            return _compared(value, requirement.values, greater=comparison == "Gt")


def _compared(value: str | None, bounds: tuple[str, ...], *, greater: bool) -> bool:
    """Gt and Lt compare whole numbers; nothing else is greater or less."""
    try:
        number, bound = int(value or ""), int(bounds[0])
    except (ValueError, IndexError):
        return False
    return number > bound if greater else number < bound


def host_ports(spec: PodSpec) -> frozenset[tuple[str, int]]:
    """The ports of the node that a pod takes."""
    return frozenset((port.protocol, port.host_port) for c in spec.containers for port in c.ports if port.host_port)


# Affinity to pods --------------------------------------------------------------------------------------------


def _by_other_pods(pod: Candidate, labels: Mapping[str, str], placed: tuple[Placed, ...]) -> Iterator[Refusal]:
    affinity: Affinity = pod.spec.affinity
    if not all(_attracted(pod, term, labels, placed) for term in affinity.pod_affinity.required):
        yield Refusal("node(s) didn't match pod affinity rules")
    if any(_beside(pod, term, labels, placed) for term in affinity.pod_anti_affinity.required):
        yield Refusal("node(s) didn't match pod anti-affinity rules", final=False)
    if any(_repelled(pod, other, labels) for other in placed):
        yield Refusal("node(s) didn't satisfy existing pods anti-affinity rules", final=False)


def _attracted(pod: Candidate, term: PodAffinityTerm, labels: Mapping[str, str], placed: tuple[Placed, ...]) -> bool:
    """Whether pods of the term are in the node's domain; the first of a group that wants itself may go anywhere."""
    if term.topology_key not in labels:
        return False
    if _beside(pod, term, labels, placed):
        return True
    anywhere = any(_selects(term, pod.namespace, p.namespace, p.labels, pod.namespaces) for p in placed)
    return not anywhere and _selects(term, pod.namespace, pod.namespace, pod.labels, pod.namespaces)


def _beside(pod: Candidate, term: PodAffinityTerm, labels: Mapping[str, str], placed: tuple[Placed, ...]) -> bool:
    key = term.topology_key
    return key in labels and any(
        other.domain.get(key) == labels[key]
        and _selects(term, pod.namespace, other.namespace, other.labels, pod.namespaces)
        for other in placed
    )


def _repelled(pod: Candidate, other: Placed, labels: Mapping[str, str]) -> bool:
    return any(
        term.topology_key in labels
        and other.domain.get(term.topology_key) == labels[term.topology_key]
        and _selects(term, other.namespace, pod.namespace, pod.labels, pod.namespaces)
        for term in other.repels
    )


def _selects(
    term: PodAffinityTerm,
    home: str,
    namespace: str,
    labels: Mapping[str, str],
    namespaces: Mapping[str, Mapping[str, str]],
) -> bool:
    """Whether a term of a pod in the namespace `home` means a pod with these labels."""
    listed = namespace in term.namespaces
    selected = term.namespace_selector is not None and matches(term.namespace_selector, namespaces.get(namespace, {}))
    own = not term.namespaces and term.namespace_selector is None and namespace == home
    return (listed or selected or own) and matches(term.label_selector, labels)
