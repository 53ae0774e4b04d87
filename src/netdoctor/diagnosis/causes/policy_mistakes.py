"""NetworkPolicy causes: a rule that is meant to admit the flow, and does not for a well-known mistake."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from netdoctor.cluster.objects import LabelSelector
from netdoctor.diagnosis.case import Case
from netdoctor.diagnosis.denial_cause import DenialCause
from netdoctor.diagnosis.denial_finding import subjects
from netdoctor.diagnosis.denials import Denial, Reason
from netdoctor.model.refs import ObjectRef


class PolicyNamespaceLabelMissing(DenialCause):
    """A rule wants a namespace label that the namespace does not have.

    What it means: the rule's namespaceSelector names a label key that the namespace of the other side lacks, so the
    rule matches nothing there, while all else about it fits.

    Why it breaks: namespaces have no label `name` of their own accord. The one label that every namespace has is
    kubernetes.io/metadata.name; examples that say `name: kube-system` work only where somebody added it.

    How it is seen: DNS queries (or connections) time out although "the policy allows it".

    Trap: another value of the same key is PolicyDeniesIngress or PolicyDeniesEgress with a near miss; a DNS server
    that is down looks alike but fails from every pod.

    Fix: select by kubernetes.io/metadata.name, or label the namespace.

    References: Kubernetes documentation, Network Policies, "Targeting a Namespace by its name"; KEP-2161.
    """

    code: ClassVar[str] = "PolicyNamespaceLabelMissing"
    title: ClassVar[str] = "a rule's namespaceSelector wants a label that the namespace lacks"
    would_change: ClassVar[str] = (
        "that label on the namespace, another rule that admits the flow, or a packet that gets through"
    )

    def claims(self, denial: Denial) -> bool:
        """Denials whose nearest rule misses by a namespace label key alone."""
        return denial.reason is Reason.NAMESPACE_LABEL and not denial.named_by_area

    def headline(self, denial: Denial) -> str:
        """The policy, the label, the namespace."""
        policy, wanted, namespace = _label(denial)
        return f"{policy.object} selects namespace {namespace} by {wanted}, which it does not have"

    def explain(self, case: Case, denial: Denial) -> str:
        """The rule, what the namespace has instead, and which other policies have the same defect."""
        policy, wanted, namespace = _label(denial)
        side = "to" if denial.egress else "from"
        what = "ask the DNS servers" if denial.route is None else f"reach {denial.backend.label}"
        text = (
            f"{subjects(denial)} The rule {policy.path} of {policy.object} is meant to let it {what}, but it admits "
            f"traffic {side} namespaces with {wanted} only, and namespace {namespace} has no such label "
            f"(every namespace has kubernetes.io/metadata.name={namespace})."
        )
        others = sorted(set(_same_defect(case, denial)))
        if others:
            text += f" The same defect is in {', '.join(map(str, others))}."
        return text


def _label(denial: Denial) -> tuple[ObjectRef, str, str]:
    """(rule, wanted label, namespace that lacks it)."""
    assert denial.near is not None
    flow = denial.verdict.flow
    other = flow.destination if denial.egress else flow.source
    return denial.near.rule, denial.near.misses[0].wanted, other.namespace


def _same_defect(case: Case, denial: Denial) -> Iterator[ObjectRef]:
    """Other policies that name the same label key, which no namespace has."""
    assert denial.near is not None
    keys = {miss.requirement.key for miss in denial.near.misses if miss.requirement is not None}
    if any(keys & case.snapshot.namespace_labels(ns.name).keys() for ns in case.snapshot.namespaces):
        return
    for policy in case.snapshot.network_policies:
        peers = [peer for rule in policy.spec.ingress for peer in rule.from_]
        peers += [peer for rule in policy.spec.egress for peer in rule.to]
        selectors = [peer.namespace_selector for peer in peers if peer.namespace_selector is not None]
        if policy.ref != denial.near.rule.object and any(keys & _keys(s) for s in selectors):
            yield policy.ref


def _keys(selector: LabelSelector) -> set[str]:
    expressions = (e.key for e in selector.match_expressions if e.operator in ("In", "Exists"))
    return {*selector.match_labels, *expressions}


class PolicyUsesServicePort(DenialCause):
    """A rule names the Service's port where the pods listen on another.

    What it means: the rule that is meant to admit the flow lists the Service's `port`; the pods listen on its
    `targetPort`, a different number.

    Why it breaks: kube-proxy translates the ClusterIP and port to a pod's address and target port before policies
    are applied, so a rule never sees the Service's port.

    How it is seen: connections time out, and "the policy looks right".

    Trap: where port and targetPort are equal the rule is right.

    Fix: name the target port in the rule.

    References: Kubernetes documentation, Network Policies; projectcalico/calico#8049.
    """

    code: ClassVar[str] = "PolicyUsesServicePort"
    title: ClassVar[str] = "a rule names the Service's port instead of the pods' port"
    would_change: ClassVar[str] = "a rule that admits the target port, or a packet that gets through"

    def claims(self, denial: Denial) -> bool:
        """Denials whose nearest rule has the Service's port."""
        return denial.reason is Reason.SERVICE_PORT and denial.route is not None and not denial.named_by_area

    def headline(self, denial: Denial) -> str:
        """The policy and both ports."""
        assert denial.near is not None
        assert denial.route is not None
        front = denial.route.port
        return f"{denial.near.rule.object} allows the Service's port {front}, the pods listen on {denial.backend.port}"

    def explain(self, case: Case, denial: Denial) -> str:
        """Both ports, and when policies are applied."""
        assert denial.near is not None
        assert denial.route is not None
        rule = case.expectation.policies.rule(denial.near.rule)
        return (
            f"{subjects(denial)} The rule {rule.ref.path} of {rule.ref.object} would admit it but lists "
            f"{rule.ports_text}: {denial.route.label} is the port of the Service. Policies are applied after the "
            f"translation to the pod, so the rule has to name the target port, {denial.backend.port}."
        )


