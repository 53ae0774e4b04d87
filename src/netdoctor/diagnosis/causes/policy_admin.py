"""Policies for the whole cluster that deny: what NetworkPolicies say does not matter then, or only then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from netdoctor.cluster.objects import AdminNetworkPolicy, BaselineAdminNetworkPolicy, ClusterNetworkPolicy
from netdoctor.cluster.selectors import stable_labels
from netdoctor.diagnosis.case import Case
from netdoctor.diagnosis.denial_cause import FamilyDenialCause
from netdoctor.diagnosis.denial_finding import missed, subjects
from netdoctor.diagnosis.denials import Denial, Reason
from netdoctor.diagnosis.kubectl import json_patch
from netdoctor.model.refs import ObjectRef
from netdoctor.model.report import Fix
from netdoctor.policy.cluster_wide import ClusterWidePolicy, place_of
from netdoctor.policy.compile import compile_policies
from netdoctor.policy.decide import decide
from netdoctor.policy.flow import Endpoint
from netdoctor.policy.rules import Tier


class AdminPolicyDenies(FamilyDenialCause):
    """A rule of a policy for the whole cluster denies the flow.

    What it means: an AdminNetworkPolicy, a BaselineAdminNetworkPolicy or a ClusterNetworkPolicy has a rule with the
    action Deny that matches, and no rule of a lower priority number has decided before it.

    Why it breaks: administrators' policies come first. Their rules are evaluated by priority, the lowest number first,
    and in their order; the first that matches decides, and a Deny cannot be lifted by any NetworkPolicy. Those of the
    baseline decide only where no NetworkPolicy isolates the pod.

    How it is seen: connections time out although the NetworkPolicies of both namespaces allow them.

    Trap: a Pass, or an Allow with a lower priority number, before the rule that denies; then NetworkPolicies decide, or
    the flow is allowed. Where these policies cannot be read, nothing is known, and nothing is called fine.

    Fix: a rule before the one that denies, which passes the flow on to the NetworkPolicies; for the baseline, a
    NetworkPolicy that allows the flow.

    References: KEP-2091 (AdminNetworkPolicy); Network Policy API, ClusterNetworkPolicy (v1alpha2).
    """

    code: ClassVar[str] = "AdminPolicyDenies"
    title: ClassVar[str] = "a policy for the whole cluster denies it"
    would_change: ClassVar[str] = "an earlier rule that allows the flow, or a packet that gets through"
    tier: ClassVar[int] = 2
    reason: ClassVar[Reason] = Reason.ADMIN

    def claims(self, denial: Denial) -> bool:
        """Denials of the target itself by a rule, not by isolation, unless where it leads has a code of its own."""
        return super().claims(denial) and denial.route is not None

    def explain(self, case: Case, denial: Denial) -> str:
        """The rule, when it is evaluated, and what NetworkPolicies would say."""
        policy = _policy(case, denial)
        place = place_of(policy) if policy is not None else None
        if policy is None or place is None:
            return f"{subjects(denial)} {missed(case, denial)}"
        direction = denial.side.direction.value.lower()
        if place.tier == Tier.BASELINE:
            when = f"It decides because no NetworkPolicy selects that pod for {direction}: one that does overrides it."
        else:
            when = (
                f"It has the priority {policy.spec.priority} and comes before NetworkPolicies, "
                f"which {_opinion(case, denial)} and cannot change that."
            )
        return f"{subjects(denial)} {when} {missed(case, denial)}"

    def fixes(self, case: Case, denial: Denial) -> tuple[Fix, ...]:
        """A rule that passes the flow on to the NetworkPolicies; the baseline, which comes after them, has none."""
        policy = _policy(case, denial)
        place = place_of(policy) if policy is not None else None
        rule = denial.side.decided_by
        peer = _peer(denial.verdict.flow.ends(denial.side.direction)[1])
        if policy is None or place is None or rule is None or peer is None or place.tier == Tier.BASELINE:
            return ()
        direction, index = denial.side.direction, rule.path.partition("[")[2].partition("]")[0]
        ports = {place.ports_field: [_port(policy, denial)]}
        passing = {"action": "Pass", direction.peers_field: [peer], **ports}
        operation = {"op": "add", "path": f"/spec/{direction.field}/{index}", "value": passing}
        title = f"let NetworkPolicies decide about it, before {_rule_of(rule)}"
        return (json_patch(title, policy.ref, operation),)


def _policy(case: Case, denial: Denial) -> ClusterWidePolicy | None:
    found = case.snapshot.find(denial.side.denied_by[0])
    if isinstance(found, AdminNetworkPolicy | BaselineAdminNetworkPolicy | ClusterNetworkPolicy):
        return found
    return None


def _opinion(case: Case, denial: Denial) -> str:
    """What NetworkPolicies alone would say of the side."""
    alone = replace(
        case.snapshot, admin_network_policies=(), baseline_admin_network_policies=(), cluster_network_policies=()
    )
    verdict = decide(
        compile_policies(alone, cni=case.expectation.profile.name), denial.verdict.flow, case.expectation.profile
    )
    side = verdict.egress if denial.egress else verdict.ingress
    return "deny it too" if side.allowed is False else "allow it" if side.allowed else "may allow it"


def _rule_of(rule: ObjectRef) -> ObjectRef:
    """The rule to which a peer belongs."""
    return rule.at(rule.path.partition("]")[0] + "]")


def _peer(remote: Endpoint) -> Mapping[str, Any] | None:
    """A peer that means this pod and its replicas; None for what is no pod."""
    if not remote.selectable:
        return None
    labels = stable_labels(remote.labels)
    namespace = {"matchLabels": {"kubernetes.io/metadata.name": remote.namespace}}
    return {"pods": {"namespaceSelector": namespace, "podSelector": {"matchLabels": labels} if labels else {}}}


def _port(policy: ClusterWidePolicy, denial: Denial) -> Mapping[str, Any]:
    flow = denial.verdict.flow
    if isinstance(policy, ClusterNetworkPolicy):
        return {flow.protocol.lower(): {"destinationPort": {"number": flow.port}}}
    return {"portNumber": {"protocol": flow.protocol, "port": flow.port}}
