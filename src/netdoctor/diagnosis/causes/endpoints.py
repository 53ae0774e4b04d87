"""Causes of a Service without endpoints where no pod is there to be one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar

from netdoctor.cluster.objects import Pod, Service, Workload
from netdoctor.cluster.selectors import matches_labels
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.diagnosis.case import Case, Seen
from netdoctor.diagnosis.cause import Cause, Found, RuledOut, certainty, ids, probe_evidence
from netdoctor.diagnosis.kubectl import kubectl, merge_patch
from netdoctor.diagnosis.no_endpoints import symptoms, without_endpoints
from netdoctor.diagnosis.workloads import scaled_to_zero
from netdoctor.model.report import Evidence, Finding, Fix
from netdoctor.path.intended import NearMatch, intended_owners, intended_pods, near_matches, selected_workloads
from netdoctor.path.target import TargetKind

_NAMED = 3  # objects named in prose
_AUTOSCALERS = ("keda.sh", "knative.dev", "autoscaling", "downscaler", "sablier")


class ServiceSelectorMismatch(Cause):
    """The Service's selector matches no pod.

    What it means: the Service selects pods by labels that no pod of its namespace carries, and that no workload
    would give to its pods.

    Why it breaks: the control plane fills a Service's EndpointSlices with the pods that carry every label of
    spec.selector. With none, kube-proxy refuses or drops what is sent to the ClusterIP.

    How it is seen: the ClusterIP refuses at once (or times out), and the Service has no endpoints. Often one label
    differs by a letter, or the pods are in another namespace.

    Trap: a workload scaled to zero (WorkloadScaledToZero) has the right labels; a Service without selector gets its
    EndpointSlices from somebody else.

    Fix: give the Service the labels of the pods that it is meant for.

    References: Kubernetes documentation, Debug Services, "Does the Service have any EndpointSlices?".
    """

    code: ClassVar[str] = "ServiceSelectorMismatch"
    title: ClassVar[str] = "the Service's selector matches no pod"
    would_change: ClassVar[str] = (
        "a pod, or a workload's template, in the Service's namespace with every label of the selector"
    )

    def examine(self, case: Case) -> Found | RuledOut | None:
        """Found where neither pods nor pod templates of the namespace match, and nothing else is listed."""
        service = case.backing
        if service is None or not service.spec.selector or not case.snapshot.was_read("Pod", service.namespace):
            return None
        if pods := case.snapshot.pods_selected(service.namespace, service.spec.selector):
            return self.ruled_out(f"pods that match the selector: {len(pods)}")
        if workloads := selected_workloads(case.snapshot, service):
            return self.ruled_out(f"the pods of {workloads[0].ref} match the selector")
        nothing = without_endpoints(case)
        return self._found(case, service, symptoms(case, nothing[1])) if nothing else None

    def _found(self, case: Case, service: Service, failed: tuple[Seen, ...]) -> Found:
        near = near_matches(case.snapshot, service)[:_NAMED]
        selector, wanted = service.ref.at("spec.selector"), _text(service.spec.selector)
        nearest = f"; {near[0].owner.ref} has {_found_labels(near[0])}" if near else ""
        finding = Finding(
            code=self.code,
            title=f"{service.ref} selects {wanted}, and no pod has that{nearest}",
            certainty=certainty(failed),
            objects=(selector,),
            explanation=(
                f"No pod and no workload of namespace {service.namespace} has the labels {wanted}, so the Service has "
                f"no endpoints and nothing answers for it. {' '.join(_meant(case.snapshot, service, near))}"
            ),
            evidence=(
                Evidence(str(selector), f"{wanted} matches no pod"),
                *(Evidence(str(match.owner.ref), f"its pods have {_text(match.labels)}") for match in near),
                *probe_evidence(failed),
            ),
            fixes=tuple(_adopt(service, match) for match in near),
        )
        return Found(finding, ids(failed))


def _meant(snapshot: Snapshot, service: Service, near: tuple[NearMatch, ...]) -> Iterator[str]:
    """Sentences about what the Service may be meant for."""
    for match in near:
        wanted = _text({key: value for key, (value, _) in match.differing.items()})
        yield f"{match.owner.ref} nearly matches: {_found_labels(match)} where the selector wants {wanted}."
    elsewhere = _elsewhere(snapshot, service)
    if elsewhere:
        named = ", ".join(str(owner.ref) for owner in elsewhere[:_NAMED])
        yield f"{named} would match, but a Service selects pods of its own namespace only."
    elif not near:
        yield f"Nothing in namespace {service.namespace} comes near: what the Service is meant for is not deployed."


def _elsewhere(snapshot: Snapshot, service: Service) -> tuple[Pod | Workload, ...]:
    """Workloads, else pods, of other namespaces that the selector would match."""
    wanted = service.spec.selector
    workloads = [w for w in snapshot.workloads if matches_labels(wanted, w.spec.template.labels)]
    owners: list[Pod | Workload] = [*workloads] or [p for p in snapshot.pods if matches_labels(wanted, p.labels)]
    return tuple(owner for owner in owners if owner.namespace != service.namespace)


def _text(labels: Mapping[str, str]) -> str:
    return ",".join(f"{key}={value}" for key, value in sorted(labels.items()))


def _found_labels(match: NearMatch) -> str:
    return ", ".join(
        f"no label {key}" if found is None else f"{key}={found}" for key, (_, found) in match.differing.items()
    )


def _adopt(service: Service, match: NearMatch) -> Fix:
    """The selector changed where it differs; the workload's own where nothing of it would be left."""
    selector: dict[str, str | None] = {key: found for key, (_, found) in match.differing.items()}
    if not any({**service.spec.selector, **selector}.values()):
        owner = match.owner
        selector |= owner.spec.selector.match_labels if isinstance(owner, Workload) else owner.labels
    return merge_patch(f"select the pods of {match.owner.ref}", service.ref, {"spec": {"selector": selector}})


