"""DNS causes on the asking pod's side: its resolv.conf, its search list, its way to TCP."""

from __future__ import annotations

from typing import Any, ClassVar

from netdoctor.cluster.facts import node_local_dns
from netdoctor.cluster.objects import PodSpec
from netdoctor.diagnosis.case import Case
from netdoctor.diagnosis.cause import Cause, Found, RuledOut, certainty, ids, probe_evidence
from netdoctor.model.probe import Outcome
from netdoctor.model.refs import ObjectRef
from netdoctor.model.report import Certainty, Evidence, Finding, Fix
from netdoctor.path.source import SourceKind
from netdoctor.path.target import TargetKind
from netdoctor.probing.plan import BY_NAME, Aim

_MANY = 3  # names that do not exist, asked for before the one that does
_MAX_NAMESERVERS = 3  # resolv.conf(5), MAXNS


class DNSPolicyHostNetwork(Cause):
    """A hostNetwork pod with dnsPolicy ClusterFirst asks its node's DNS.

    What it means: the source uses its node's network, and its dnsPolicy is ClusterFirst, the default.

    Why it breaks: for hostNetwork pods ClusterFirst falls back to Default, the node's own resolv.conf, which does
    not know the cluster's names.

    How it is seen: cluster names do not resolve in this pod, and do in others.

    Trap: DNSServerDown and DNSEgressDenied look alike from inside this pod.

    Fix: dnsPolicy ClusterFirstWithHostNet.

    References: Kubernetes documentation, DNS for Services and Pods, "Pod's DNS Policy"; kubernetes/kubernetes#35761.
    """

    code: ClassVar[str] = "DNSPolicyHostNetwork"
    title: ClassVar[str] = "a hostNetwork pod with dnsPolicy ClusterFirst asks its node's DNS"

    def examine(self, case: Case) -> Found | RuledOut | None:
        """From the source's spec; ruled out where its lookup works all the same."""
        spec = case.path.source.spec
        if spec is None or not _cluster_name(case) or not spec.host_network or spec.dns_policy != "ClusterFirst":
            return None
        lookups = case.of(Aim.NAME)
        if any(s.ok for s in lookups):
            return self.ruled_out("the node's DNS resolves the cluster's names")
        failed = [s for s in case.failed if s.aimed.aim in BY_NAME]
        policy = _field(case, "dnsPolicy")
        finding = Finding(
            code=self.code,
            title=f"{policy.object} has hostNetwork with dnsPolicy ClusterFirst: it asks its node's DNS",
            certainty=certainty(failed),
            objects=(policy,),
            explanation=(
                f"{policy.object} runs in its node's network. There dnsPolicy ClusterFirst means the node's own "
                f"resolv.conf, which does not know {case.path.dns.name}."
            ),
            evidence=(Evidence(str(policy), "ClusterFirst, with hostNetwork: true"), *probe_evidence(failed)),
            fixes=(_patch(case, {"dnsPolicy": "ClusterFirstWithHostNet"}, "Ask the cluster's DNS"),),
        )
        return Found(finding, ids(failed))


