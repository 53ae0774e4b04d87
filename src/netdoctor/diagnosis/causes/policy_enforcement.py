"""NetworkPolicy causes: policies that the network does not enforce."""

from __future__ import annotations

from typing import ClassVar

from netdoctor.diagnosis.case import Case
from netdoctor.diagnosis.cause import Cause, Found, RuledOut, certainty, probe_evidence
from netdoctor.diagnosis.denials import Denial, denials
from netdoctor.model.report import Evidence, Finding, Fix
from netdoctor.policy.cilium.settings import CONFIG, settings
from netdoctor.policy.profile import policy_family


class PolicyNotEnforced(Cause):
    """Policies deny the flow, and packets pass all the same.

    What it means: by the NetworkPolicies in the cluster this source must not reach this target, and it does.

    Why it breaks: NetworkPolicy objects are only a request. A network plugin without policy support (Flannel alone,
    plain bridge or ptp) ignores them, and where the policy agent of a node is down, so does that node.

    How it is seen: a new connection is answered after the time that a network plugin needs to apply its policies.

    Trap: policies take a moment to apply to a new pod, so the probe waits first; hostNetwork pods and traffic from
    the pod's own node are not subject to policies; Cilium with `policy-audit-mode`, or with `enable-policy: never`,
    is meant to drop nothing.

    Fix: install a network plugin or an agent that enforces NetworkPolicy, or bring the node's agent back.

    References: Kubernetes documentation, Network Policies, "Prerequisites"; flannel-io/flannel#2183.
    """

    code: ClassVar[str] = "PolicyNotEnforced"
    title: ClassVar[str] = "policies deny the flow, and nothing enforces them"
    shown_by_answers: ClassVar[bool] = True
    would_change: ClassVar[str] = "a packet that a policy denies and that is really dropped"

    def examine(self, case: Case) -> Found | RuledOut | None:
        """Found where a packet passes against a denial, or where the network plugin is known not to enforce."""
        denied = denials(case)
        if not denied:
            return None
        if policy_family(case.expectation.cni.name) == "cilium" and (off := settings(case.snapshot).off):
            return self.ruled_out(f"it is meant so: {off} ({CONFIG})")
        contradicted = [d for d in denied if d.contradicted]
        without_support = case.expectation.cni.enforces_policy is False
        silent = [d for d in denied if d.dropped and not d.contradicted]
        if contradicted:
            return self._found(case, contradicted, without_support)
        if without_support and not silent:
            return self._found(case, list(denied), without_support)
        return self.ruled_out("what the policies deny does not get through" if silent else "no packet contradicts them")

    def _found(self, case: Case, denied: list[Denial], without_support: bool) -> Found:
        first = denied[0]
        passed = [s for d in denied for s in d.passed]
        policies = tuple(dict.fromkeys(ref for d in denied for ref in d.side.denied_by))
        nodes = sorted({d.backend.node for d in denied if d.backend.node})
        network = case.expectation.cni
        why = (
            f"The network plugin ({network.name}) does not enforce NetworkPolicy: {network.evidence}."
            if without_support
            else f"Its agent may be down or late on {', '.join(nodes) or 'the node'} (network plugin: {network.name}; "
            f"{network.evidence})."
        )
        finding = Finding(
            code=self.code,
            title=f"{policies[0]} denies {first.verdict.flow}, and nothing enforces it",
            certainty=certainty(passed, configured=without_support or bool(passed)),
            objects=policies,
            explanation=(
                f"By {', '.join(map(str, policies))} this flow is denied"
                f"{', and a new connection is answered' if passed else ''}. {why}"
            ),
            evidence=(Evidence(str(policies[0]), "denies the flow"), *probe_evidence(passed)),
            fixes=(Fix("Install a network plugin or agent that enforces NetworkPolicy, or repair the node's agent"),),
        )
        return Found(finding)
