"""Causes in an Ingress controller: it is down, or a policy keeps it from its backends."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from netdoctor.diagnosis.case import Case, Seen
from netdoctor.diagnosis.cause import Cause, Certainty, Found, RuledOut, certainty, ids, probe_evidence
from netdoctor.diagnosis.causes.endpoints import ServiceSelectorMismatch, WorkloadScaledToZero
from netdoctor.diagnosis.causes.listeners import AppListensOnLoopback, NothingListening
from netdoctor.diagnosis.causes.pods import NoReadyEndpoints, PodNotRunning
from netdoctor.diagnosis.causes.ports import NamedPortNotFound, TargetPortMismatch
from netdoctor.diagnosis.denial_cause import DenialCause
from netdoctor.diagnosis.denials import Area, Denial
from netdoctor.diagnosis.ingress_cause import IngressCause, rule_answers
from netdoctor.diagnosis.kubectl import kubectl
from netdoctor.model.probe import Outcome
from netdoctor.model.report import Evidence, Finding, Fix
from netdoctor.path.ingress.controllers import Controller
from netdoctor.path.ingress.way import IngressWay

_WHY: tuple[Cause, ...] = (
    WorkloadScaledToZero(),
    NoReadyEndpoints(),
    PodNotRunning(),
    ServiceSelectorMismatch(),
    NamedPortNotFound(),
    AppListensOnLoopback(),
    TargetPortMismatch(),
    NothingListening(),
)
STOPPED = frozenset(cause.code for cause in _WHY)  # of a controller they are all this one cause
_DOWN = (Outcome.REFUSED, Outcome.TIMEOUT, Outcome.REJECTED)


class IngressControllerDown(IngressCause):
    """The Ingress controller does not answer, or does not run.

    What it means: the controller that serves the Ingress has no pod that is Ready, or nothing listens where its Service
    leads to.

    Why it breaks: an Ingress is only a wish. What carries it out is the controller: a proxy in pods of its own. Where
    that is down, every Ingress of its class is.

    How it is seen: connections to the controller's Service are refused or time out, for every host and path.

    Trap: the backend is down: then the controller answers, with 502, 503 or 504.

    Fix: bring the controller's pods back; the report says what stops them.

    References: Kubernetes documentation, Ingress Controllers; Debug Services.
    """

    code: ClassVar[str] = "IngressControllerDown"
    title: ClassVar[str] = "the Ingress controller does not answer, or does not run"
    would_change: ClassVar[str] = "an answer of the controller on its own port, whatever its status"

    def examine_way(self, case: Case, way: IngressWay) -> Found | RuledOut | None:
        """Found where one of the causes applies to the controller that stop any application, or where none runs."""
        if way.controller is None:
            return self._absent(case, way)
        asked = rule_answers(case, way.asks)
        if any(s.status for s in asked):
            return self.ruled_out(f"{way.controller.label} answers")
        why = next((r for cause in _WHY if isinstance(r := cause.examine(case.parts[0]), Found)), None)
        return self._found(case, way.controller, why, asked) if why is not None else None

    def _found(self, case: Case, controller: Controller, why: Found, asked: tuple[Seen, ...]) -> Found:
        """What stops it, under this name: its objects and fixes are those that count."""
        failed = [s for s in asked if s in case.failed and s.outcome in _DOWN]
        agreeing = Certainty.CERTAIN if failed and why.proven else why.finding.certainty
        finding = msgspec.structs.replace(
            why.finding,
            code=self.code,
            title=f"the Ingress controller {controller.label} is down: {why.finding.title}",
            certainty=agreeing,
            objects=tuple(dict.fromkeys((controller.owner.ref, *why.finding.objects))),
            explanation=f"Every Ingress of its class is down with it. {why.finding.explanation}",
            evidence=(*why.finding.evidence, *probe_evidence(failed, limit=2)),
        )
        return Found(finding, why.explains | ids(failed), why.proven)

    def _absent(self, case: Case, way: IngressWay) -> Found | None:
        """The class is there, and is for a controller that would run in the cluster, but no pod of it does."""
        family, found = way.chosen.family, way.chosen.found
        if found is None or family is None or not _all_read(case):
            return None
        field = found.ref.at("spec.controller")
        finding = Finding(
            code=self.code,
            title=f"no {family.title} runs in the cluster, and {way.ingress.ref} is for one",
            certainty=certainty((), configured=True),
            objects=(field,),
            explanation=(
                f"{found.ref}, the class of {way.ingress.ref}, is for {way.chosen.controller}. No workload and no pod "
                "of the cluster is recognised as that, so nothing carries the Ingress out."
            ),
            evidence=(Evidence(str(field), way.chosen.controller),),
            fixes=(Fix("see what is meant to run it", kubectl("describe", found.ref)),),
        )
        return Found(finding)


def _all_read(case: Case) -> bool:
    return all(case.snapshot.was_read(kind) for kind in ("Pod", "Deployment", "DaemonSet"))


class IngressControllerBlocked(DenialCause):
    """A NetworkPolicy keeps the Ingress controller from a backend.

    What it means: the policies of the backend's pods admit no traffic from the controller's pods on the backend's port,
    or those of the controller's pods do not let it out.

    Why it breaks: clients' requests end at the controller, which makes a connection of its own to the backend's pods.
    Policies see the controller's pods as the source, with their namespace and labels, and never the client.

    How it is seen: the controller answers 504 or 502, after a wait, while other pods get through to the backend. Tried
    from the controller's own place, the backend's pods time out.

    Trap: the backend is down: then everybody is refused.

    Fix: admit the controller's namespace in the policy of the backend's pods.

    References: Kubernetes documentation, Network Policies; the documentation of the controller.
    """

    code: ClassVar[str] = "IngressControllerBlocked"
    title: ClassVar[str] = "a NetworkPolicy keeps the Ingress controller from a backend"
    would_change: ClassVar[str] = (
        "a rule that admits the controller's pods on the backend's port, or an answer through it"
    )
    scope = None

    def claims(self, denial: Denial) -> bool:
        """Denials of what the controller sends to a backend, whatever the mistake is."""
        return denial.area is Area.BEHIND_INGRESS and denial.route is not None

    def headline(self, denial: Denial) -> str:
        """The policy, the controller and the pod."""
        policy, flow = denial.side.denied_by[0], denial.verdict.flow
        if denial.egress:
            return f"{policy} does not let the Ingress controller {flow.source} reach {denial.backend.label}"
        return f"{policy} does not admit the Ingress controller {flow.source} to {denial.backend.label}"

    def explain(self, case: Case, denial: Denial) -> str:
        """As for any denial; and that the client does not matter."""
        return f"{super().explain(case, denial)} To policies the controller is the source, whoever the client is."
