"""The cluster's DNS servers in a case: which of them answer, what runs them, who asks for what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from netdoctor.cluster.objects import Pod, Workload
from netdoctor.diagnosis.case import Case, Seen
from netdoctor.model.probe import Outcome, Role
from netdoctor.model.refs import ObjectRef
from netdoctor.path.backends import Backend
from netdoctor.path.intended import selected_workloads
from netdoctor.path.target import TargetKind
from netdoctor.probing.plan import BY_NAME, Aim

_ANSWERS = (Outcome.OK, Outcome.UNRESOLVABLE, Outcome.TRUNCATED)


def asks_cluster_dns(case: Case) -> bool:
    """Whether a name has to be resolved on the way, by the cluster's own DNS servers."""
    dns = case.path.dns
    return bool(dns.name) and dns.used and dns.service is not None


def outside(case: Case) -> bool:
    """Whether the name is none of the cluster's own: the DNS servers have to ask elsewhere."""
    target = case.path.target
    alias = target.service is not None and case.backing is None
    return target.kind is TargetKind.HOST or alias


def reachable_servers(case: Case) -> tuple[Backend, ...]:
    """The ready DNS servers that no policy keeps the source from."""
    return tuple(b for b in case.path.dns.udp if not case.expectation.denied(b, "UDP"))


def cluster_questions(case: Case, server: Backend) -> tuple[Seen, ...]:
    """What one DNS server was asked over UDP, by anybody, for a name that it has to know itself."""
    aim = Aim.CLUSTER_NAME if outside(case) else Aim.DNS_SERVER
    asked = [s for r in (Role.SOURCE, Role.NEUTRAL) for s in case.of(aim, backend=server, role=r, transport="udp")]
    return tuple(s for s in asked if s.tried)


def answers(questions: tuple[Seen, ...]) -> bool:
    """Whether any of them was answered; that there is no such name is an answer too."""
    return any(s.outcome in _ANSWERS for s in questions)


def silent_names(case: Case) -> tuple[Seen, ...]:
    """Failed probes by name to which no server had an answer."""
    return tuple(s for s in case.failed if s.aimed.aim in BY_NAME and s.outcome is not Outcome.UNRESOLVABLE)


def failed_names(case: Case) -> tuple[Seen, ...]:
    """Failed probes by name that went through the source's own resolv.conf."""
    return tuple(s for s in case.failed if s.aimed.aim in (Aim.NAME, Aim.HOST, Aim.URL))


def questions(lookup: Seen) -> Sequence[Mapping[str, Any]]:
    """What a lookup asked, in this order: {name, qtype, server, transport, outcome, seconds} of each question."""
    asked: Sequence[Mapping[str, Any]] = lookup.observed.observation.detail.get("queries", ())
    return asked


def server_workload(case: Case) -> Workload | None:
    """What runs the DNS servers, usually Deployment kube-system/coredns."""
    service = case.path.dns.service
    workloads = selected_workloads(case.snapshot, service) if service else ()
    return workloads[0] if workloads else None


def server_pods(case: Case) -> tuple[Pod, ...]:
    """The pods of the DNS Service that have not finished."""
    service = case.path.dns.service
    pods = case.snapshot.pods_selected(service.namespace, service.spec.selector) if service else ()
    return tuple(pod for pod in pods if not pod.finished)


def server_ref(case: Case) -> ObjectRef:
    """What is to be repaired where the DNS servers fail: their workload, else the DNS Service."""
    workload, service = server_workload(case), case.path.dns.service
    if workload is not None:
        return workload.ref
    return service.ref if service else ObjectRef("Service", "kube-dns", "kube-system")
