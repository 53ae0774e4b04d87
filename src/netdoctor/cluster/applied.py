"""A cluster as it would be after manifests have been applied to it."""

from __future__ import annotations

from dataclasses import replace

from netdoctor.cluster.objects import Object, Pod, Workload
from netdoctor.cluster.snapshot import Snapshot


def applied(base: Snapshot, manifests: Snapshot) -> Snapshot:
    """`base` with the objects of `manifests` instead of its own, or besides.

    A workload that keeps its template keeps its pods; of another one, the pod to be stands for those that it had.
    """
    new = {read.ref: read for read in manifests.objects() if read.ref in manifests.origins}
    gone, to_be = set(new), []
    for pod in manifests.pods:
        workload = manifests.workload_of(pod)
        if pod.ref in new or workload is None:
            continue
        old = base.find(workload.ref)
        if not isinstance(old, Workload) or _pods(old) != _pods(workload) or not base.pods_of(old):
            gone |= {replica.ref for replica in base.pods_of(old)} if isinstance(old, Workload) else set()
            to_be.append(pod)
    kept: list[Object] = [read for read in base.objects() if read.ref not in gone]
    names = {*base.unsupported_policies, *manifests.unsupported_policies}
    return replace(
        Snapshot.of((*kept, *new.values(), *to_be), source=base.source, taken_at=base.taken_at),
        from_files=base.from_files,
        unread=base.unread,
        origins={**base.origins, **manifests.origins},
        unknown_fields={
            **{ref: fields for ref, fields in base.unknown_fields.items() if ref not in new},
            **manifests.unknown_fields,
        },
        unsupported_policies=tuple(sorted(names)),
    )


def _pods(workload: Workload) -> tuple[object, ...]:
    """What policies see of a workload's pods."""
    template = workload.spec.template
    pod = Pod(metadata=workload.metadata, spec=template.spec)
    return template.labels, pod.ports, template.spec.host_network
