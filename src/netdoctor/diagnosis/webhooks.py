"""Admission webhooks that the API server could not call, as its own words in events and conditions tell."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from netdoctor.cluster.objects import Workload
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.model.refs import ObjectRef

# k8s.io/apiserver, pkg/util/webhook and pkg/admission/plugin/webhook/errors.
_CALL = re.compile(
    r'failed calling webhook "(?P<name>[^"]*)".*?https://(?P<service>[a-z0-9-]+)\.(?P<namespace>[a-z0-9-]+)\.svc'
    r'(?::(?P<port>\d+))?[/?"][^"]*"?: (?P<why>.+)',
    re.DOTALL,
)
_REACHED = re.compile(r"x509|tls:|certificate|status code|unexpected response|denied the request", re.IGNORECASE)
_RECENT = 600.0  # seconds: the API server keeps events for an hour, long after a repair


@dataclass(frozen=True, slots=True)
class FailedCall:
    """A call that reached no webhook: whom it was for, why, and the object that says so."""

    name: str
    service: ObjectRef
    port: int
    why: str
    told_by: ObjectRef


def calls_for(snapshot: Snapshot, workload: Workload) -> Iterator[FailedCall]:
    """Failed calls that keep a workload from the pods that it wants."""
    if len(snapshot.pods_of(workload)) >= (workload.spec.replicas or 1):
        return
    owned = [r for r in snapshot.replica_sets if _controlled_by(r.metadata.owner_references, workload.ref)]
    for one in (workload, *owned):
        said = [c.message for c in one.status.conditions if c.type == "ReplicaFailure" and c.status == "True"]
        said += [e.message for e in snapshot.events_of(one.ref) if e.reason == "FailedCreate"]
        yield from (call for text in said if (call := _parsed(text, one.ref)))


def calls_to(snapshot: Snapshot, service: ObjectRef) -> Iterator[FailedCall]:
    """Failed calls to the webhook behind a Service, not older than ten minutes."""
    for event in snapshot.events:
        recent = event.when is not None and (snapshot.taken_at - event.when).total_seconds() < _RECENT
        about = event.involved_object
        call = _parsed(event.message, ObjectRef(about.kind, about.name, about.namespace)) if recent else None
        if call is not None and call.service == service:
            yield call


def _controlled_by(owners: tuple[object, ...], ref: ObjectRef) -> bool:
    return any((getattr(o, "kind", ""), getattr(o, "name", "")) == (ref.kind, ref.name) for o in owners)


def _parsed(text: str, told_by: ObjectRef) -> FailedCall | None:
    found = _CALL.search(text)
    if found is None or _REACHED.search(found["why"]):
        return None
    service = ObjectRef("Service", found["service"], found["namespace"])
    return FailedCall(found["name"], service, int(found["port"] or 443), found["why"].strip(), told_by)
