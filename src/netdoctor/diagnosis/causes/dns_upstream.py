"""DNS causes: the servers that the cluster's DNS servers ask in turn."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from netdoctor.cluster.objects import ConfigMap, Object
from netdoctor.diagnosis.case import Case, Seen
from netdoctor.diagnosis.cause import Cause, Found, RuledOut, certainty, ids, probe_evidence
from netdoctor.diagnosis.dns import (
    answers,
    asks_cluster_dns,
    cluster_questions,
    outside,
    reachable_servers,
    server_ref,
    silent_names,
)
from netdoctor.diagnosis.kubectl import kubectl
from netdoctor.model.refs import ObjectRef
from netdoctor.model.report import Evidence, Finding, Fix
from netdoctor.probing.plan import Aim


class DNSUpstreamFailing(Cause):
    """The cluster's DNS servers cannot resolve names of the world outside.

    What it means: the DNS servers answer for the cluster's own names, and have no answer for others.

    Why it breaks: CoreDNS forwards names outside the cluster's domain to upstream servers, by default those in its
    node's /etc/resolv.conf. Where these do not answer, it says SERVFAIL, or nothing before the client gives up.

    How it is seen: lookups of outside names end with SERVFAIL or time out; names of Services are fine.

    Trap: a cluster that is meant to have no way out (air-gapped) fails so too, and nothing is broken there. An
    answer that there is no such name comes from a working upstream.

    Fix: correct the servers after `forward` in the Corefile, or the resolv.conf of the nodes.

    References: CoreDNS plugin forward; Kubernetes documentation, Customizing DNS Service.
    """

    code: ClassVar[str] = "DNSUpstreamFailing"
    title: ClassVar[str] = "the DNS servers cannot resolve names outside the cluster"
    would_change: ClassVar[str] = "an address for an outside name, or a cluster's own name that is not answered either"

    def examine(self, case: Case) -> Found | RuledOut | None:
        """Found where servers that know the cluster's names have no answer for an outside one."""
        if not asks_cluster_dns(case) or not outside(case):
            return None
        alive = [server for server in reachable_servers(case) if answers(cluster_questions(case, server))]
        asked = [s for server in alive for s in case.of(Aim.DNS_SERVER, backend=server, transport="udp") if s.tried]
        if not asked:
            return None
        if answers(tuple(asked)):
            return self.ruled_out(f"the DNS servers have an answer for {case.path.dns.name}: {asked[0].outcome}")
        return self._found(case, asked)

    def _found(self, case: Case, asked: list[Seen]) -> Found:
        name = case.path.dns.name
        config = case.snapshot.get("ConfigMap", "kube-system", "coredns")
        forwards = list(_forwards(config.data.get("Corefile", ""))) if isinstance(config, ConfigMap) else []
        ref = ObjectRef("ConfigMap", "coredns", "kube-system", "data.Corefile") if forwards else server_ref(case)
        where = f"The Corefile forwards them with `{'`, `'.join(forwards)}`. " if forwards else ""
        controls = [s for s in case.of(Aim.CLUSTER_NAME) if s.ok]
        finding = Finding(
            code=self.code,
            title=f"the DNS servers have no answer for {name}, while they know the cluster's own names",
            certainty=certainty(asked, configured=False),
            objects=(ref,),
            explanation=(
                f"Each DNS server answers for a Service of the cluster, and none has an answer for {name} "
                f"({asked[0].outcome}): the servers that they ask in turn do not answer them. {where}"
                "If this cluster is meant to have no way out (air-gapped), this is no fault: then the name cannot "
                "be used here."
            ),
            evidence=(
                *(Evidence(str(ref), line) for line in forwards),
                *probe_evidence(asked),
                *probe_evidence(controls, limit=1),
            ),
            fixes=(
                _corrected(config),
                Fix("Read what the DNS servers say", kubectl("logs", server_ref(case), "--tail=20")),
            ),
        )
        return Found(finding, ids(silent_names(case)), proven=False)


def _corrected(config: Object | None) -> Fix:
    """No command where the ConfigMap was not read: the Corefile of a managed cluster may be elsewhere."""
    command = kubectl("edit", config.ref) if config is not None else ""
    return Fix("Correct the servers after `forward` in the Corefile", command)


def _forwards(corefile: str) -> Iterator[str]:
    for line in corefile.splitlines():
        words = line.partition("#")[0].rstrip(" {").split()
        if words[:1] == ["forward"]:
            yield " ".join(words)
