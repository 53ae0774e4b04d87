"""DNS causes: NodeLocal DNSCache, which stands between pods and the DNS servers."""

from __future__ import annotations

from typing import ClassVar

from netdoctor.diagnosis.case import Case
from netdoctor.diagnosis.denial_cause import DenialCause
from netdoctor.diagnosis.denial_finding import missed, subjects
from netdoctor.diagnosis.denials import Area, Denial


class NodeLocalDNSBlocked(DenialCause):
    """A policy lets the source ask the DNS servers, and not NodeLocal DNSCache, which it really asks.

    What it means: the source's nameserver is NodeLocal DNSCache on its own node, 169.254.20.10 as a rule. Its policies
    allow DNS to the DNS pods, by their labels, and nothing allows that address.

    Why it breaks: the cache listens on an address of the node. A podSelector or namespaceSelector never matches an
    address that is no pod's, so that a rule for the DNS pods does not help; the cache alone asks them, from the node's
    network, which no policy concerns.

    How it is seen: every query to 169.254.20.10 times out from the source, while the DNS servers answer it directly.

    Trap: where no policy allows any DNS, it is DNSEgressDenied; where the cache is down, queries fail from every pod.

    Fix: allow UDP and TCP 53 to the cache's address by an ipBlock (169.254.20.10/32), beside the DNS pods.

    References: Kubernetes documentation, Using NodeLocal DNSCache; kubernetes/kubernetes#70555.
    """

    code: ClassVar[str] = "NodeLocalDNSBlocked"
    title: ClassVar[str] = "a policy allows the DNS servers, and not NodeLocal DNSCache before them"
    would_change: ClassVar[str] = "an answer of the cache to the source, or a rule that admits its address"
    tier: ClassVar[int] = 2

    def claims(self, denial: Denial) -> bool:
        """Egress denials to the cache, where the DNS servers are allowed."""
        return denial.egress and denial.area is Area.LOCAL_DNS

    def headline(self, denial: Denial) -> str:
        """The policy and the address."""
        policy, address = denial.side.denied_by[0], denial.backend.address
        return f"{policy} does not let {denial.verdict.flow.source} ask NodeLocal DNSCache at {address}"

    def explain(self, case: Case, denial: Denial) -> str:
        """Why the rule for the DNS pods is not enough."""
        return (
            f"{subjects(denial)} Its nameserver is {denial.backend.address}, where NodeLocal DNSCache listens on each "
            f"node. That address is no pod's, so rules that select the DNS pods do not admit it. {missed(case, denial)}"
        )
