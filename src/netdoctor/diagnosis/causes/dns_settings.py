"""DNS causes: the source asks other servers than the cluster's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from netdoctor.cluster.objects import PodSpec
from netdoctor.diagnosis.case import Case, Seen
from netdoctor.diagnosis.cause import Cause, Found, RuledOut, certainty, ids, probe_evidence
from netdoctor.diagnosis.dns import failed_names
from netdoctor.diagnosis.source_spec import change_source, source_field
from netdoctor.model.refs import ObjectRef
from netdoctor.model.report import Evidence, Finding, Fix
from netdoctor.path.names import candidates, service_name
from netdoctor.path.target import TargetKind
from netdoctor.probing.plan import Aim

_NODE_LOCAL = "169.254.20.10"  # NodeLocal DNSCache, unless it was given another address
_FALLS_BACK = "ClusterFirst"  # on a hostNetwork pod it means Default


class DNSPolicyHostNetwork(Cause):
    """A hostNetwork pod has the dnsPolicy ClusterFirst, and so its node's resolver.

    What it means: the source has hostNetwork: true and dnsPolicy: ClusterFirst (which is the default).

    Why it breaks: with hostNetwork, kubelet treats ClusterFirst as Default: the pod gets the node's
    /etc/resolv.conf, whose servers do not know the names of Services.

    How it is seen: names of Services do not resolve in this pod, and do in all others.

    Trap: ClusterFirstWithHostNet is right. A node whose own servers forward the cluster's domain resolves them too.

    Fix: dnsPolicy: ClusterFirstWithHostNet.

    References: Kubernetes documentation, DNS for Services and Pods, "Pod's DNS Policy"; kubernetes/kubernetes#35761.
    """

    code: ClassVar[str] = "DNSPolicyHostNetwork"
    title: ClassVar[str] = "a hostNetwork pod with dnsPolicy ClusterFirst asks its node's DNS servers"
    would_change: ClassVar[str] = "an address for the Service's name, looked up in this pod"

    def examine(self, case: Case) -> Found | RuledOut | None:
        """Found by the source's spec, unless its lookup succeeds all the same."""
        spec = _spec_of_cluster_name(case)
        if spec is None or not spec.host_network:
            return None
        if spec.dns_policy != _FALLS_BACK:
            return self.ruled_out(f"dnsPolicy is {spec.dns_policy}")
        if any(s.ok for s in case.of(Aim.NAME)):
            return self.ruled_out("the node's own DNS servers know the cluster's names")
        failed = failed_names(case)
        field = source_field(case, "dnsPolicy")
        finding = Finding(
            code=self.code,
            title=f"{field.object} has hostNetwork and dnsPolicy ClusterFirst: it asks its node's DNS servers",
            certainty=certainty(failed),
            objects=(field,),
            explanation=(
                f"{field.object} runs in its node's network, where dnsPolicy ClusterFirst falls back to Default: it "
                f"has the node's /etc/resolv.conf. The servers in there do not know {case.path.dns.name}, a name of "
                "the cluster. ClusterFirstWithHostNet is the policy for such pods."
            ),
            evidence=(Evidence(str(field), "ClusterFirst, with hostNetwork: true"), *probe_evidence(failed)),
            fixes=(change_source(case, "ask the cluster's DNS", {"dnsPolicy": "ClusterFirstWithHostNet"}),),
        )
        return Found(finding, ids(failed))


@dataclass(frozen=True, slots=True)
class _Wrong:
    """What is wrong with a resolv.conf: the field (of the pod spec, or an object's) and a clause about it."""

    field: ObjectRef
    what: str
    fix: Fix
    proven: bool = True


