"""Manifests have no pods yet: those that their workloads will make, as far as the templates say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from netdoctor.cluster.objects import DaemonSet, Object, ObjectMeta, OwnerReference, Pod, Workload, WorkloadStatus


def pods_to_be(objects: Iterable[Object]) -> Iterator[Pod]:
    """One pod for each workload that was never in a cluster and wants any; it has neither address nor status."""
    for read in objects:
        if isinstance(read, Workload) and read.status == WorkloadStatus() and not read.metadata.uid and _wanted(read):
            yield pod_to_be(read)


def pod_to_be(workload: Workload) -> Pod:
    """What a workload's template says of its next pod, which has neither address nor status."""
    owner = OwnerReference(kind=workload.ref.kind, name=workload.name, controller=True)
    template = workload.spec.template
    metadata = ObjectMeta(
        name=workload.name, namespace=workload.namespace, labels=template.labels, owner_references=(owner,)
    )
    return Pod(metadata=metadata, spec=template.spec)


def _wanted(workload: Workload) -> bool:
    return isinstance(workload, DaemonSet) or workload.spec.replicas != 0
