"""Causes of an EndpointSlice that lists what is not there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from netdoctor.cluster.endpoints import removable
from netdoctor.cluster.objects import Endpoints, Service
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.diagnosis.case import Case, Seen
from netdoctor.diagnosis.cause import Cause, Found, RuledOut, certainty, ids, probe_evidence
from netdoctor.diagnosis.kubectl import json_patch
from netdoctor.diagnosis.samples import sentence
from netdoctor.model.refs import ObjectRef
from netdoctor.model.report import Evidence, Finding
from netdoctor.path.backends import Backend
from netdoctor.path.path import Route
from netdoctor.policy.flow import ip_endpoint
from netdoctor.probing.plan import Aim


@dataclass(frozen=True, slots=True)
class _Stale:
    """A listed address, why nobody has it, and whether the objects alone prove that."""

    route: Route
    backend: Backend
    because: str
    proven: bool


class StaleEndpoint(Cause):
    """An EndpointSlice lists an address that no live pod has.

    What it means: among the Service's endpoints is an address behind which nobody is: of a pod that is gone, or
    written by hand.

    Why it breaks: kube-proxy takes its share of the connections there, one in N for N endpoints. It does not test
    whether an endpoint answers.

    How it is seen: some connections to the ClusterIP time out or are rejected, others work; of the endpoints always
    the same one fails.

    Trap: a Service without selector may list addresses outside the cluster; these count only if they do not answer.

    Fix: take the address out of the EndpointSlice (or the Endpoints object that it mirrors).

    References: Kubernetes documentation, EndpointSlices, "Management"; kubernetes/kubernetes#135266.
    """

    code: ClassVar[str] = "StaleEndpoint"
    title: ClassVar[str] = "an EndpointSlice lists an address that nobody has"
    would_change: ClassVar[str] = "an answer at the listed address, or a live pod that has it"

    def examine(self, case: Case) -> Found | RuledOut | None:
        """Found where a ready endpoint is no pod's, and does not answer."""
        service = case.backing
        listed = [(route, backend) for route in case.path.routes for backend in route.ready if backend.listed_in]
        if service is None or not listed:
            return None
        stale = [found for route, backend in listed if (found := _stale(case, route, backend))]
        if stale:
            return self._found(case, service, stale)
        if any(_may_be_unread(case, backend) for _, backend in listed):
            return None
        addresses = {backend.address for _, backend in listed}
        return self.ruled_out(f"each of {len(addresses)} listed addresses is a live pod's, or answers")

    def _found(self, case: Case, service: Service, stale: list[_Stale]) -> Found:
        backends = {(s.backend.address, s.backend.port) for s in stale}
        fields = dict.fromkeys(f for s in stale for f in _fields(case.snapshot, service, s.backend))
        first = stale[0]
        failed = list(_explained(case, stale))
        total = len(first.route.ready)
        sampled = sentence((s.observed for s in case.of(Aim.VIP_SAMPLE, route=first.route)), "its ClusterIP")
        finding = Finding(
            code=self.code,
            title=f"{next(iter(fields)).object} lists {first.backend.label}, {first.because}",
            certainty=certainty((s for s in failed if s.aimed.aim is Aim.BACKEND), configured=first.proven),
            objects=tuple(fields),
            explanation=(
                f"{service.ref} has {total} endpoints that count as ready, and behind {len(backends)} of them nobody "
                f"answers: {first.backend.label} is listed, {first.because}. kube-proxy sends that share of the "
                f"connections there. {sampled}"
            ).strip(),
            evidence=(
                *(Evidence(str(field), s.because) for field, s in zip(fields, stale, strict=False)),
                *probe_evidence(failed),
            ),
            fixes=tuple(
                json_patch(
                    f"take {first.backend.address} out of {field.object}",
                    field.object,
                    {"op": "remove", "path": "/" + field.path.replace("[", "/").replace("]", "").replace(".", "/")},
                )
                for field in list(fields)[:1]
            ),
        )
        return Found(finding, ids(failed), proven=all(s.proven for s in stale))


def _stale(case: Case, route: Route, backend: Backend) -> _Stale | None:
    seen = [s for s in case.to_backend(route, backend) if s.tried]
    if backend.pod is not None or any(s.ok for s in seen) or _may_be_unread(case, backend):
        return None
    if backend.gone:
        return _Stale(route, backend, backend.gone, proven=True)
    failed = [s for s in seen if not s.inconclusive]
    if failed and not case.expectation.denied(backend, route.protocol):
        return _Stale(route, backend, f"where nobody answers ({failed[0].outcome})", proven=False)
    return None


def _may_be_unread(case: Case, backend: Backend) -> bool:
    """Whether it may be a pod's that could not be read."""
    return backend.pod is None and not ip_endpoint(backend.address, case.snapshot).pods_read


def _fields(snapshot: Snapshot, service: Service, backend: Backend) -> Iterator[ObjectRef]:
    """Where slices list the address, or where the Endpoints do that stand in for them."""
    endpoints = snapshot.get("Endpoints", service.namespace, service.name)
    for item in snapshot.slices_of(service):
        if isinstance(endpoints, Endpoints) and snapshot.find(item.ref) != item:
            yield from (endpoints.ref.at(path) for path in removable(endpoints, backend.address))
            continue
        for number, endpoint in enumerate(item.endpoints):
            if item.ref == backend.listed_in and backend.address in endpoint.addresses[:1]:
                yield item.ref.at(f"endpoints[{number}]")


def _explained(case: Case, stale: list[_Stale]) -> Iterator[Seen]:
    """Failed probes of these endpoints, and of the Service that leads some of its connections there."""
    for seen in case.failed:
        routes = [s for s in stale if s.route == seen.aimed.route]
        direct = any(s.backend == seen.aimed.backend for s in routes)
        if direct or (routes and seen.aimed.aim in (Aim.VIP, Aim.HOST)):
            yield seen
