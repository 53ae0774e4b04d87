"""What one entity of a matrix is; by itself, because `--help` needs no more."""

from __future__ import annotations

from enum import StrEnum


class By(StrEnum):
    """A row of a matrix: one pod, all pods of a workload, all pods of a namespace."""

    POD = "pod"
    WORKLOAD = "workload"
    NAMESPACE = "namespace"
