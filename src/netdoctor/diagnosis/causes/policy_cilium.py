"""Cilium's policies that deny: by a rule, or because none admits the flow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar

import msgspec

from netdoctor.cluster.cilium_objects import CiliumEndpoint, CiliumIdentity
from netdoctor.cluster.selectors import stable_labels
from netdoctor.diagnosis.case import Case
from netdoctor.diagnosis.cause import Found
from netdoctor.diagnosis.denial_cause import FamilyDenialCause
from netdoctor.diagnosis.denial_finding import missed, subjects
from netdoctor.diagnosis.denials import Denial, Reason
from netdoctor.model.refs import ObjectRef
from netdoctor.model.report import Evidence, Fix
from netdoctor.policy.flow import Endpoint


class CiliumPolicyDenies(FamilyDenialCause):
    """A policy of Cilium's denies the flow.

    What it means: a rule in ingressDeny or egressDeny of a CiliumNetworkPolicy or a CiliumClusterwideNetworkPolicy
    matches; or such a policy isolates the pod in this direction, and no rule of any policy admits the flow.

    Why it breaks: denials come before all that is allowed, by NetworkPolicies too. A section with an element isolates
    whom the policy selects, even `ingress: [{}]`, which admits nobody; unless `enableDefaultDeny` says otherwise. With
    `enable-policy: always` in the ConfigMap `cilium-config`, pods that no policy selects are isolated too.

    How it is seen: connections time out although the NetworkPolicies of both namespaces allow them.

    Trap: `ingress: []`, which does nothing; `enableDefaultDeny: {ingress: false}`; a request that is answered 403,
    whose connection is allowed; policy-audit-mode, in which nothing is dropped; a network plugin that is not Cilium.

    Fix: a rule that admits the flow, in the nearest policy or in one of its own; where a denial decides, that rule must
    be narrowed, as nothing else can lift it: by a label that only the other end has, where its selector can take one.

    References: Cilium's documentation, "Layer 3 Policies", "Deny Policies" and "Policy Enforcement Modes".
    """

    code: ClassVar[str] = "CiliumPolicyDenies"
    title: ClassVar[str] = "a policy of Cilium's denies it"
    would_change: ClassVar[str] = "a rule that admits the flow where no rule denies it, or a packet that gets through"
    tier: ClassVar[int] = 2
    reason: ClassVar[Reason] = Reason.CILIUM

    def completed(self, case: Case, denial: Denial, found: Found) -> Found:
        """With what Cilium's agents say of both ends."""
        ends = (denial.verdict.flow.source, denial.verdict.flow.destination)
        told = tuple(evidence for end in ends for evidence in _told(case, end))
        fixes = found.finding.fixes or tuple(_in_words(denial))
        finding = msgspec.structs.replace(found.finding, evidence=(*found.finding.evidence, *told), fixes=fixes)
        return replace(found, finding=finding)

    def explain(self, case: Case, denial: Denial) -> str:
        """The rule or the isolation, and what missed."""
        side, flow = denial.side, denial.verdict.flow
        if side.decided_by is not None:
            return f"{subjects(denial)} Denials of Cilium's come before all that policies of any kind allow."
        who = flow.source if denial.egress else flow.destination
        names = ", ".join(map(str, side.isolated_by))
        return f"{who} is isolated for {side.direction.lower()} by {names}. {missed(case, denial)}"


def _in_words(denial: Denial) -> Iterator[Fix]:
    """Which rule to narrow, where no patch is known that does it for this flow alone."""
    rule, other = denial.side.decided_by, denial.verdict.flow.ends(denial.side.direction)[1]
    if rule is not None:
        yield Fix(f"narrow {rule}, so that it no longer means {other}: nothing else lifts a denial of Cilium's")


def _told(case: Case, end: Endpoint) -> Iterator[Evidence]:
    """What the agent of its node has made of a pod: not ready yet, or known by other labels than it has."""
    if not end.selectable:
        return
    told = case.snapshot.get("CiliumEndpoint", end.namespace, end.name)
    if not isinstance(told, CiliumEndpoint):
        return
    if told.state and told.state != "ready":
        yield Evidence(str(told.ref), f"is {told.state}: policies see pod {end} only once it is ready")
    identity = case.snapshot.get("CiliumIdentity", "", str(told.identity))
    if isinstance(identity, CiliumIdentity):
        yield from _differing(identity, end)


def _differing(identity: CiliumIdentity, end: Endpoint) -> Iterator[Evidence]:
    for key, value in sorted(stable_labels(end.labels).items()):
        if identity.security_labels.get(f"k8s:{key}") != value:
            ref = ObjectRef("CiliumIdentity", identity.name)
            yield Evidence(str(ref), f"pod {end} has the label {key}={value}, by which Cilium does not know it")
