"""DNS causes: the cluster's DNS servers do not answer, or not all of them."""

from __future__ import annotations

import re
from typing import ClassVar

from netdoctor.diagnosis.case import Case, Seen
from netdoctor.diagnosis.cause import Cause, Found, RuledOut, certainty, ids, probe_evidence
from netdoctor.diagnosis.dns import (
    answers,
    asks_cluster_dns,
    cluster_questions,
    reachable_servers,
    server_pods,
    server_ref,
    server_workload,
    silent_names,
)
from netdoctor.diagnosis.kubectl import kubectl
from netdoctor.diagnosis.not_ready import summary, why_not_ready
from netdoctor.diagnosis.samples import sentence
from netdoctor.diagnosis.workloads import scaled_to_zero, why_no_pods
from netdoctor.model.report import Evidence, Finding, Fix
from netdoctor.path.backends import Backend
from netdoctor.probing.plan import Aim

_LOGGED = (
    (r"plugin/loop: Loop", "it found that its queries come back to itself (plugin/loop, coredns/coredns#2087)"),
    (r"Unauthorized|[Ff]orbidden", "the API server refuses its credentials"),
    (r"Failed to (watch|list)|dial tcp \S+:(443|6443)", "it cannot reach the API server"),
    (r"listen \S+ \S+: bind", "it cannot listen on its port"),
    (r"Corefile:\d+ - Error", "its Corefile is malformed"),
)


class DNSServerDown(Cause):
    """No DNS server of the cluster answers.

    What it means: the DNS Service has no ready endpoint, or none of its endpoints answers, whoever asks.

    Why it breaks: pods find everything by name. Without CoreDNS no name is resolved, though every address works.

    How it is seen: queries to the DNS Service and to each of its endpoints fail, while connections to addresses
    succeed.

    Trap: DNSEgressDenied: then queries fail only from pods that a policy selects. DNSUpstreamFailing: then names of
    the cluster itself are still answered.

    Fix: bring CoreDNS back: scale it up, or repair what its pods and their logs complain about.

    References: Kubernetes documentation, Debugging DNS Resolution; coredns/coredns#2087 for the forwarding loop.
    """

    code: ClassVar[str] = "DNSServerDown"
    title: ClassVar[str] = "no DNS server of the cluster answers"
    would_change: ClassVar[str] = "one DNS server that answers anybody"

    def examine(self, case: Case) -> Found | RuledOut | None:
        """Found where no DNS server is ready, or where each of them stays silent."""
        if not asks_cluster_dns(case):
            return None
        if not case.path.dns.udp:
            return self._without_servers(case)
        servers = reachable_servers(case)
        if not servers:
            return self.ruled_out("policies keep the source from the DNS servers")
        asked = [cluster_questions(case, server) for server in servers]
        if not all(asked):
            return None
        alive = sum(map(answers, asked))
        if alive:
            return self.ruled_out(f"{alive} of {len(servers)} DNS servers answer")
        return self._found(case, [s for questions in asked for s in questions], "none of them answers", proven=False)

    def _without_servers(self, case: Case) -> Found | RuledOut | None:
        service = case.path.dns.service
        assert service is not None
        if not case.snapshot.was_read("EndpointSlice", service.namespace):
            return None
        if not (case.snapshot.slices_of(service) or server_workload(case)):
            return None  # saved objects that do not hold the cluster's DNS at all
        if any(s.ok for s in case.of(Aim.DNS_VIP, Aim.NAME)):
            return self.ruled_out(f"{service.ref} answers although no endpoint is listed")
        asked = [s for s in case.of(Aim.DNS_VIP, Aim.NAME) if s.tried]
        return self._found(case, asked, f"{service.ref} has no ready endpoint", proven=True)

    def _found(self, case: Case, asked: list[Seen], what: str, *, proven: bool) -> Found:
        because, path, fix = _why_down(case)
        ref = server_ref(case).at(path)
        finding = Finding(
            code=self.code,
            title=f"no DNS server answers: {because or what}",
            certainty=certainty(asked, configured=proven),
            objects=(ref,),
            explanation=(
                f"Pods ask {ref.object} for every name, and {what}{f': {because}' if because else ''}. "
                "No name is resolved, the cluster's own or others; connections to addresses are not affected."
            ),
            evidence=(Evidence(str(ref), because or what), *probe_evidence(asked)),
            fixes=(fix, Fix("Read what the DNS servers say", kubectl("logs", ref.object, "--tail=20"))),
        )
        return Found(finding, ids(silent_names(case)), proven=proven)


