"""Causes between a client outside the cluster and the NodePorts of its nodes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from netdoctor.cluster.addresses import host_and_port
from netdoctor.cluster.objects import Service
from netdoctor.diagnosis.case import Case, Seen
from netdoctor.diagnosis.cause import Cause, Found, RuledOut, certainty, ids, probe_evidence
from netdoctor.diagnosis.kubectl import kubectl, merge_patch
from netdoctor.model.probe import Outcome
from netdoctor.model.refs import ObjectRef
from netdoctor.model.report import Evidence, Finding, Fix
from netdoctor.path.entrances import meant_to_serve, without_endpoint
from netdoctor.path.path import Route
from netdoctor.path.source import SourceKind
from netdoctor.probing.plan import Aim

_CLUSTER = {"spec": {"externalTrafficPolicy": "Cluster"}}
_SILENT = (Outcome.TIMEOUT, Outcome.REJECTED)


class ExternalTrafficPolicyNoLocalEndpoint(Cause):
    """The Service's nodes serve clients outside with their own endpoints only, and some nodes have none.

    What it means: spec.externalTrafficPolicy is Local, and no ready endpoint runs on some nodes whose NodePort clients
    may use.

    Why it breaks: with Local, a node hands what comes from outside to its own endpoints only, so that these see the
    client's address. A node without one drops it, though other nodes have some.

    How it is seen: a NodePort times out at some nodes and answers at others, from a client outside the cluster
    (`--from outside`), or from pods of other nodes where the network plugin gives their packets the node's address.
    Where a load balancer has an address that fails, the same is considered for it.

    Trap: a node's own pods, and with some network plugins all pods, are served all the same: kube-proxy does not count
    them as outside. Behind a load balancer it is in order that such nodes drop: they fail its health check
    (healthCheckNodePort), and it leaves them out. So are nodes that load balancers are told to leave out, as control
    planes are.

    Fix: use externalTrafficPolicy: Cluster (pods then see a node's address instead of the client's), or run an
    endpoint on each node that clients use.

    References: Kubernetes documentation, "Preserving the client source IP"; kubernetes/kubernetes#66354.
    """

    code: ClassVar[str] = "ExternalTrafficPolicyNoLocalEndpoint"
    title: ClassVar[str] = "externalTrafficPolicy is Local, and some nodes have no endpoint"
    would_change: ClassVar[str] = (
        "an answer from outside at a node without an endpoint, or a ready endpoint on each node"
    )

    def examine(self, case: Case) -> Found | RuledOut | None:
        """Found where objects say that nodes drop, and nobody outside was answered by them."""
        service = case.path.target.service
        if service is None or service.spec.external_traffic_policy != "Local":
            return None
        routes = [r for r in case.path.routes if r.service_port and r.nodes_known]
        if service.spec.type != "NodePort":
            return self._balanced(case, service, routes)
        for route in routes:
            lacking = _lacking(case, service, route)
            seen = [s for s in _sweep(case, route) if _node(s) in lacking]
            answered = sorted({_node(s) for s in seen if s.ok})
            if case.path.source.kind is SourceKind.OUTSIDE and answered:
                return self.ruled_out(f"{', '.join(answered)} answer all the same")
            if lacking:
                return self._found(service, route, lacking, [s for s in seen if not s.ok and s.tried])
        return self.ruled_out("each node that clients may use has a ready endpoint") if routes else None

    def _balanced(self, case: Case, service: Service, routes: Sequence[Route]) -> Found | RuledOut | None:
        """A load balancer whose address fails may not heed the health check."""
        for route in routes:
            lacking = _lacking(case, service, route)
            failed = [s for s in case.of(Aim.LOAD_BALANCER, route=route) if s in case.failed]
            if lacking and failed and not service.spec.load_balancer_source_ranges:
                found = self._found(service, route, lacking, failed, tuple(_health(case)))
                return Found(found.finding, found.explains, proven=False)
        return self.ruled_out("a load balancer leaves out nodes without an endpoint") if routes else None

    def _found(
        self,
        service: Service,
        route: Route,
        lacking: Sequence[str],
        failed: Sequence[Seen],
        health: tuple[Evidence, ...] = (),
    ) -> Found:
        field = service.ref.at("spec.externalTrafficPolicy")
        having = ", ".join(sorted({backend.node for backend in route.backends}))
        verb = "has" if len(lacking) == 1 else "have"
        finding = Finding(
            code=self.code,
            title=f"{service.ref} is served from outside by each node's own endpoints, and {', '.join(lacking)} "
            f"{verb} none",
            certainty=certainty(failed),
            objects=(field,),
            explanation=(
                f"spec.externalTrafficPolicy of {service.ref} is Local, so a node hands what comes from outside the "
                f"cluster to its own endpoints only. {', '.join(lacking)} {verb} no ready endpoint (only {having}), "
                "and what clients send there is dropped. Pods may be served all the same: they are not outside."
            ),
            evidence=(
                Evidence(str(field), "Local"),
                *(Evidence(str(b.pod.ref if b.pod else b.address), f"runs on {b.node}") for b in route.backends[:3]),
                *probe_evidence(failed),
                *health,
            ),
            fixes=(
                merge_patch("use the endpoints of all nodes (pods then see a node's address)", service.ref, _CLUSTER),
            ),
        )
        return Found(finding, ids(failed))


@dataclass(frozen=True, slots=True)
class _Blocked:
    """A node whose NodePort nobody elsewhere gets an answer from. `reached`: other packets get to it."""

    node: str
    failed: tuple[Seen, ...]
    reached: tuple[Seen, ...]


class NodePortBlocked(Cause):
    """Something drops what is sent to the Service's NodePort at some nodes.

    What it means: connections to the NodePort at some nodes' addresses time out or are rejected, though these nodes
    have endpoints of their own or need none, and the Service works.

    Why it breaks: kube-proxy opens the port on each node, but a firewall between, or on the node, drops what comes for
    it: a security group, firewalld or nftables rules without the range of NodePorts (30000-32767).

    How it is seen: a sweep of the NodePort at each node's address, from pods of other nodes or from outside the
    cluster (`--from outside`), where the ClusterIP, or the same port at another node, answers. The kubelet's port
    10250 at the same address tells whether the node is reached at all.

    Trap: a node's own pods reach its NodePorts through any firewall. With externalTrafficPolicy: Local, nodes without
    an endpoint drop in good order (ExternalTrafficPolicyNoLocalEndpoint). A refusal is no firewall's silence: there
    kube-proxy has opened no port (nodePortAddresses, or it is down).

    Fix: let the NodePort, or the range 30000-32767, through the firewall of the node and before it.

    References: Kubernetes documentation, Service, "type: NodePort"; Ports and Protocols.
    """

    code: ClassVar[str] = "NodePortBlocked"
    title: ClassVar[str] = "something drops what is sent to the NodePort at some nodes"
    would_change: ClassVar[str] = (
        "an answer from another machine at that node's NodePort, or no answer by ClusterIP either"
    )
    yields_to: ClassVar[tuple[str, ...]] = ("ExternalTrafficPolicyNoLocalEndpoint",)

    def examine(self, case: Case) -> Found | RuledOut | None:
        """Found where a NodePort is silent at a node, and something nearby is not."""
        if not case.probed:
            return None
        for route in case.path.routes:
            sweep = [s for s in _sweep(case, route) if s.tried and s.aimed.required]
            blocked = [found for node in sorted({_node(s) for s in sweep}) if (found := _blocked(case, sweep, node))]
            works = [s for s in sweep if s.ok] or [s for s in case.through_service(route) if s.ok]
            if blocked and (works or any(one.reached for one in blocked)):
                return self._found(case, route, blocked, works)
            if sweep and all(s.ok for s in sweep):
                nodes = len({_node(s) for s in sweep})
                return self.ruled_out(f"the NodePort answers at {'each of ' if nodes > 1 else ''}{nodes} nodes")
        return None

    def _found(self, case: Case, route: Route, blocked: Sequence[_Blocked], works: Sequence[Seen]) -> Found:
        port = f"{route.service_port.node_port if route.service_port else 0}/{route.protocol}"
        nodes = ", ".join(one.node for one in blocked)
        failed = [s for one in blocked for s in one.failed]
        others = sorted({_node(s) for s in works if s.aimed.entrance})
        elsewhere = (
            f" At {', '.join(others)} it answers." if others else " The way by ClusterIP works." if works else ""
        )
        silent = [one.node for one in blocked if not one.reached]
        finding = Finding(
            code=self.code,
            title=f"something drops what is sent to NodePort {port} at {nodes}",
            certainty=certainty(failed, configured=False),
            objects=tuple(ObjectRef("Node", one.node) for one in blocked),
            explanation=(
                f"NodePort {port} of {case.path.target.ref} does not answer at {nodes}, which "
                f"{_needs(case)}.{elsewhere} A firewall on or before {nodes} may not let the NodePort through."
                + (f" {', '.join(silent)} did not answer on the kubelet's port 10250 either." if silent else "")
            ),
            evidence=(
                *probe_evidence(failed),
                *probe_evidence((s for one in blocked for s in one.reached), limit=1),
                *probe_evidence(works, limit=1),
            ),
            fixes=tuple(
                Fix(
                    f"let {port} (or 30000-32767) through the firewall of {one.node}, {_address(one.failed)}",
                    kubectl("get", ObjectRef("Node", one.node), "-o", "wide"),
                )
                for one in blocked[:3]
            ),
        )
        return Found(finding, ids(failed), proven=False)


def _health(case: Case) -> Iterator[Evidence]:
    """What nodes say to a load balancer that asks whether they have endpoints of their own: 200, or 503."""
    for seen in case.of(Aim.HEALTH_CHECK):
        if status := seen.observed.observation.detail.get("status"):
            port = seen.observed.probe.port
            yield Evidence(seen.id, f"healthCheckNodePort {port} of {_node(seen)} answers with status {status}")


def _blocked(case: Case, sweep: Sequence[Seen], node: str) -> _Blocked | None:
    here = [s for s in sweep if _node(s) == node]
    failed = tuple(s for s in here if s.outcome in _SILENT and s in case.failed)
    if not failed or any(s.ok for s in here):
        return None
    control = [s for s in case.of(Aim.NODE) if _node(s) == node and s.outcome in (Outcome.OK, Outcome.REFUSED)]
    return _Blocked(node, failed, tuple(control))


def _needs(case: Case) -> str:
    service = case.path.target.service
    local = service is not None and service.spec.external_traffic_policy == "Local"
    return "has an endpoint of its own" if local else "needs no endpoint of its own"


def _address(failed: Sequence[Seen]) -> str:
    probe = failed[0].observed.probe
    return host_and_port(probe.host, probe.port)


def _sweep(case: Case, route: Route) -> list[Seen]:
    return [s for s in case.through_entrances(route) if s.aimed.aim is Aim.NODE_PORT]


def _node(seen: Seen) -> str:
    return seen.aimed.entrance.node if seen.aimed.entrance else ""


def _lacking(case: Case, service: Service, route: Route) -> list[str]:
    """Nodes that clients may use, and that have no ready endpoint of their own."""
    dropping = without_endpoint(case.snapshot, service, route)
    return [node.name for node in case.snapshot.nodes if node.name in dropping and meant_to_serve(node)]
