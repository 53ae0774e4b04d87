"""Causes in what the API server itself has to reach."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from netdoctor.cluster.objects import Service, Workload
from netdoctor.diagnosis.case import Case
from netdoctor.diagnosis.cause import Cause, Found, RuledOut, certainty, ids, probe_evidence
from netdoctor.diagnosis.kubectl import kubectl
from netdoctor.diagnosis.no_endpoints import symptoms, without_endpoints
from netdoctor.diagnosis.webhooks import FailedCall, calls_for, calls_to
from netdoctor.model.refs import ObjectRef
from netdoctor.model.report import Evidence, Finding, Fix
from netdoctor.path.backends import Backend, listed_backends
from netdoctor.path.expectation import destination
from netdoctor.path.intended import selected_workloads
from netdoctor.policy.decide import decide
from netdoctor.policy.flow import Flow, node_endpoint


@dataclass(frozen=True, slots=True)
class _Obstacle:
    """What stands between the API server and the webhook; `proven` by objects, or only told by the API server."""

    objects: tuple[ObjectRef, ...]
    text: str
    proven: bool = True
    behind: bool = False  # whether it is a fault of the webhook's Service itself, which has a code of its own


class WebhookUnreachable(Cause):
    """The API server cannot reach an admission webhook, and refuses what the webhook would have to admit.

    What it means: creating the workload's pods fails with "failed calling webhook": the webhook's Service does not
    exist or has no ready endpoint, or something drops what the API server sends to its pods.

    Why it breaks: with failurePolicy: Fail, the default, what a webhook cannot be asked about is refused. The API
    server connects from its own node to the webhook's pods at their own port (often 8443 or 9443, not 443), so that
    policies at these pods have to admit the control plane's addresses, and firewalls that port.

    How it is seen: Warning events FailedCreate, or the condition ReplicaFailure, with the API server's words. Probes
    from pods cannot reproduce it: the API server is elsewhere.

    Trap: a webhook that answers and denies the request, or whose certificate is not trusted, was reached. Events stay
    for an hour: a workload that has its pods is not concerned any more.

    Fix: bring the webhook's Service back; admit the control plane at its pods' port. If the cluster has to go on
    without the webhook, set its failurePolicy to Ignore for a while.

    References: Kubernetes documentation, Dynamic Admission Control, "Failure policy"; Admission Webhook Good Practices.
    """

    code: ClassVar[str] = "WebhookUnreachable"
    title: ClassVar[str] = "the API server cannot reach an admission webhook"
    would_change: ClassVar[str] = "pods that were created since, or a webhook that answers the API server"
    tier: ClassVar[int] = 2

    def examine(self, case: Case) -> Found | RuledOut | None:
        """Found where the API server says so of the target's workload, or of calls to the target's own pods."""
        for call in _calls(case):
            obstacle = _obstacle(case, call)
            own = case.backing is not None and call.service == case.backing.ref
            if not (own and obstacle.behind):
                return self._found(case, call, obstacle)
        return None

    def _found(self, case: Case, call: FailedCall, obstacle: _Obstacle) -> Found:
        nothing = without_endpoints(case)
        failed = symptoms(case, nothing[1]) if nothing else ()
        finding = Finding(
            code=self.code,
            title=f"the API server cannot reach webhook {call.name}: {obstacle.text}",
            certainty=certainty(failed, configured=obstacle.proven),
            objects=obstacle.objects,
            explanation=(
                f"The API server asks webhook {call.name} at {call.service} port {call.port} before it creates objects "
                f"such as the pods of {call.told_by}, and could not: {call.why}. {obstacle.text[:1].upper()}"
                f"{obstacle.text[1:]}. Pods cannot reproduce that, because the API server connects from its own node."
            ),
            evidence=(Evidence(str(call.told_by), call.why), *probe_evidence(failed)),
            fixes=(
                Fix("look at the webhook's endpoints and pods", kubectl("describe", call.service)),
                Fix(
                    f"find the configuration of webhook {call.name}; failurePolicy Ignore lets objects pass meanwhile",
                    "kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations",
                ),
            ),
        )
        return Found(finding, ids(failed))


def _calls(case: Case) -> Iterator[FailedCall]:
    target = case.path.target
    workloads: tuple[Workload, ...] = (target.workload,) if target.workload else ()
    if case.backing is not None:
        workloads = selected_workloads(case.snapshot, case.backing)
        yield from calls_to(case.snapshot, case.backing.ref)
    for workload in workloads:
        yield from calls_for(case.snapshot, workload)


def _obstacle(case: Case, call: FailedCall) -> _Obstacle:
    service = case.snapshot.find(call.service)
    if not isinstance(service, Service):
        known = case.snapshot.was_read("Service", call.service.namespace)
        text = f"{call.service} does not exist" if known else f"{call.service} could not be read"
        return _Obstacle((call.service,), text, proven=known)
    backends = _backends(case, service, call.port)
    if not backends:
        return _Obstacle((call.service,), f"{call.service} has no ready endpoint for port {call.port}", behind=True)
    denying = tuple(dict.fromkeys(ref for backend in backends for ref in _denying(case, backend)))
    if denying:
        text = f"{', '.join(map(str, denying))} does not admit the control plane to {backends[0].label}"
        return _Obstacle(denying, text)
    text = f"something drops what the control plane sends to port {backends[0].port} of its pods"
    return _Obstacle((call.service,), text, proven=False)


def _backends(case: Case, service: Service, port: int) -> tuple[Backend, ...]:
    ports = [one for one in service.spec.ports if one.port == port]
    return tuple(b for one in ports for b in listed_backends(case.snapshot, service, one) if b.ready)


def _denying(case: Case, backend: Backend) -> Iterator[ObjectRef]:
    """The policies that keep the nodes of the control plane from a webhook's pod, other nodes than its own."""
    masters = [n for n in case.snapshot.nodes if "node-role.kubernetes.io/control-plane" in n.labels]
    for node in masters:
        flow = Flow(node_endpoint(node), destination(backend, case.snapshot), "TCP", backend.port)
        yield from decide(case.expectation.policies, flow, case.expectation.profile).ingress.denied_by
