"""What decides on which nodes a pod may run, as types.

Shapes follow the Kubernetes API reference (v1.34); unknown fields are skipped.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from netdoctor.cluster.objects import LabelSelector
from netdoctor.lab.control.shape_base import Shape as _Shape


class Toleration(_Shape, frozen=True):
    """spec.tolerations[] of a pod."""

    key: str = ""
    operator: Literal["", "Exists", "Equal"] = "Equal"
    value: str = ""
    effect: str = ""


class NodeRequirement(_Shape, frozen=True):
    """matchExpressions[] or matchFields[] of a node selector term."""

    key: str
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"]
    values: tuple[str, ...] = ()


class NodeSelectorTerm(_Shape, frozen=True):
    """nodeSelectorTerms[]: all requirements of one term must hold; a term without any holds nowhere."""

    match_expressions: tuple[NodeRequirement, ...] = ()
    match_fields: tuple[NodeRequirement, ...] = ()


class NodeSelector(_Shape, frozen=True):
    """One of the terms must hold."""

    node_selector_terms: tuple[NodeSelectorTerm, ...]


class NodeAffinity(_Shape, frozen=True):
    """affinity.nodeAffinity."""

    required: NodeSelector | None = msgspec.field(default=None, name="requiredDuringSchedulingIgnoredDuringExecution")


class PodAffinityTerm(_Shape, frozen=True):
    """A set of pods, and the node label within whose value they must be, or must not be."""

    topology_key: str
    label_selector: LabelSelector | None = None
    namespaces: tuple[str, ...] = ()
    namespace_selector: LabelSelector | None = None


class PodAffinity(_Shape, frozen=True):
    """affinity.podAffinity or affinity.podAntiAffinity."""

    required: tuple[PodAffinityTerm, ...] = msgspec.field(
        default=(), name="requiredDuringSchedulingIgnoredDuringExecution"
    )


class Affinity(_Shape, frozen=True):
    """spec.affinity of a pod; what is only preferred is not read."""

    node_affinity: NodeAffinity = NodeAffinity()
    pod_affinity: PodAffinity = PodAffinity()
    pod_anti_affinity: PodAffinity = PodAffinity()
