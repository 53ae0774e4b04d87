"""NetworkPolicy causes: a policy keeps the source from the target."""

from __future__ import annotations

from typing import ClassVar

from netdoctor.diagnosis.denial_cause import DenialCause
from netdoctor.diagnosis.denials import Area, Denial, Reason


class PolicyDeniesIngress(DenialCause):
    """A NetworkPolicy that selects the target's pods admits no such source.

    What it means: the target's pods are isolated for ingress, and no rule of any policy that selects them admits
    traffic from this source on this port.

    Why it breaks: once one policy with the type Ingress selects a pod, only what some rule allows gets in. Policies
    add up; a rule admits a source only if one of its peers and one of its ports match.

    How it is seen: connections to the ClusterIP and to the pod addresses time out (a few network plugins reject),
    from this source, while the pods are Ready and answer others.

    Trap: endpoints that are not ready; a policy that the network plugin does not enforce (PolicyNotEnforced); a rule
    of a policy for the whole cluster that denies (AdminPolicyDenies), or a policy of the network plugin's own kinds
    (CalicoPolicyDenies, CiliumPolicyDenies).

    Fix: add the source to the nearest rule, or label the source so that the rule matches it.

    References: Kubernetes documentation, Network Policies, "The two sorts of pod isolation".
    """

    code: ClassVar[str] = "PolicyDeniesIngress"
    title: ClassVar[str] = "a NetworkPolicy at the target does not admit the source"
    would_change: ClassVar[str] = "a rule that admits this source on the target port, or a packet that gets through"
    scope = frozenset({(False, False), (False, True)})

    def claims(self, denial: Denial) -> bool:
        """Ingress denials that are no mistake with a code of its own."""
        elsewhere = (Reason.NAMESPACE_LABEL, Reason.SERVICE_PORT, Reason.ADMIN, Reason.CALICO, Reason.CILIUM)
        own = denial.reason in elsewhere
        of_route = denial.route is not None and denial.reason is not Reason.OTHER
        return not (denial.egress or of_route or own or denial.named_by_area)

    def headline(self, denial: Denial) -> str:
        """The policy and the pod."""
        policy = denial.side.denied_by[0]
        return f"{policy} does not admit {denial.verdict.flow.source} to {denial.backend.label}"


class PolicyDeniesEgress(DenialCause):
    """A NetworkPolicy that selects the source does not let it reach the target.

    What it means: the source's pods are isolated for egress, and no rule of any policy that selects them allows
    traffic to the target's pods on their port.

    Why it breaks: once one policy with the type Egress selects a pod, only what some rule allows gets out. The rules
    see the pod that a Service leads to and its target port, never the ClusterIP.

    How it is seen: connections time out from this source only; a neutral pod beside it gets through.

    Trap: DNSEgressDenied, when only the DNS queries are held back; EgressDenied and APIServerUnreachable, when the
    target is outside the cluster or its API server; AdminPolicyDenies, when a rule for the whole cluster denies.

    Fix: add the target to the nearest egress rule.

    References: Kubernetes documentation, Network Policies, "The two sorts of pod isolation".
    """

    code: ClassVar[str] = "PolicyDeniesEgress"
    title: ClassVar[str] = "a NetworkPolicy at the source does not let it reach the target"
    would_change: ClassVar[str] = "a rule that lets this source reach the pod's own port, or a packet that gets through"
    scope = frozenset({(True, False)})

    def claims(self, denial: Denial) -> bool:
        """Egress denials to the target itself that are no mistake with a code of its own."""
        general = denial.reason is Reason.OTHER and not denial.named_by_area
        return denial.egress and denial.route is not None and general

    def headline(self, denial: Denial) -> str:
        """The policy and the pod."""
        policy = denial.side.denied_by[0]
        return f"{policy} does not let {denial.verdict.flow.source} reach {denial.backend.label}"


class DNSEgressDenied(DenialCause):
    """A NetworkPolicy keeps the source from the cluster's DNS servers.

    What it means: the source is isolated for egress, and no rule lets it send UDP to the DNS pods on their port. Or a
    rule of a policy for the whole cluster denies it.

    Why it breaks: a policy with the type Egress denies everything that it does not allow, DNS included. The rule has
    to admit the DNS pods (after the Service's translation: their target port), not the Service's address.

    How it is seen: every DNS query times out, to the DNS Service and to each server, while TCP to an address works.

    Trap: DNSServerDown: then queries fail from every pod, policies or not. DNSPolicyPortMismatch: a rule allows port
    53, and the servers listen on another.

    Fix: allow UDP and TCP 53 to the pods labelled k8s-app=kube-dns in the namespace
    kubernetes.io/metadata.name=kube-system.

    References: Kubernetes documentation, Network Policies; kubernetes/kubernetes#102286 for the port.
    """

    code: ClassVar[str] = "DNSEgressDenied"
    title: ClassVar[str] = "a NetworkPolicy keeps the source from the DNS servers"
    would_change: ClassVar[str] = (
        "a rule that lets this source send UDP to the DNS pods' port, or an answer of a DNS server to it"
    )
    scope = frozenset({(True, True)})

    def claims(self, denial: Denial) -> bool:
        """Egress denials to DNS servers, but for those that a code of their own says more about."""
        says_more = denial.reason in (Reason.NAMESPACE_LABEL, Reason.SERVICE_PORT) or denial.area is Area.LOCAL_DNS
        return denial.egress and denial.route is None and not says_more

    def headline(self, denial: Denial) -> str:
        """The policy and the DNS Service."""
        policy = denial.side.denied_by[0]
        return f"{policy} does not let {denial.verdict.flow.source} ask the cluster's DNS servers"
