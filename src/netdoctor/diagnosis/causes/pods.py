"""Causes of a target whose pods are there, and are not ready or not running."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from netdoctor.cluster.objects import Pod, Service
from netdoctor.cluster.selectors import matches_labels
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.diagnosis.case import Case, Seen
from netdoctor.diagnosis.cause import Cause, Found, RuledOut, certainty, ids, probe_evidence
from netdoctor.diagnosis.no_endpoints import routes_of_service, symptoms, without_endpoints
from netdoctor.diagnosis.not_ready import NotReady, starting, summary, why_not_ready
from netdoctor.diagnosis.workloads import rolling_update, scaled_to_zero, to_change, why_no_pods
from netdoctor.model.refs import ObjectRef
from netdoctor.model.report import Evidence, Finding, Fix
from netdoctor.path.intended import intended_pods, selected_workloads
from netdoctor.path.target import TargetKind
from netdoctor.probing.plan import Aim

_NAMED = 5  # pods named as objects


class NoReadyEndpoints(Cause):
    """The Service has pods, and none of them is Ready.

    What it means: pods match the selector, but each is kept from being Ready: it crashes, waits for its image or a
    node, or its readiness probe fails. Or a Service without selector has no EndpointSlice with an address.

    Why it breaks: kube-proxy sends connections to ready endpoints only; without any it refuses them.

    How it is seen: the ClusterIP refuses at once, while the pods may even answer at their own addresses.

    Trap: a readiness probe may itself be what is wrong: on another port or path than the application serves.

    Fix: remove what keeps the pods from being Ready; the report says what that is for each pod.

    References: Kubernetes documentation, Debug Services, "Are the Pods working?"; Pod Lifecycle, "Container probes".
    """

    code: ClassVar[str] = "NoReadyEndpoints"
    title: ClassVar[str] = "no pod behind the Service is ready"
    would_change: ClassVar[str] = "one Ready pod that the Service selects, or an answer through the Service"
    yields_to: ClassVar[tuple[str, ...]] = (
        "AppListensOnLoopback",
        "NodeNetworkUnavailable",
        "IPAddressesExhausted",
        "KubeletToPodBlocked",
        "HostPortConflict",
        "ReadinessProbeBlockedByPolicy",
        "WebhookUnreachable",
    )

    def examine(self, case: Case) -> Found | RuledOut | None:
        """Found where pods are selected and none is Ready, or where nobody fills a Service without selector."""
        if ready := sum(len(route.living) for route in routes_of_service(case)):
            return self.ruled_out(f"ready endpoints: {ready}")
        nothing = without_endpoints(case)
        if nothing is None:
            return None
        service, failed = nothing[0], symptoms(case, nothing[1])
        if not service.spec.selector:
            return self._unfilled(case, service, failed)
        pods = tuple(p for p in intended_pods(case.snapshot, service) if p.status.phase)
        if pods:
            return self._unready(case, service, pods, failed)
        return self._no_pods(case, service, failed)

    def _unready(self, case: Case, service: Service, pods: tuple[Pod, ...], failed: tuple[Seen, ...]) -> Found | None:
        """Pods with a status (those of manifests have none), none of them Ready."""
        if any(pod.ready and not pod.finished for pod in pods) or not any(pod.status.phase for pod in pods):
            return None
        unfinished = [pod for pod in pods if not pod.finished]
        reasons = [why_not_ready(case.snapshot, pod) for pod in unfinished or pods]
        answering = [s for s in case.of(Aim.UNREADY) if s.ok]
        count = len(reasons)
        selected = matches_labels(service.spec.selector, reasons[0].pod.labels)
        which = f"that {service.ref} selects" if selected else f"for which {service.ref} seems to be meant"
        text = f"{count} of {count} pods {which} are not Ready. {summary(reasons)}."
        if answering and all(reason.probe for reason in reasons):
            port = answering[0].observed.probe.port
            text += f" The application itself answers on port {port}: look at what the probe asks for."
        finding = Finding(
            code=self.code,
            title=f"{service.ref} has no ready endpoint: {reasons[0].because}",
            certainty=certainty(failed),
            objects=to_change(case.snapshot, ((reason.pod, reason.path) for reason in reasons)),
            explanation=text,
            evidence=(*_evidence(reasons), *probe_evidence(failed), *probe_evidence(answering, limit=1)),
            fixes=_fixes(reasons),
        )
        return Found(finding, ids(failed))

    def _no_pods(self, case: Case, service: Service, failed: tuple[Seen, ...]) -> Found | None:
        """Workloads that want pods and have none, if the objects say why."""
        if not case.snapshot.was_read("Pod", service.namespace):
            return None
        for workload in selected_workloads(case.snapshot, service):
            because = why_no_pods(case.snapshot, workload)
            if because is not None and not scaled_to_zero(workload):
                return self._simple(workload.ref, f"{workload.ref} has no pods: {because}", failed)
        return None

    def _unfilled(self, case: Case, service: Service, failed: tuple[Seen, ...]) -> Found | None:
        """A Service without selector, whose EndpointSlices somebody has to write."""
        if not case.snapshot.was_read("EndpointSlice", service.namespace):
            return None
        slices = [item for item in case.snapshot.slices_of(service) if any(e.addresses for e in item.endpoints)]
        if not slices:
            text = f"{service.ref} has no selector, and no EndpointSlice lists an address for it"
            return self._simple(service.ref.at("spec.selector"), text, failed)
        names = sorted({repr(port.name) for item in slices for port in item.ports})
        wanted = ", ".join(repr(port.name) for port in service.spec.ports)
        text = f"{slices[0].ref} has ports named {', '.join(names) or 'nothing'}, {service.ref} has {wanted}"
        if any(port.name in {p.name for item in slices for p in item.ports} for port in service.spec.ports):
            text = f"no endpoint that {slices[0].ref} lists is ready"
        return self._simple(slices[0].ref.at("ports"), text, failed)

    def _simple(self, ref: ObjectRef, text: str, failed: tuple[Seen, ...]) -> Found:
        explanation = f"{text}. So the Service has no endpoint, and nothing answers for it."
        evidence = (Evidence(str(ref), text), *probe_evidence(failed))
        return Found(Finding(self.code, text, certainty(failed), (ref,), explanation, evidence), ids(failed))


class SomeEndpointsNotReady(Cause):
    """Some pods behind the Service are not Ready.

    What it means: the Service works, with fewer endpoints than it has pods.

    Why it breaks: the rest carries the load alone, and the next failure may take the Service down.

    How it is seen: connections succeed; the EndpointSlices list endpoints that are not ready, or lack pods.

    Trap: during a rolling update, and for a moment after each start, pods are not ready in good order.

    Fix: remove what keeps these pods from being Ready.

    References: Kubernetes documentation, Pod Lifecycle, "Container probes"; Deployments, "Rolling Update".
    """

    code: ClassVar[str] = "SomeEndpointsNotReady"
    title: ClassVar[str] = "some pods behind the Service are not ready"
    would_change: ClassVar[str] = "all pods of the Service Ready, or an update or a start in progress"
    yields_to: ClassVar[tuple[str, ...]] = (
        "NodeNetworkUnavailable",
        "IPAddressesExhausted",
        "KubeletToPodBlocked",
        "HostPortConflict",
        "ReadinessProbeBlockedByPolicy",
        "WebhookUnreachable",
    )

    def examine(self, case: Case) -> Found | RuledOut | None:
        """Found where ready endpoints and troubled pods stand side by side."""
        service, routes = case.backing, routes_of_service(case)
        ready = max((len(route.living) for route in routes), default=0)
        if service is None or not ready or service.spec.publish_not_ready_addresses:
            return None
        unready = [p for p in case.pods_of_service() if not p.ready and not p.terminating and p.status.phase]
        reasons = [why_not_ready(case.snapshot, pod) for pod in unready]
        if not reasons:
            return self.ruled_out(f"{ready} of {ready} endpoints are ready")
        troubled = [r for r in reasons if not self._on_its_way(case.snapshot, r)]
        if not troubled:
            return self.ruled_out(f"{summary(reasons)}: an update or a start in progress, {ready} endpoints are ready")
        finding = Finding(
            code=self.code,
            title=f"{len(troubled)} of {ready + len(reasons)} pods of {service.ref} are not Ready",
            certainty=certainty(case.of(Aim.UNREADY)),
            objects=to_change(case.snapshot, ((reason.pod, reason.path) for reason in troubled)),
            explanation=(
                f"{ready} endpoints of {service.ref} are ready and answer for the others. {summary(troubled)}. "
                "Until that is repaired the Service has less capacity, and fails with its last ready endpoint."
            ),
            evidence=_evidence(troubled),
            fixes=_fixes(troubled),
        )
        return Found(finding)

    def _on_its_way(self, snapshot: Snapshot, reason: NotReady) -> bool:
        updating = rolling_update(snapshot.workload_of(reason.pod)) and not reason.failing
        return updating or starting(snapshot, reason)


class PodNotRunning(Cause):
    """The pod asked for does not run.

    What it means: the target is a pod, or a workload's pods, and these have no address or no running container.

    Why it breaks: there is nobody at the other end.

    How it is seen: the pod has no address to connect to, or its address refuses or stays silent.

    Trap: a pod that runs and is not Ready can be reached at its own address all the same.

    Fix: remove what keeps the pod from running; the report says what that is.

    References: Kubernetes documentation, Debug Pods; Pod Lifecycle, "Pod phase".
    """

    code: ClassVar[str] = "PodNotRunning"
    title: ClassVar[str] = "the target's pod does not run"
    would_change: ClassVar[str] = "a pod with an address whose containers all run"
    yields_to: ClassVar[tuple[str, ...]] = (
        "NodeNetworkUnavailable",
        "IPAddressesExhausted",
        "HostPortConflict",
        "WebhookUnreachable",
    )

    def examine(self, case: Case) -> Found | RuledOut | None:
        """Found for a target that is a pod or a workload, where a pod does not run."""
        target = case.path.target
        if target.kind is not TargetKind.PODS or any(not pod.status.phase for pod in target.pods):
            return None
        if target.workload is not None and not target.pods:
            because = None if scaled_to_zero(target.workload) else why_no_pods(case.snapshot, target.workload)
            return self._no_pods(target.workload.ref, because) if because else None
        down = [why_not_ready(case.snapshot, pod) for pod in target.pods if not _runs(pod)]
        if not down:
            return self.ruled_out(f"{len(target.pods)} of {len(target.pods)} pods run")
        pods = {reason.pod.ref for reason in down}
        failed = [s for s in case.failed if s.aimed.backend and s.aimed.backend.pod and s.aimed.backend.pod.ref in pods]
        finding = Finding(
            code=self.code,
            title=f"{down[0].pod.ref} does not run: {down[0].because}",
            certainty=certainty(failed),
            objects=to_change(case.snapshot, ((reason.pod, reason.path) for reason in down)),
            explanation=f"{len(down)} of {len(target.pods)} pods of {target.ref} do not run. {summary(down)}.",
            evidence=(*_evidence(down), *probe_evidence(failed)),
            fixes=_fixes(down),
        )
        return Found(finding, ids(failed))

    def _no_pods(self, ref: ObjectRef, because: str) -> Found:
        text = f"{ref} has no pods: {because}"
        return Found(Finding(self.code, text, certainty(()), (ref,), f"{text}.", (Evidence(str(ref), because),)))


def _runs(pod: Pod) -> bool:
    if pod.status.phase != "Running" or not pod.ips or pod.terminating:
        return False
    return all(status.state.running is not None for status in pod.status.container_statuses)


def _evidence(reasons: Sequence[NotReady]) -> tuple[Evidence, ...]:
    return tuple(Evidence(str(reason.pod.ref), reason.because) for reason in reasons[:_NAMED])


def _fixes(reasons: Sequence[NotReady]) -> tuple[Fix, ...]:
    """One for each different reason."""
    first = {reason.because: reason.fix for reason in reversed(reasons)}
    return tuple(first.values())[::-1][:3]
