"""Causes between a client outside the cluster and a Service's load balancer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from netdoctor.cluster.addresses import parse_address, parse_networks
from netdoctor.cluster.objects import Service
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.diagnosis.case import Case, Seen
from netdoctor.diagnosis.cause import Cause, Found, RuledOut, certainty, ids, probe_evidence
from netdoctor.diagnosis.kubectl import json_patch, kubectl, merge_patch
from netdoctor.model.probe import Outcome
from netdoctor.model.report import Certainty, Evidence, Finding, Fix
from netdoctor.path.source import SourceKind
from netdoctor.probing.plan import Aim

# Workloads that give Services of this type their addresses, by a part of the name.
_CONTROLLERS = ("cloud-controller-manager", "metallb", "kube-vip", "svclb", "servicelb", "purelb", "openelb")


class LoadBalancerPending(Cause):
    """The Service waits for a load balancer, and nothing has given it an address.

    What it means: spec.type is LoadBalancer, and status.loadBalancer has neither an address nor a name.

    Why it breaks: Kubernetes itself makes no load balancers. A controller does it: the cloud provider's, MetalLB,
    kube-vip, k3s' ServiceLB. Where there is none, or it fails, the Service works by ClusterIP and NodePort only.

    How it is seen: in the Service's status; Events of the Service say what the controller could not do.

    Trap: on a cluster without such a controller (kind, plain kubeadm) this is normal, and will stay so: the finding
    says whether one is among the workloads. Manifests that nobody has applied yet have no status at all.

    Fix: read the Service's events; install a controller, or use type: NodePort or an Ingress.

    References: Kubernetes documentation, Service, "type: LoadBalancer"; KEP-1959 (loadBalancerClass).
    """

    code: ClassVar[str] = "LoadBalancerPending"
    title: ClassVar[str] = "the Service waits for a load balancer's address"
    would_change: ClassVar[str] = "an address or a host name in status.loadBalancer.ingress"

    def examine(self, case: Case) -> Found | RuledOut | None:
        """Found where the cluster has stored the Service, and it has no address."""
        service = case.path.target.service
        if service is None or service.spec.type != "LoadBalancer":
            return None
        given = [one.ip or one.hostname for one in service.status.load_balancer.ingress if one.ip or one.hostname]
        if given:
            return self.ruled_out(f"it has {', '.join(given)}")
        return self._found(case, service) if service.vips else None  # else nobody has applied it yet

    def _found(self, case: Case, service: Service) -> Found:
        field = service.ref.at("status.loadBalancer")
        events = [event for event in case.snapshot.events_of(service.ref) if event.type == "Warning"]
        wanted = service.spec.load_balancer_class
        finding = Finding(
            code=self.code,
            title=f"{service.ref} waits for a load balancer, and has no address",
            certainty=Certainty.CERTAIN,
            objects=(field,),
            explanation=(
                f"{service.ref} is of type LoadBalancer, and no controller has given it an address: clients outside "
                f"the cluster have none to use. {_whose(case.snapshot, wanted)} By ClusterIP and NodePort the Service "
                "works without it."
            ),
            evidence=(
                Evidence(str(field), "has no address"),
                *(Evidence(str(event.ref), f"{event.reason}: {event.message}") for event in events[:2]),
            ),
            fixes=(
                Fix("read what its controller says", kubectl("describe", service.ref)),
                merge_patch("do without a load balancer", service.ref, {"spec": {"type": "NodePort"}}),
            ),
        )
        return Found(finding)


def _whose(snapshot: Snapshot, wanted: str) -> str:
    """Whose work it would be."""
    if wanted:
        return f"Only a controller for spec.loadBalancerClass {wanted} will act on it."
    names = (*(w.ref for w in snapshot.workloads), *(pod.ref for pod in snapshot.pods))
    found = next((ref for ref in names if any(part in f"{ref.namespace}/{ref.name}" for part in _CONTROLLERS)), None)
    if found is not None:
        return f"{found} is there for it: its log, and the Service's events, say what keeps it."
    return (
        "No load balancer controller is among the cluster's workloads; without one (kind, plain kubeadm) this is "
        "normal and will stay so, unless the cloud provider runs it elsewhere."
    )


class LoadBalancerSourceRangeExcludesClient(Cause):
    """The load balancer admits some networks only, and the client's address is in none of them.

    What it means: spec.loadBalancerSourceRanges is set, and does not hold the address with which this client's packets
    arrive.

    Why it breaks: the load balancer, or kube-proxy on the nodes, drops what comes to the load balancer's address from
    anywhere else.

    How it is seen: from a client outside the cluster (`--from outside`) the load balancer's address times out, and the
    client's address is in none of the ranges.

    Trap: what counts is the address after any translation on the way (a company's NAT), which the client itself cannot
    see. Pods are no clients of a load balancer: they use the ClusterIP. kube-proxy in IPVS mode filters differently.

    Fix: add the client's network to spec.loadBalancerSourceRanges.

    References: Kubernetes documentation, Service, "Specify source ranges"; kubernetes/kubernetes#109575.
    """

    code: ClassVar[str] = "LoadBalancerSourceRangeExcludesClient"
    title: ClassVar[str] = "loadBalancerSourceRanges leave this client out"
    would_change: ClassVar[str] = "an answer of the load balancer to an address outside loadBalancerSourceRanges"

    def examine(self, case: Case) -> Found | RuledOut | None:
        """Found where a client outside is not answered, and is in no range as far as it knows its own address."""
        service = case.path.target.service
        if service is None or not service.spec.load_balancer_source_ranges:
            return None
        seen = [s for s in case.of(Aim.LOAD_BALANCER) if s.tried]
        if case.path.source.kind is not SourceKind.OUTSIDE or not seen:
            return None
        if all(s.ok for s in seen):
            return self.ruled_out("the load balancer answers this client")
        silent = [s for s in seen if s.outcome in (Outcome.TIMEOUT, Outcome.REJECTED) and s in case.failed]
        client = _client(seen) or _client(case.of(Aim.NODE_PORT))
        if client and _within(client, service.spec.load_balancer_source_ranges):
            return self.ruled_out(f"{client} is in the ranges")
        return self._found(service, silent, client) if silent else None

    def _found(self, service: Service, silent: Sequence[Seen], client: str) -> Found:
        field = service.ref.at("spec.loadBalancerSourceRanges")
        ranges = ", ".join(service.spec.load_balancer_source_ranges)
        whom = client or "this client"
        known = "" if client else " Its own address is not known here."
        network = f"{client}/{128 if ':' in client else 32}"
        add = {"op": "add", "path": "/spec/loadBalancerSourceRanges/-", "value": network}
        finding = Finding(
            code=self.code,
            title=f"the load balancer of {service.ref} admits {ranges} only, and not {whom}",
            certainty=certainty(silent, configured=bool(client)),
            objects=(field,),
            explanation=(
                f"spec.loadBalancerSourceRanges of {service.ref} admits {ranges}; what {whom} sends to the load "
                f"balancer is dropped.{known} If a NAT stands between, it is the address behind it that counts."
            ),
            evidence=(Evidence(str(field), ranges), *probe_evidence(silent)),
            fixes=(json_patch(f"admit {client} too", service.ref, add),) if client else (),
        )
        return Found(finding, ids(silent), proven=bool(client))


def _client(seen: Sequence[Seen]) -> str:
    """The address from which the probes were sent, as the client itself sees it."""
    return next((str(s.observed.observation.detail["localAddress"]) for s in seen if _has_address(s)), "")


def _has_address(seen: Seen) -> bool:
    return parse_address(str(seen.observed.observation.detail.get("localAddress", ""))) is not None


def _within(client: str, ranges: Sequence[str]) -> bool:
    address = parse_address(client)
    return address is not None and any(address in network for network in parse_networks({r.strip() for r in ranges}))