class WorkloadScaledToZero(Cause):
    """The workload behind the target has no replicas.

    What it means: the labels are right, but every workload whose pods the Service selects is set to 0 replicas.

    Why it breaks: without pods there are no endpoints, and kube-proxy refuses what is sent to the ClusterIP.

    How it is seen: as with a wrong selector: no endpoints, the ClusterIP refuses at once.

    Trap: autoscalers such as KEDA or Knative scale idle workloads to zero on purpose; then the first request should
    come through what wakes them up.

    Fix: scale the workload up.

    References: Kubernetes documentation, Deployments, "Scaling a Deployment".
    """

    code: ClassVar[str] = "WorkloadScaledToZero"
    title: ClassVar[str] = "the workload behind the target has no replicas"
    would_change: ClassVar[str] = "spec.replicas above 0, or a pod that is there"

    def examine(self, case: Case) -> Found | RuledOut | None:
        """Found where pods are wanted by no workload that the target means, and none is left."""
        workloads, pods = _asked(case)
        if not workloads:
            return None
        running = [w for w in workloads if not scaled_to_zero(w)]
        if running:
            return self.ruled_out(f"{running[0].ref} wants pods")
        if pods:
            return self.ruled_out(f"pods that are there: {len(pods)}")
        nothing = without_endpoints(case)
        if case.path.target.kind is TargetKind.SERVICE and nothing is None:
            return None
        failed = symptoms(case, nothing[1]) if nothing else ()
        scaled = ", ".join(str(w.ref) for w in workloads)
        finding = Finding(
            code=self.code,
            title=f"{scaled} {'has' if len(workloads) == 1 else 'have'} 0 replicas, so nothing runs behind the target",
            certainty=certainty(failed),
            objects=tuple(w.ref.at("spec.replicas") for w in workloads),
            explanation=(
                f"The labels are right, but {scaled} {'is' if len(workloads) == 1 else 'are'} scaled to 0, so there "
                f"are no pods and no endpoints. {_intended(workloads)}"
            ),
            evidence=(*(Evidence(str(w.ref.at("spec.replicas")), "0") for w in workloads), *probe_evidence(failed)),
            fixes=tuple(Fix(f"scale {w.ref} up", kubectl("scale", w.ref, "--replicas=1")) for w in workloads[:_NAMED]),
        )
        return Found(finding, ids(failed))


def _asked(case: Case) -> tuple[tuple[Workload, ...], tuple[Pod, ...]]:
    """The workloads that a target means, and their pods."""
    target = case.path.target
    if target.workload is not None:
        return (target.workload,), target.pods
    if case.backing is None or not case.snapshot.was_read("Pod", case.backing.namespace):
        return (), ()
    owners = intended_owners(case.snapshot, case.backing)
    workloads = tuple(owner for owner in owners if isinstance(owner, Workload))
    if len(workloads) < len(owners):  # bare pods, which nothing scales
        return (), ()
    pods = intended_pods(case.snapshot, case.backing)
    return workloads, tuple(pod for pod in pods if pod.status.phase and not pod.finished)


def _intended(workloads: tuple[Workload, ...]) -> str:
    for workload in workloads:
        for key in (*workload.metadata.annotations, *workload.labels, *workload.spec.template.labels):
            if any(word in key for word in _AUTOSCALERS):
                return f"It has {key}: an autoscaler may have done that on purpose, and start it on demand."
    return "If an autoscaler or a night-time schedule did that, it is intended."
