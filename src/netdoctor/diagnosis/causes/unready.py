"""Causes of a Service that hands connections to pods which are not Ready, because it is told to."""

from __future__ import annotations

from typing import ClassVar

from netdoctor.cluster.objects import Service, StatefulSet
from netdoctor.diagnosis.case import Case, Seen
from netdoctor.diagnosis.cause import Cause, Found, RuledOut, certainty, ids, probe_evidence
from netdoctor.diagnosis.kubectl import merge_patch
from netdoctor.diagnosis.listeners import failed_behind
from netdoctor.diagnosis.no_endpoints import routes_of_service
from netdoctor.diagnosis.not_ready import summary, why_not_ready
from netdoctor.diagnosis.readiness import readiness_ports
from netdoctor.model.report import Evidence, Finding
from netdoctor.path.backends import Backend
from netdoctor.path.path import Route


class UnreadyAddressesPublished(Cause):
    """The Service sends connections to pods that are not Ready, because publishNotReadyAddresses tells it to.

    What it means: spec.publishNotReadyAddresses is true, some pods behind the Service are not Ready, and these do not
    answer, while others do.

    Why it breaks: with that field EndpointSlices list every address as ready, and kube-proxy and DNS hand out those of
    pods that cannot serve. The readiness probes have no effect.

    How it is seen: connections fail now and then, as many of them as there are pods that are not Ready; at their own
    addresses these pods refuse.

    Trap: the Service that governs a StatefulSet publishes such addresses so that its pods find each other before they
    are Ready; and a pod that is not Ready and answers all the same is no fault.

    Fix: leave the field out; where peers need it, give clients a Service of their own.

    References: Kubernetes API reference, ServiceSpec, publishNotReadyAddresses; StatefulSets, "Stable Network ID".
    """

    code: ClassVar[str] = "UnreadyAddressesPublished"
    title: ClassVar[str] = "the Service sends connections to pods that are not Ready"
    would_change: ClassVar[str] = "an answer of the pods that are not Ready"
    tier: ClassVar[int] = 2

    def examine(self, case: Case) -> Found | RuledOut | None:
        """Found where published pods that are not Ready fail, and Ready ones stand beside them."""
        service = case.backing
        if service is None or not service.spec.publish_not_ready_addresses or _for_peers(case, service):
            return None
        published = [(r, b) for r in routes_of_service(case) for b in r.ready if b.pod is not None]
        unready = [(r, b) for r, b in published if b.pod and b.pod.status.phase and not b.pod.ready]
        if not unready:
            return self.ruled_out("each pod whose address is published is Ready")
        failing = [(r, b) for r, b in unready if _fails(case, r, b)]
        if not failing:
            return self.ruled_out("no pod that is published without being Ready is known to fail")
        if len(unready) == len(published):
            return None  # what keeps all of them from being Ready is the fault
        return self._found(case, service, failing, len(published))

    def _found(self, case: Case, service: Service, failing: list[tuple[Route, Backend]], published: int) -> Found:
        failed = [s for route, backend in failing for s in failed_behind(case, route, [backend])]
        pods = {b.pod.ref: b.pod for _, b in failing if b.pod is not None}
        field = service.ref.at("spec.publishNotReadyAddresses")
        reasons = [why_not_ready(case.snapshot, pod) for pod in pods.values()]
        finding = Finding(
            code=self.code,
            title=f"{service.ref} sends connections to {reasons[0].pod.ref}, which is not Ready",
            certainty=certainty(failed),
            objects=(field,),
            explanation=(
                f"{field} is true, so that {len(failing)} of {published} addresses to which {service.ref} leads are "
                f"those of pods that are not Ready and do not answer. {summary(reasons)}. Without that field "
                "connections would go to the Ready pods only."
            ),
            evidence=(
                Evidence(str(field), "true"),
                *(Evidence(str(reason.pod.ref), reason.because) for reason in reasons[:3]),
                *probe_evidence(failed),
            ),
            fixes=(
                merge_patch(
                    "publish the addresses of Ready pods only",
                    service.ref,
                    {"spec": {"publishNotReadyAddresses": None}},
                ),
            ),
        )
        return Found(finding, ids(failed))


def _for_peers(case: Case, service: Service) -> bool:
    """Whether it is the Service by which the pods of a StatefulSet find each other."""
    return any(
        isinstance(workload, StatefulSet)
        and workload.namespace == service.namespace
        and workload.spec.service_name == service.name
        for workload in case.snapshot.workloads
    )


def _fails(case: Case, route: Route, backend: Backend) -> bool:
    """Whether a pod does not answer on its port: by probes, else by its own readiness probe of that very port."""
    if not case.probed:
        return backend.pod is not None and backend.port in readiness_ports(backend.pod)
    seen: list[Seen] = [s for s in case.to_backend(route, backend) if s.tried and not s.inconclusive]
    return bool(seen) and not any(s.ok for s in seen)
