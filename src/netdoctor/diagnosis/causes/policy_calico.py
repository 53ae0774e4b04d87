"""Calico's policies that deny: by a rule, or by the end of a tier."""

from __future__ import annotations

from typing import ClassVar

from netdoctor.cluster.calico_objects import CalicoNetworkPolicy, CalicoPolicy, GlobalNetworkPolicy
from netdoctor.diagnosis.case import Case
from netdoctor.diagnosis.denial_cause import FamilyDenialCause
from netdoctor.diagnosis.denial_finding import missed, subjects
from netdoctor.diagnosis.denials import Denial, Reason
from netdoctor.model.refs import ObjectRef


class CalicoPolicyDenies(FamilyDenialCause):
    """A policy of Calico's denies the flow.

    What it means: a rule of a NetworkPolicy (projectcalico.org) or a GlobalNetworkPolicy with the action Deny matches;
    or policies of a tier select the pod, none of their rules decides about the flow, and the tier's defaultAction is
    Deny.

    Why it breaks: tiers are evaluated by their order, and in a tier policies by theirs, the lowest first and those
    without an order last; the first rule that matches decides. NetworkPolicies of Kubernetes stand in the tier
    `default` with the order 1000: what comes before them they cannot change. A policy of Calico's that has egress
    rules only isolates egress only, unlike one of Kubernetes.

    How it is seen: connections time out although the NetworkPolicies of both namespaces allow them.

    Trap: an Allow, or a Pass, with a lower order before the rule that denies; staged policies, which do nothing yet; a
    network plugin that is not Calico, under which these policies have no effect.

    Fix: a rule before the one that denies, or in the policy that is nearest, which passes the flow on to the next tier
    or allows it.

    References: Calico's reference, Tier, NetworkPolicy and GlobalNetworkPolicy.
    """

    code: ClassVar[str] = "CalicoPolicyDenies"
    title: ClassVar[str] = "a policy of Calico's denies it"
    would_change: ClassVar[str] = "an earlier rule that allows the flow, or a packet that gets through"
    tier: ClassVar[int] = 2
    reason: ClassVar[Reason] = Reason.CALICO

    def explain(self, case: Case, denial: Denial) -> str:
        """The rule or the tier's end, when that is evaluated, and what missed."""
        side, flow = denial.side, denial.verdict.flow
        if side.decided_by is not None:
            what = subjects(denial)
        else:
            who = flow.source if denial.egress else flow.destination
            names = ", ".join(map(str, side.isolated_by))
            what = f"{who} is selected by {names} for {side.direction.lower()}: none of the rules decides about it, "
            what += "and the end of the tier denies what is left."
        nearest = missed(case, denial) if side.decided_by or denial.near else ""
        return " ".join(filter(None, (what, _place(case, side.denied_by[0]), nearest)))


def _place(case: Case, ref: ObjectRef) -> str:
    """Where a policy stands."""
    policy = _policy(case, ref)
    if policy is None:
        return ""
    order = "no order, and so comes last" if policy.spec.order is None else f"the order {policy.spec.order:g}"
    return f"It stands in the tier {policy.spec.tier} and has {order}; NetworkPolicies have 1000 in the tier default."


def _policy(case: Case, ref: ObjectRef) -> CalicoPolicy | None:
    """The policy of Calico's that a reference names."""
    found = case.snapshot.find(ref.object)
    return found if isinstance(found, CalicoNetworkPolicy | GlobalNetworkPolicy) else None
