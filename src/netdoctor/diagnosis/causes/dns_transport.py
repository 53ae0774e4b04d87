"""DNS causes: how the questions travel."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from netdoctor.diagnosis.case import Case, Seen
from netdoctor.diagnosis.cause import Cause, Found, RuledOut, ids
from netdoctor.diagnosis.denial_cause import DenialCause
from netdoctor.diagnosis.denial_finding import denial_finding, missed, subjects
from netdoctor.diagnosis.denials import Denial, Reason, dns_denials_over_tcp
from netdoctor.diagnosis.dns import failed_names, questions
from netdoctor.model.probe import Outcome
from netdoctor.path.names import service_name
from netdoctor.probing.plan import Aim

_UDP_OCTETS = 512  # of an answer for a resolver that does not say more by EDNS (RFC 1035, 4.2.1), such as glibc's
_HEADER, _RECORD = 12, 16  # octets: of a message; of an A record whose name is a pointer (RFC 1035, 4.1)


class DNSOverTCPDenied(Cause):
    """The answer does not fit into a UDP datagram, and a policy allows DNS over UDP only.

    What it means: the name has so many addresses that its answer is truncated (TC=1), and policies let the source ask
    the DNS servers over UDP, but not over TCP.

    Why it breaks: a truncated answer is asked for again over TCP (RFC 7766). Resolvers that do not use EDNS, as that
    of glibc by default, take 512 octets over UDP, some 28 addresses.

    How it is seen: TC=1, then a timeout on TCP port 53; names with small answers resolve.

    Trap: with EDNS a larger answer still fits, so that the same name resolves in another program. Without a
    truncated answer a rule for UDP alone does no harm yet.

    Fix: allow TCP 53 beside UDP 53.

    References: RFC 7766; RFC 6891; Kubernetes documentation, Network Policies.
    """

    code: ClassVar[str] = "DNSOverTCPDenied"
    title: ClassVar[str] = "the answer needs TCP, and a policy allows DNS over UDP only"
    would_change: ClassVar[str] = "an answer over TCP from the DNS servers, or one over UDP that is not truncated"

    def examine(self, case: Case) -> Found | RuledOut | None:
        """Found where an answer is truncated, or by the objects must be, and policies deny TCP to the DNS servers."""
        denied = dns_denials_over_tcp(case)
        truncated = _truncated(case)
        if not denied:
            return self.ruled_out("no policy keeps the source from asking over TCP") if truncated else None
        if any(d.contradicted for d in denied):
            return self.ruled_out("the DNS servers answer over TCP")
        if not (truncated if case.probed else _octets(case) > _UDP_OCTETS):
            return self.ruled_out("the answer fits into a UDP datagram")
        name = case.path.dns.name
        why = f"The answer for {name} exceeds the {_UDP_OCTETS} octets that a resolver without EDNS takes over UDP"
        finding = denial_finding(
            self.code,
            case,
            denied,
            f"{denied[0].side.denied_by[0]} allows DNS over UDP only, and the answer for {name} needs TCP",
            f"{why}, so that it has to be asked for again over TCP. {subjects(denied[0])} {missed(case, denied[0])}",
        )
        return replace(finding, explains=ids(failed_names(case)))


def _truncated(case: Case) -> tuple[Seen, ...]:
    """Lookups that had a truncated answer, whatever the resolver made of it when TCP failed.

    That of glibc then asks for the bare name, and says that it does not exist.
    """
    return tuple(s for s in case.of(Aim.NAME) if any(q["outcome"] == Outcome.TRUNCATED for q in questions(s)))


def _octets(case: Case) -> int:
    """The least size of the answer with the addresses of a headless Service; 0 for others, whose answer is small."""
    service, dns = case.backing, case.path.dns
    if service is None or not service.headless:
        return 0
    addresses = {b.address for route in case.path.routes for b in route.ready if ":" not in b.address}
    question = len(service_name(service.ref, dns.domain)) + 2 + 4
    return _HEADER + question + _RECORD * len(addresses)


class DNSPolicyPortMismatch(DenialCause):
    """A policy allows port 53, and the DNS servers listen on another port.

    What it means: a rule is meant to let the source ask the cluster's DNS servers and names port 53, the port of the
    DNS Service. Its pods listen on their target port, 5353 for instance.

    Why it breaks: kube-proxy translates the DNS Service's address and port to those of a DNS pod before policies are
    applied, so that a rule never sees port 53.

    How it is seen: every DNS query times out, although "the policy allows port 53".

    Trap: where the DNS pods listen on 53, as kubeadm's do, such a rule is right; a policy that allows no DNS at all is
    DNSEgressDenied.

    Fix: name the DNS pods' port in the rule too; keep 53 where clusters differ.

    References: Kubernetes documentation, Network Policies; kubernetes/kubernetes#102286.
    """

    code: ClassVar[str] = "DNSPolicyPortMismatch"
    title: ClassVar[str] = "a policy allows port 53, and the DNS servers listen on another"
    would_change: ClassVar[str] = (
        "an answer of the DNS servers to this source, or DNS pods that listen on the port which the rule names"
    )
    tier: ClassVar[int] = 2

    def claims(self, denial: Denial) -> bool:
        """Denials of DNS servers whose nearest rule has the DNS Service's port."""
        return denial.reason is Reason.SERVICE_PORT and denial.route is None

    def headline(self, denial: Denial) -> str:
        """The policy and the servers' port."""
        assert denial.near is not None
        return f"{denial.near.rule.object} allows port 53, the DNS servers listen on {denial.backend.port}"

    def explain(self, case: Case, denial: Denial) -> str:
        """Both ports, and when policies are applied."""
        assert denial.near is not None
        rule = case.expectation.policies.rule(denial.near.rule)
        dns = case.path.dns.service
        return (
            f"{subjects(denial)} The rule {rule.ref.path} of {rule.ref.object} would let it ask {denial.backend.label} "
            f"but lists {rule.ports_text}. 53 is the port of {dns.ref if dns else 'the DNS Service'}; policies are "
            f"applied after the translation to the pod, so the rule has to name {denial.backend.port}."
        )