class PolicyNamedPortUnresolved(DenialCause):
    """A rule names a port that the destination pod does not declare.

    What it means: the rule gives its port by name, and no container of the destination pod declares a port of that
    name and protocol.

    Why it breaks: a named port is looked up on each destination pod, by name and protocol. Where it is not found the
    rule matches nothing there, without any error.

    How it is seen: connections time out, and the rule looks right.

    Trap: the same name may stand for different numbers on different pods; that is legal.

    Fix: give the port that name in the pod template, or write the number in the rule.

    References: Kubernetes API reference, NetworkPolicyPort.
    """

    code: ClassVar[str] = "PolicyNamedPortUnresolved"
    title: ClassVar[str] = "a rule's named port is not declared by the destination pod"
    would_change: ClassVar[str] = (
        "a container of the destination pod that declares a port of that name and protocol, or a packet "
        "that gets through"
    )

    def claims(self, denial: Denial) -> bool:
        """Denials whose nearest rule has an unresolved port name."""
        return denial.reason is Reason.NAMED_PORT and denial.route is not None and not denial.named_by_area

    def headline(self, denial: Denial) -> str:
        """The policy, the port name and the pod."""
        assert denial.near is not None
        return f"{denial.near.rule.object} allows port {_names(denial)}, which {denial.backend.label} does not declare"

    def explain(self, case: Case, denial: Denial) -> str:
        """What the pod declares instead."""
        assert denial.near is not None
        rule = case.expectation.policies.rule(denial.near.rule)
        return (
            f"{subjects(denial)} The rule {rule.ref.path} of {rule.ref.object} would admit it but gives its port by "
            f"name, {_names(denial)}: {denial.near.because}. A name that a pod does not declare matches nothing there."
        )


def _names(denial: Denial) -> str:
    assert denial.near is not None
    return ", ".join(miss.wanted for miss in denial.near.misses)