def _why_down(case: Case) -> tuple[str, str, Fix]:
    """(reason or empty, field of the workload that decides, what to do)."""
    workload, pods = server_workload(case), server_pods(case)
    ref = server_ref(case)
    if workload is not None and scaled_to_zero(workload):
        return f"{ref} is scaled to 0", "spec.replicas", Fix("Scale it up", kubectl("scale", ref, "--replicas=2"))
    restart = Fix("Look at its state and events", kubectl("describe", ref))
    logged = next((why for pod in pods if (why := _logged(case.logs.get(pod.ref, "")))), "")
    if logged:
        return f"{ref} runs, but {logged}", "", restart
    if broken := [pod for pod in pods if not pod.ready]:
        reasons = [why_not_ready(case.snapshot, pod) for pod in broken]
        return summary(reasons), "", reasons[0].fix
    return (why_no_pods(case.snapshot, workload) if workload is not None and not pods else None) or "", "", restart


def _logged(text: str) -> str:
    return next((reason for pattern, reason in _LOGGED if re.search(pattern, text)), "")


class DNSServerPartiallyDown(Cause):
    """Some of the cluster's DNS servers do not answer.

    What it means: of the ready endpoints of the DNS Service at least one answers, and at least one does not, wherever
    it is asked from.

    Why it breaks: kube-proxy spreads queries over all ready endpoints. A lookup that meets the broken one waits for
    its timeout (5 s by default) before it is asked again, or fails.

    How it is seen: a share of the lookups, one in N for N servers, is slow or fails; the report counts them. Each
    server asked directly shows which.

    Trap: one that is not Ready gets no queries, so that it breaks nothing. One that only some nodes cannot reach is a
    fault of the network between them.

    Fix: restart the pod that does not answer, and look at its node if it comes back broken there.

    References: Kubernetes documentation, Debugging DNS Resolution.
    """

    code: ClassVar[str] = "DNSServerPartiallyDown"
    title: ClassVar[str] = "some DNS servers of the cluster do not answer"
    would_change: ClassVar[str] = (
        "an answer to anybody of the server that is named, or a second look at which all of them answer"
    )

    def examine(self, case: Case) -> Found | RuledOut | None:
        """Found where one server answers somebody, and another nobody."""
        if not asks_cluster_dns(case):
            return None
        asked = {
            server: questions for server in reachable_servers(case) if (questions := cluster_questions(case, server))
        }
        dead = [server for server, questions in asked.items() if not answers(questions)]
        if dead and len(dead) < len(asked):
            return self._found(case, dead, len(asked), [s for server in dead for s in asked[server]])
        if asked and not dead:
            return self.ruled_out(f"{len(asked)} of {len(asked)} DNS servers answer")
        return None

    def _found(self, case: Case, dead: list[Backend], total: int, asked: list[Seen]) -> Found:
        named = ", ".join(f"{server.label} on {server.node or 'an unknown node'}" for server in dead)
        pods = [server.pod.ref for server in dead if server.pod is not None]
        sampled = sentence((s.observed for s in case.of(Aim.DNS_SINGLES)), "the DNS Service")
        working = [s for s in case.of(Aim.DNS_SERVER, Aim.CLUSTER_NAME, transport="udp") if s.ok]
        finding = Finding(
            code=self.code,
            title=f"{len(dead)} of {total} DNS servers do not answer: {named}",
            certainty=certainty(asked, configured=False),
            objects=(server_ref(case), *pods),
            explanation=(
                f"{named} is Ready and listed as an endpoint of the DNS Service, and answers nobody, while the others "
                f"do. kube-proxy sends {len(dead)} in {total} queries there; they wait for their timeout (5 s by "
                f"default) and are asked again, so that lookups are slow or fail. {sampled}"
            ).strip(),
            evidence=(*probe_evidence(asked), *probe_evidence(working, limit=1)),
            fixes=tuple(Fix("Replace the pod that does not answer", kubectl("delete", pod)) for pod in pods),
        )
        explained = [s for s in silent_names(case) if s.aimed.aim is not Aim.DNS_SERVER or s.aimed.backend in dead]
        return Found(finding, ids(explained), proven=False)