class DNSResolvConfBroken(Cause):
    """The source's resolv.conf does not lead to the cluster's DNS.

    What it means: by its dnsPolicy and dnsConfig the source asks other name servers than the cluster's, or has no
    search list for the short name it uses, or more name servers than the resolver reads.

    Why it breaks: only the cluster's DNS knows Services' names, and the resolver reads three name servers at most.

    How it is seen: the lookup fails although the DNS servers answer this very pod when they are asked directly.

    Trap: NodeLocal DNSCache's address (169.254.20.10) is right; other name servers may forward to the cluster's.

    Fix: dnsPolicy ClusterFirst, or the cluster's DNS in dnsConfig.nameservers.

    References: Kubernetes documentation, DNS for Services and Pods, "Pod's DNS Config"; resolv.conf(5).
    """

    code: ClassVar[str] = "DNSResolvConfBroken"
    title: ClassVar[str] = "the source's resolv.conf does not lead to the cluster's DNS"

    def examine(self, case: Case) -> Found | RuledOut | None:
        """From the source's spec; ruled out where its lookup works all the same."""
        spec = case.path.source.spec
        if spec is None or spec.host_network or not _cluster_name(case):
            return None
        wrong = _wrong(case, spec)
        if wrong is None:
            return self.ruled_out("its name servers and search list are the cluster's")
        lookups = case.of(Aim.NAME)
        if any(s.ok for s in lookups):
            return self.ruled_out("the name resolves all the same")
        path, why = wrong
        failed = [s for s in case.failed if s.aimed.aim in BY_NAME]
        field = _field(case, path)
        finding = Finding(
            code=self.code,
            title=f"{field.object} {why}",
            certainty=certainty(failed),
            objects=(field,),
            explanation=(
                f"{field.object} {why}, so {case.path.dns.name} is not asked of the cluster's DNS as it should be."
            ),
            evidence=(Evidence(str(field), why), *probe_evidence([*case.of(Aim.RESOLV_CONF)[:1], *failed])),
            fixes=(_patch(case, {"dnsPolicy": "ClusterFirst", "dnsConfig": None}, "Use the cluster's DNS"),),
        )
        return Found(finding, ids(failed))


class DNSOverTCPDenied(Cause):
    """The answer needs TCP, and a policy allows DNS over UDP only.

    What it means: the DNS server's answer does not fit a UDP datagram, so the resolver asks again over TCP, which
    the policies of the source do not allow.

    Why it breaks: DNS uses TCP for every answer that is truncated over UDP (RFC 7766); a rule for UDP 53 alone
    works until a name has many addresses.

    How it is seen: TC=1 over UDP, then a timeout on TCP 53; names with small answers resolve.

    Trap: with EDNS a larger answer still fits, so the same name may resolve from another program.

    Fix: allow TCP 53 beside UDP 53.

    References: RFC 7766; RFC 6891.
    """

    code: ClassVar[str] = "DNSOverTCPDenied"
    title: ClassVar[str] = "the answer needs TCP, and a policy allows DNS over UDP only"

    def examine(self, case: Case) -> Found | RuledOut | None:
        """From a truncated lookup and the verdicts on TCP."""
        truncated = [s for s in case.of(Aim.NAME) if s.outcome is Outcome.TRUNCATED]
        if not truncated:
            return None
        dns = case.path.dns
        denied = [v for b in dns.tcp if (v := case.expectation.of(b, "TCP")).allowed is False]
        if not denied:
            return self.ruled_out("no policy denies TCP to the DNS servers")
        side = denied[0].egress if denied[0].egress.allowed is False else denied[0].ingress
        near = next(iter(side.near_misses), None)
        objects = ((near.rule,) if near else ()) + side.isolated_by
        silent = [s for s in case.of(Aim.DNS_SERVER, transport="tcp") if s.outcome is Outcome.TIMEOUT]
        failed = [s for s in case.failed if s.aimed.aim in BY_NAME]
        finding = Finding(
            code=self.code,
            title=f"{objects[0].object} allows DNS over UDP only, and the answer for {dns.name} needs TCP",
            certainty=certainty(silent),
            objects=objects,
            explanation=(
                f"The answer for {dns.name} is truncated over UDP, so the resolver repeats the question over TCP, "
                f"and no rule of {', '.join(map(str, side.isolated_by))} admits TCP to the DNS servers."
            ),
            evidence=probe_evidence([*truncated[:1], *silent]),
            fixes=(Fix("Allow TCP 53 beside UDP 53 in the rule for DNS"),),
        )
        return Found(finding, ids(failed))


