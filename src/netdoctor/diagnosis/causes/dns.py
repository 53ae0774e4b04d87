"""DNS causes on the servers' side: who answers, and what is asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from netdoctor.cluster.objects import Deployment, Service, Workload
from netdoctor.diagnosis.case import Case, Reach, Seen, reach
from netdoctor.diagnosis.cause import Cause, Found, RuledOut, certainty, ids, probe_evidence
from netdoctor.diagnosis.denials import enforced_denials
from netdoctor.model.probe import Outcome
from netdoctor.model.refs import ObjectRef
from netdoctor.model.report import Evidence, Finding, Fix
from netdoctor.path.backends import Backend
from netdoctor.path.target import TargetKind
from netdoctor.probing.plan import BY_NAME, Aim

_SILENT = (Outcome.TIMEOUT, Outcome.REFUSED, Outcome.REJECTED)


class WrongNamespaceInName(Cause):
    """The name means a Service of another namespace.

    What it means: no Service of this name is in the namespace where it is looked for, and the very same name is in
    another.

    Why it breaks: a short name is completed with the namespace of the pod that asks. A Service of another namespace
    needs that namespace in its name.

    How it is seen: NXDOMAIN for the short name; the name with the right namespace resolves.

    Trap: ServiceNotFound, where no namespace has the name.

    Fix: ask for NAME.NAMESPACE.

    References: Kubernetes documentation, DNS for Services and Pods, "Namespaces of Services".
    """

    code: ClassVar[str] = "WrongNamespaceInName"
    title: ClassVar[str] = "the Service is in another namespace than its name says"

    def examine(self, case: Case) -> Found | RuledOut | None:
        """Decided by the Services alone."""
        target = case.path.target
        if target.kind is not TargetKind.SERVICE or target.service is not None:
            return None
        if not case.snapshot.was_read("Service", target.ref.namespace):
            return None
        elsewhere = [s for s in case.snapshot.services if s.name == target.ref.name]
        if not elsewhere:
            return self.ruled_out(f"no namespace has a Service {target.ref.name}")
        failed = [s for s in case.failed if s.aimed.aim in BY_NAME]
        names = ", ".join(f"{s.name}.{s.namespace}" for s in elsewhere)
        finding = Finding(
            code=self.code,
            title=f"Service {target.ref.name} is in namespace {elsewhere[0].namespace}, not {target.ref.namespace}",
            certainty=certainty(failed),
            objects=tuple(service.ref for service in elsewhere),
            explanation=(
                f"Namespace {target.ref.namespace} has no Service {target.ref.name}, but {names} exists. A short name "
                f"is completed with the namespace of the pod that asks ({case.path.source.namespace})."
            ),
            evidence=(Evidence(str(elsewhere[0].ref), "exists"), *probe_evidence(failed)),
            fixes=(Fix(f"Use the name {elsewhere[0].name}.{elsewhere[0].namespace}"),),
        )
        return Found(finding, ids(failed))


class DNSServerDown(Cause):
    """No DNS server of the cluster answers.

    What it means: the DNS Service has no ready endpoint, or none of its endpoints answers.

    Why it breaks: without DNS no name resolves in any pod that uses the cluster's DNS, whatever else works.

    How it is seen: the DNS Service and every DNS server are silent or refuse, from every position.

    Trap: DNSEgressDenied: then the servers are well and answer other pods.

    Fix: bring the DNS Deployment back; its pods' events and first log lines name the reason.

    References: Kubernetes documentation, Debugging DNS Resolution; coredns/coredns#2087.
    """

    code: ClassVar[str] = "DNSServerDown"
    title: ClassVar[str] = "no DNS server of the cluster answers"

    def examine(self, case: Case) -> Found | RuledOut | None:
        """From the endpoints, else from probes that no policy explains."""
        dns = case.path.dns
        service = dns.service
        if service is None or not (dns.used and dns.name):
            return None
        silent = [s for s in case.failed if s.aimed.aim in BY_NAME and s.outcome in _SILENT]
        if not dns.udp:
            if not case.snapshot.was_read("EndpointSlice", service.namespace):
                return None
            return self._found(case, service, silent, proven=True)
        asked = case.of(Aim.DNS_SERVER, transport="udp")
        if any(d.route is None for d in enforced_denials(case)):
            return None
        if asked and all(s.outcome in _SILENT for s in asked if s.tried) and reach(asked) is Reach.NONE:
            return self._found(case, service, silent, proven=False)
        ready = f"{len(dns.udp)} DNS servers are ready"
        return self.ruled_out(ready + (" and answer" if any(s.ok for s in asked) else ""))

    def _found(self, case: Case, service: Service, silent: Sequence[Seen], *, proven: bool) -> Found:
        workloads = dns_workloads(case, service)
        why = _why_down(case, workloads, proven=proven)
        objects = tuple(w.ref for w in workloads) or (service.ref,)
        finding = Finding(
            code=self.code,
            title=f"{objects[0]} serves no DNS: {why}",
            certainty=certainty(silent, configured=proven),
            objects=objects,
            explanation=(
                f"Service {service.namespace}/{service.name} is the cluster's DNS, and {why}. So no name resolves in "
                f"pods that use it, {case.path.dns.name} among them."
            ),
            evidence=(Evidence(str(service.ref), f"{len(case.path.dns.udp)} ready endpoints"), *probe_evidence(silent)),
            fixes=tuple(_repairs(workloads)),
        )
        return Found(finding, ids(silent), proven=proven)


class DNSServerPartiallyDown(Cause):
    """Some of the cluster's DNS servers do not answer.

    What it means: of the ready endpoints of the DNS Service some answer and others are silent.

    Why it breaks: kube-proxy spreads queries over all endpoints, so a part of them waits for the resolver's timeout.

    How it is seen: each DNS server asked directly; the same ones fail from every position.

    Trap: DNSServerDown, where all fail; a policy that admits some of the DNS pods only.

    Fix: delete the silent pod, or repair its node's network.

    References: Kubernetes documentation, Debugging DNS Resolution.
    """

    code: ClassVar[str] = "DNSServerPartiallyDown"
    title: ClassVar[str] = "some DNS servers of the cluster do not answer"

    def examine(self, case: Case) -> Found | RuledOut | None:
        """From direct probes of each server."""
        dns = case.path.dns
        if not (dns.used and dns.name):
            return None
        by_server = {b: case.of(Aim.DNS_SERVER, backend=b, transport="udp") for b in dns.udp}
        denied = {d.backend for d in enforced_denials(case) if d.route is None}
        down = [b for b, seen in by_server.items() if _down(seen) and b not in denied]
        answering = [b for b, seen in by_server.items() if any(s.ok for s in seen)]
        if not answering:
            return None
        if not down:
            return self.ruled_out(f"{len(answering)} of {len(dns.udp)} DNS servers answer")
        failed = [s for b in down for s in by_server[b]]
        by_name = [s for s in case.failed if s.aimed.aim in BY_NAME and s.outcome in _SILENT]
        finding = Finding(
            code=self.code,
            title=f"{len(down)} of {len(dns.udp)} DNS servers do not answer: {', '.join(b.label for b in down)}",
            certainty=certainty(failed, configured=False),
            objects=tuple(_refs(down)),
            explanation=(
                f"{', '.join(b.label for b in down)} is silent while {', '.join(b.label for b in answering)} answers. "
                f"About {len(down)} of {len(dns.udp)} queries wait for the resolver's timeout before they are repeated."
            ),
            evidence=probe_evidence([*failed, *(s for b in answering for s in by_server[b])], limit=4),
            fixes=tuple(_replace(b) for b in down if b.pod is not None),
        )
        return Found(finding, ids([*failed, *by_name]), proven=False)


class DNSUpstreamFailing(Cause):
    """The cluster's DNS cannot resolve names outside the cluster.

    What it means: the DNS servers answer, but with an error for an outside name: what they forward to fails.

    Why it breaks: CoreDNS passes outside names to the servers in its `forward` line, usually those of its node's
    /etc/resolv.conf.

    How it is seen: SERVFAIL for the outside name from every DNS server.

    Trap: a cluster without a way out is not at fault; then outside names cannot be expected to resolve.

    Fix: correct `forward` in the Corefile, or the node's resolver.

    References: CoreDNS documentation, plugin forward.
    """

    code: ClassVar[str] = "DNSUpstreamFailing"
    title: ClassVar[str] = "the cluster's DNS cannot resolve outside names"

    def examine(self, case: Case) -> Found | RuledOut | None:
        """Only where the name asked for is an outside one."""
        service = case.service
        outside = case.path.target.kind is TargetKind.HOST or (service is not None and _leads_outside(case, service))
        if not outside:
            return None
        failing = [s for s in case.of(Aim.DNS_SERVER, transport="udp") if s.outcome is Outcome.SERVFAIL]
        if not failing:
            return self.ruled_out("no DNS server answers with an error") if case.observed else None
        explained = [s for s in case.failed if s.aimed.aim in BY_NAME and s.outcome is not Outcome.REFUSED]
        corefile = ObjectRef("ConfigMap", "coredns", "kube-system", "data.Corefile")
        finding = Finding(
            code=self.code,
            title=f"the cluster's DNS servers answer with an error for {case.path.dns.name}",
            certainty=certainty(failing, configured=False),
            objects=(corefile,),
            explanation=(
                "The DNS servers are reached and answer SERVFAIL: what they forward outside names to does not answer "
                "them. In a cluster that has no way out on purpose this is to be expected."
            ),
            evidence=probe_evidence(failing),
            fixes=(Fix("Check `forward` in the Corefile", "kubectl get configmap coredns -n kube-system -o yaml"),),
        )
        return Found(finding, ids(explained), proven=False)


def dns_workloads(case: Case, service: Service) -> tuple[Workload, ...]:
    """The workloads that run the cluster's DNS servers."""
    return tuple(
        w
        for w in case.snapshot.workloads
        if w.namespace == service.namespace
        and service.spec.selector
        and service.spec.selector.items() <= w.spec.template.labels.items()
    )


