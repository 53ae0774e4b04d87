"""Causes in a node's connection tracking: entries that outlive what they lead to, and queries that race for one."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from netdoctor.cluster.objects import DaemonSet, Deployment, PodDNSConfig, StatefulSet
from netdoctor.diagnosis.case import Case, Seen
from netdoctor.diagnosis.cause import Cause, Found, RuledOut, certainty, ids, probe_evidence
from netdoctor.diagnosis.dns import server_ref
from netdoctor.diagnosis.kubectl import kubectl, merge_patch
from netdoctor.diagnosis.samples import LOSS, failures, together
from netdoctor.model.chance import Rate
from netdoctor.model.probe import Outcome
from netdoctor.model.refs import ObjectRef
from netdoctor.model.report import Certainty, Evidence, Finding, Fix
from netdoctor.path.path import Route
from netdoctor.path.source import SourceKind
from netdoctor.probing.aims import Aim

_SINGLE_REQUEST = {"name": "single-request-reopen"}


class StaleConntrack(Cause):
    """A UDP flow is still sent to an endpoint that is gone.

    What it means: datagrams from one source port to the Service are not answered, those from any other port are.

    Why it breaks: the kernel remembers where it sends a UDP flow (source and destination, addresses and ports). As
    long as the client goes on sending from the same port, the memory does not expire, even if the endpoint that it
    leads to is gone, or if there was none when the flow began. kube-proxy is to delete such entries.

    How it is seen: by contrast: with `--source-port PORT` datagrams are sent from the client's port and from new ones,
    repeatedly, and counted. That has to be done at the client's own address: with `--attach`, or `--from node/NAME` for
    clients in a node's network.

    Trap: a server that answers nobody, or not such datagrams, is silent to every port. A stand-in pod has another
    address, for which no entry can be stale.

    Fix: delete the entry on the client's node (`conntrack -D`), or let the client open a new socket.

    References: kubernetes/kubernetes#125467; Kubernetes documentation, Virtual IPs and Service Proxies; conntrack(8).
    """

    code: ClassVar[str] = "StaleConntrack"
    title: ClassVar[str] = "a UDP flow is still sent to an endpoint that is gone"
    would_change: ClassVar[str] = "an answer to the same source port, or none to new ones either"
    tier: ClassVar[int] = 2

    def examine(self, case: Case) -> Found | RuledOut | None:
        """Found where one port gets no answer, and new ports get all or nearly all."""
        for route in case.path.routes:
            fixed = [s for s in case.of(Aim.FIXED_PORT, route=route) if s.tried]
            fixed_rate, new_rate = _rate(fixed), _rate([*case.of(Aim.VIP_SAMPLE, route=route)])
            if fixed_rate is None or new_rate is None:
                continue
            port = fixed[0].observed.probe.source_port
            if fixed_rate.count < fixed_rate.of:
                return self.ruled_out(fixed_rate.said(f"datagrams from source port {port} got no answer"))
            if LOSS.is_fault(new_rate):
                return self.ruled_out(new_rate.said("datagrams from new source ports got no answer either"))
            return self._found(case, route, fixed, fixed_rate, new_rate)
        return None

    def _found(self, case: Case, route: Route, fixed: list[Seen], old: Rate, new: Rate) -> Found:
        service = case.backing
        assert service is not None
        port, vip = fixed[0].observed.probe.source_port, fixed[0].observed.probe.host
        node = ObjectRef("Node", fixed[0].observed.node or "")
        own = fixed[0].observed.position.attach_to is not None or case.path.source.kind is SourceKind.NODE
        address = next((ip for pod in case.path.source.pods for ip in pod.ips[:1]), "")
        finding = Finding(
            code=self.code,
            title=f"what is sent to {service.ref} from source port {port} is not answered, from new ports it is",
            certainty=certainty(fixed, configured=False) if own else Certainty.POSSIBLE,
            objects=(node,),
            explanation=(
                f"{old.said(f'datagrams to {vip}:{route.port} from source port {port} got no answer')}; "
                f"{new.said('datagrams from new ports got no answer')}. {node} still has an entry "
                "for this flow that leads to an endpoint that is gone, and keeps it while the client uses this port."
            ),
            evidence=(*probe_evidence(fixed), *probe_evidence(case.of(Aim.VIP_SAMPLE, route=route), limit=1)),
            fixes=(Fix(f"delete the entry on {node.name}", _deletion(node, address, port, vip)),),
        )
        return Found(finding, ids(s for s in fixed if s in case.failed), proven=False)


def _deletion(node: ObjectRef, source: str, port: int, vip: str) -> str:
    flow = ["-p", "udp", "--orig-port-src", str(port), "--orig-dst", vip, *(["--orig-src", source] if source else [])]
    tool = ["--profile=sysadmin", "--image=nicolaka/netshoot", "--", "conntrack", "-D"]
    return kubectl("debug", node, "-it", *tool, *flow)


class DNSConntrackRace(Cause):
    """Of two DNS queries that are sent at once, one gets lost.

    What it means: resolvers such as glibc's send the questions for A and AAAA at once from one socket. A share of these
    pairs loses one of the two; queries that are sent one by one are answered.

    Why it breaks: both packets ask for the same new entry in the kernel's connection tracking. If they race, one of
    them finds the entry taken, and is dropped. The resolver waits 5 s before it asks again.

    How it is seen: pairs and single queries are repeated alike. Exactly one of a pair is lost, at a rate whose bounds
    exclude what is normal, and of the single queries none, or not so many. The report has both numbers.

    Trap: DNS servers or nodes that are overloaded lose single queries as well, and both of a pair. Over TCP, or with
    the resolver option single-request-reopen, nothing races. The race is rare (often below 1 %): with few tries nothing
    is proven by none, which the bound says; `--samples 200` tells more.

    Fix: let the resolver ask one by one (`single-request-reopen` in dnsConfig.options; musl does not know it), or run
    NodeLocal DNSCache, which pods reach without translation.

    References: kubernetes/kubernetes#56903; resolv.conf(5), single-request-reopen; NodeLocal DNSCache.
    """

    code: ClassVar[str] = "DNSConntrackRace"
    title: ClassVar[str] = "of two DNS queries sent at once, one gets lost"
    would_change: ClassVar[str] = "as many losses among queries that are sent alone as among those in pairs"
    tier: ClassVar[int] = 2
    yields_to: ClassVar[tuple[str, ...]] = ("DNSServerPartiallyDown", "PacketLoss")

    def examine(self, case: Case) -> Found | RuledOut | None:
        """Found where pairs lose one half, and single queries pass."""
        pairs = [s for s in case.of(Aim.DNS_PAIRS) if s.tried and failures(s.observed)]
        singles = [s for s in case.of(Aim.DNS_SINGLES) if s.tried]
        rate, alone = _rate(pairs), _rate(singles)
        if rate is None or alone is None:
            return None
        halves, lost = Rate(_halves(pairs), rate.of), "pairs of DNS queries lost one of the two"
        if not LOSS.is_fault(halves):
            return self.ruled_out(halves.said(lost))
        if halves.count <= rate.count / 2:
            return self.ruled_out(f"{halves.said(lost)}, and {rate.count - halves.count} lost both")
        if LOSS.is_fault(alone) or _bounds_meet(halves, alone):
            return self.ruled_out(f"{halves.said(lost)}, and {alone.said('single queries got no answer')}")
        return self._found(case, pairs, singles, halves, alone)

    def _found(self, case: Case, pairs: list[Seen], singles: list[Seen], halves: Rate, alone: Rate) -> Found:
        nodes = sorted({s.observed.node for s in pairs if s.observed.node and not s.ok})
        told = halves.said("pairs of DNS queries lost one of the two")
        finding = Finding(
            code=self.code,
            title=told,
            certainty=certainty(pairs, configured=False),
            objects=tuple(ObjectRef("Node", node) for node in nodes),
            explanation=(
                f"Of A and AAAA, asked at once from one socket as glibc asks them, one got no answer: {told}. Asked "
                f"one by one, {alone.said('queries got no answer')}. Each loss costs a lookup 5 s, unless "
                "resolv.conf says otherwise. Both packets race for one entry of connection tracking."
            ),
            evidence=(
                *probe_evidence([s for s in pairs if not s.ok] or pairs),
                *probe_evidence(singles, limit=1),
                Evidence(str(server_ref(case)), f"answers {alone.of - alone.count} of {alone.of} single queries"),
            ),
            fixes=_one_by_one(case),
        )
        return Found(finding, ids(s for s in pairs if s in case.failed), proven=False)


def _one_by_one(case: Case) -> tuple[Fix, ...]:
    """The option beside those that the workload's template has; what else dnsConfig says stays."""
    workload = case.snapshot.find(case.path.source.ref)
    if not isinstance(workload, Deployment | StatefulSet | DaemonSet):
        return ()
    given = workload.spec.template.spec.dns_config or PodDNSConfig()
    options = [*(msgspec.to_builtins(one) for one in given.options), _SINGLE_REQUEST]
    patch = {"spec": {"template": {"spec": {"dnsConfig": {"options": options}}}}}
    return (merge_patch("let its resolver ask one by one", workload.ref, patch),)


def _halves(pairs: list[Seen]) -> int:
    """Pairs of which exactly one was not answered, and that in silence."""
    lost = [s.observed.observation.detail.get("lost", {}) for s in pairs if s.outcome in (Outcome.TIMEOUT, Outcome.OK)]
    return sum(int(count) for one in lost for record, count in one.items() if record in ("A", "AAAA"))


def _bounds_meet(more: Rate, less: Rate) -> bool:
    """Whether both may well have the same true rate, as far as these tries tell."""
    return less.count > 0 and less.bounds()[1] >= more.bounds()[0]


def _rate(samples: list[Seen]) -> Rate | None:
    return together(rate for s in samples if (rate := failures(s.observed)))