class DNSSearchAmplification(Cause):
    """A name costs several useless questions before its answer.

    What it means: before the name was answered, at least three names that do not exist were asked for.

    Why it breaks: a name with fewer dots than `ndots` (5 in pods) is first tried with every suffix of the search
    list, A and AAAA each.

    How it is seen: the lookup succeeds after a number of NXDOMAIN answers.

    Trap: this is a cost, not an outage.

    Fix: end the name with a dot, or lower ndots in the pod's dnsConfig.

    References: resolv.conf(5); kubernetes/kubernetes#64924.
    """

    code: ClassVar[str] = "DNSSearchAmplification"
    title: ClassVar[str] = "a name costs several useless questions before its answer"

    def examine(self, case: Case) -> Found | RuledOut | None:
        """A warning, with the measured count and cost."""
        for seen in case.of(Aim.NAME):
            queries: list[dict[str, Any]] = seen.observed.observation.detail.get("queries", [])
            missed = [q for q in queries if q.get("outcome") == Outcome.UNRESOLVABLE]
            names = {q.get("name") for q in missed} - {q.get("name") for q in queries if q.get("outcome") == Outcome.OK}
            if seen.ok and len(names) >= _MANY:
                cost = sum(float(q.get("seconds", 0)) for q in missed)
                field = _field(case, "dnsConfig.options")
                finding = Finding(
                    code=self.code,
                    title=f"{case.path.dns.name} costs {len(missed)} useless questions ({cost * 1000:.0f} ms)",
                    certainty=Certainty.CERTAIN,
                    objects=(field,),
                    explanation=(
                        f"{len(names)} names that do not exist were asked for before {case.path.dns.name} "
                        "was answered: it has fewer dots than ndots, so every suffix of the search list is tried first."
                    ),
                    evidence=probe_evidence([seen]),
                    fixes=(Fix(f"Use the name with a dot at its end: {case.path.dns.name}."),),
                )
                return Found(finding, warning=True)
        return None


def _cluster_name(case: Case) -> bool:
    return bool(case.path.dns.name) and case.path.target.kind is TargetKind.SERVICE


def _field(case: Case, path: str) -> ObjectRef:
    """A field of the source's pod spec, or of its pod template."""
    source = case.path.source
    prefix = "spec.template.spec." if source.kind is SourceKind.WORKLOAD else "spec."
    return source.ref.at(prefix + path)


def _patch(case: Case, spec: dict[str, Any], title: str) -> Fix:
    source = case.path.source
    if source.kind is not SourceKind.WORKLOAD:
        return Fix(f"{title}: recreate the pod with {', '.join(f'{k}: {v}' for k, v in spec.items() if v)}")
    return Fix(title, patch={"spec": {"template": {"spec": spec}}})


def _wrong(case: Case, spec: PodSpec) -> tuple[str, str] | None:
    """(field, what is wrong with it); None where the spec leads to the cluster's DNS."""
    service = case.path.dns.service
    if service is None:
        return None
    right = {*service.vips, *filter(None, [node_local_dns(case.snapshot)])}
    config = spec.dns_config
    own = config.nameservers if config else ()
    if spec.dns_policy == "Default" and not right & set(own):
        return "dnsPolicy", "asks its node's DNS (dnsPolicy Default), which does not know the cluster's names"
    if spec.dns_policy == "None":
        if not right & set(own[:_MAX_NAMESERVERS]):
            return "dnsConfig.nameservers", f"asks {', '.join(own) or 'no name server'}, not the cluster's DNS"
        if not (config and config.searches) and not _absolute(case):
            return "dnsConfig.searches", "has no search list, so a short name is not completed"
    elif len(own) + len(service.vips) > _MAX_NAMESERVERS:
        return "dnsConfig.nameservers", f"has more name servers than the {_MAX_NAMESERVERS} that a resolver reads"
    return None


def _absolute(case: Case) -> bool:
    return case.path.dns.name.rstrip(".").endswith(f".svc.{case.path.dns.domain}")