class DNSResolvConfBroken(Cause):
    """The source's resolv.conf does not lead to the cluster's DNS.

    What it means: by its dnsPolicy and dnsConfig the source asks other servers than the cluster's, or asks them for
    other names, for want of a search list; or kubelet wrote another server than the cluster's.

    Why it breaks: only the cluster's DNS servers know the names of Services. The second nameserver is asked only
    where the first is silent, an answer that there is no such name is final, and a fourth one is never asked.

    How it is seen: the lookup fails although the DNS servers answer this very pod when they are asked directly.

    Trap: the link-local address of NodeLocal DNSCache (169.254.20.10) is right, and so is a server that forwards
    the cluster's domain.

    Fix: dnsPolicy: ClusterFirst, with what is wanted besides in dnsConfig.

    References: Kubernetes documentation, DNS for Services and Pods, "Pod's DNS Config"; resolv.conf(5).
    """

    code: ClassVar[str] = "DNSResolvConfBroken"
    title: ClassVar[str] = "the source's resolv.conf does not lead to the cluster's DNS"
    would_change: ClassVar[str] = (
        "an address for the Service's name, looked up in this pod, or DNS servers that do not answer it "
        "when asked directly"
    )

    def examine(self, case: Case) -> Found | RuledOut | None:
        """Found by the source's spec or by the file itself, unless its lookup succeeds all the same."""
        if case.path.dns.service is None or not _asks_for_service(case):
            return None
        wrong = _by_spec(case) or _by_file(case)
        if wrong is None:
            return self.ruled_out("it names the cluster's DNS") if case.path.dns.used else None
        if any(s.ok for s in case.of(Aim.NAME)):
            return self.ruled_out(f"{case.path.dns.name} resolves all the same")
        return self._found(case, wrong)

    def _found(self, case: Case, wrong: _Wrong) -> Found:
        failed = failed_names(case)
        finding = Finding(
            code=self.code,
            title=f"{wrong.field.object} {wrong.what}",
            certainty=certainty(failed, configured=wrong.proven),
            objects=(wrong.field,),
            explanation=(
                f"{case.path.source.label} uses the name {case.path.dns.name}, which only the cluster's DNS knows, and "
                f"{wrong.field.object} {wrong.what}. The DNS servers themselves are not at fault."
            ),
            evidence=(Evidence(str(wrong.field), wrong.what), *probe_evidence(failed), *_files(case)),
            fixes=(wrong.fix,),
        )
        return Found(finding, ids(failed), proven=wrong.proven)


def _spec_of_cluster_name(case: Case) -> PodSpec | None:
    """The source's pod spec, where it asks for a Service of the cluster that exists."""
    return case.path.source.spec if _asks_for_service(case) else None


def _asks_for_service(case: Case) -> bool:
    target = case.path.target
    return target.kind is TargetKind.SERVICE and target.service is not None and bool(case.path.dns.name)


def _by_spec(case: Case) -> _Wrong | None:
    """What the pod spec makes wrong."""
    spec, dns = _spec_of_cluster_name(case), case.path.dns
    if spec is None or (spec.host_network and spec.dns_policy == _FALLS_BACK):
        return None
    resolver = dns.resolver
    if resolver.nameservers is None:
        return _wrong(case, "dnsPolicy", "has dnsPolicy Default: it asks its node's DNS servers")
    if not resolver.asks(dns.addresses | {_NODE_LOCAL}):
        servers = ", ".join(resolver.nameservers) or "no server"
        return _wrong(case, "dnsConfig.nameservers", f"asks {servers}, and the cluster's DNS is not the first of them")
    assert resolver.search is not None
    meant = service_name(case.path.target.ref, dns.domain)
    if meant not in candidates(dns.name, resolver.search, resolver.ndots or 1):
        search = ", ".join(resolver.search) or "empty"
        return _wrong(case, "dnsConfig.searches", f"has a search list ({search}) that does not lead to {meant}")
    return None


def _wrong(case: Case, path: str, what: str) -> _Wrong:
    patch: dict[str, Any] = {"dnsPolicy": "ClusterFirst", "dnsConfig": None}
    return _Wrong(source_field(case, path), what, change_source(case, "use the cluster's DNS", patch))


def _by_file(case: Case) -> _Wrong | None:
    """A file that kubelet wrote with other servers than the cluster's, whatever the pod wanted."""
    if not case.path.dns.used:
        return None
    known = case.path.dns.addresses | {_NODE_LOCAL}
    for seen in case.of(Aim.RESOLV_CONF):
        listed = [str(server) for server in seen.observed.observation.detail.get("nameservers", ())]
        if seen.ok and listed and listed[0] not in known and seen.observed.node:
            ref = ObjectRef("Node", seen.observed.node)
            what = f"gives its pods the nameservers {', '.join(listed)}, not {', '.join(sorted(known - {_NODE_LOCAL}))}"
            return _Wrong(ref, what, Fix("correct clusterDNS in the configuration of the node's kubelet"), proven=False)
    return None


def _files(case: Case) -> tuple[Evidence, ...]:
    seen: list[Seen] = [s for s in case.of(Aim.RESOLV_CONF) if s.ok][:1]
    details = [(s.id, s.observed.observation.detail) for s in seen]
    return tuple(
        Evidence(probe, f"resolv.conf: nameservers {d.get('nameservers')}, search {d.get('search')}")
        for probe, d in details
    )