def _leads_outside(case: Case, service: Service) -> bool:
    return service.spec.type == "ExternalName" and case.backing is None


def _down(seen: Sequence[Seen]) -> bool:
    tried = [s for s in seen if s.tried]
    return bool(tried) and all(s.outcome in _SILENT for s in tried)


def _why_down(case: Case, workloads: Sequence[Workload], *, proven: bool) -> str:
    if not proven:
        return "none of its ready endpoints answers"
    if workloads and all(w.spec.replicas == 0 for w in workloads):
        return "its Deployment is scaled to 0"
    reasons = sorted(
        {
            str((status.state.waiting or {}).get("reason") or "not ready")
            for w in workloads
            for pod in case.snapshot.pods_of(w)
            for status in pod.status.container_statuses
            if not status.ready
        }
    )
    return f"it has no ready endpoint ({', '.join(reasons) or 'no pod runs'})"


def _repairs(workloads: Sequence[Workload]) -> list[Fix]:
    fixes = []
    for w in workloads:
        kind = type(w).__name__.lower()
        if isinstance(w, Deployment) and w.spec.replicas == 0:
            command = f"kubectl scale {kind} {w.name} -n {w.namespace} --replicas=2"
            fixes.append(Fix("Run the DNS servers again", command))
        else:
            fixes.append(
                Fix("See why the DNS servers do not run", f"kubectl describe {kind} {w.name} -n {w.namespace}")
            )
    return fixes


def _refs(down: Sequence[Backend]) -> list[ObjectRef]:
    return [b.pod.ref if b.pod else ObjectRef("Address", b.address) for b in down]


def _replace(backend: Backend) -> Fix:
    assert backend.pod is not None
    return Fix("Let its Deployment replace it", f"kubectl delete pod {backend.pod.name} -n {backend.pod.namespace}")
