"""Causes between a Service's ClusterIP and its endpoints: the service proxy of a node, and what it is told to do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from netdoctor.cluster.facts import kube_proxy
from netdoctor.cluster.objects import Pod, Service
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.diagnosis.case import Case, Seen
from netdoctor.diagnosis.cause import Cause, Found, RuledOut, certainty, ids, probe_evidence
from netdoctor.diagnosis.dns import answers
from netdoctor.diagnosis.kubectl import kubectl, merge_patch
from netdoctor.model.refs import ObjectRef
from netdoctor.model.report import Evidence, Finding, Fix
from netdoctor.path.path import Route
from netdoctor.probing.plan import Aim
from netdoctor.probing.positions import places

_PROXY = ObjectRef("DaemonSet", "kube-proxy", "kube-system")
_CLUSTER = {"spec": {"internalTrafficPolicy": "Cluster"}}
_REPLACEMENTS = ("cilium", "anetd", "ovnkube-node", "kube-router")  # DaemonSets that do kube-proxy's work


@dataclass(frozen=True, slots=True)
class _Broken:
    """Where a ClusterIP fails although each endpoint answers from the same place."""

    vip_text: str
    service: Service
    node: str
    vip: tuple[Seen, ...]
    direct: tuple[Seen, ...]
    all_vips: bool | None  # whether the DNS Service's ClusterIP fails there too; None where that was not seen
    names: tuple[Seen, ...]  # lookups that failed for that


class ServiceProxyBroken(Cause):
    """The endpoints answer, their ClusterIP does not.

    What it means: from one node, or from all, connections to each endpoint's own address work, and connections to the
    Service's ClusterIP do not.

    Why it breaks: a ClusterIP is nobody's address. kube-proxy (or what a network plugin has in its place) programs
    each node's kernel to translate it; where that is missing, late or wiped out, packets to it lead nowhere.

    How it is seen: the contrast between ClusterIP and endpoints from the same place. If the DNS Service's ClusterIP
    fails there too, all Services do.

    Trap: internalTrafficPolicy: Local without a local endpoint (InternalTrafficPolicyNoLocalEndpoint) drops in good
    order; where the network plugin replaces kube-proxy, it is the plugin's agent that has to be repaired.

    Fix: bring the node's kube-proxy back, or restart it so that it programs the kernel anew.

    References: Kubernetes documentation, Debug Services, "Is the kube-proxy working?".
    """

    code: ClassVar[str] = "ServiceProxyBroken"
    title: ClassVar[str] = "endpoints answer, and their ClusterIP does not"
    would_change: ClassVar[str] = (
        "an answer through the ClusterIP from the same node, or an endpoint that does not answer there either"
    )
    yields_to: ClassVar[tuple[str, ...]] = (
        "APIServerUnreachable",
        "HairpinDisabled",
        "InternalTrafficPolicyNoLocalEndpoint",
        "ServicePortMissing",
    )

    def examine(self, case: Case) -> Found | RuledOut | None:
        """Found where the contrast was seen from at least one position, for the target or for the DNS Service."""
        if not case.probed:
            return None
        for route in case.path.routes if case.backing is not None else ():
            if broken := list(_broken(case, case.backing, route)):
                return self._found(case, broken, case.of(Aim.VIP, route=route))
        if broken := list(_broken_dns(case)):
            return self._found(case, broken, case.of(Aim.DNS_VIP, transport="udp"))
        if any(s.ok for s in case.of(Aim.VIP)):
            return self.ruled_out("the ClusterIP answers")
        return None

    def _found(self, case: Case, broken: list[_Broken], asked: tuple[Seen, ...]) -> Found:
        works = sorted({s.observed.node or "" for s in asked if s.ok})
        nodes = sorted({b.node for b in broken})
        component, agents = _component(case.snapshot, nodes)
        down = [pod for pod in agents if not pod.ready]
        failed = [s for b in broken for s in (*b.vip, *b.names)]
        failed += [s for s in case.failed if s.aimed.aim is Aim.NODE_PORT and _node_of(s) in nodes]
        elsewhere = f"; from {', '.join(works)} it works" if works else ""
        service, vip = broken[0].service.ref, broken[0].vip_text
        finding = Finding(
            code=self.code,
            title=f"ClusterIP {vip} of {service} leads nowhere on {', '.join(nodes)}",
            certainty=certainty(failed, configured=bool(down)),
            objects=(component, *(pod.ref for pod in down)),
            explanation=(
                f"From {', '.join(nodes)} each endpoint of {service} answers at its own address, and the ClusterIP "
                f"does not{elsewhere}. {_extent(broken)}The translation of ClusterIPs on that node is the work of "
                f"{component}{_state(agents, down)}."
            ),
            evidence=(*probe_evidence(failed, limit=2), *probe_evidence(broken[0].direct, limit=2)),
            fixes=tuple(_fixes(case.snapshot, component, agents)),
        )
        return Found(finding, ids(failed), proven=False)


def _node_of(seen: Seen) -> str:
    return seen.aimed.entrance.node if seen.aimed.entrance else ""


def _broken(case: Case, service: Service | None, route: Route) -> Iterator[_Broken]:
    assert service is not None
    local = {b.node for b in route.ready} if service.spec.internal_traffic_policy == "Local" else None
    for position in dict.fromkeys(s.observed.position.id for s in case.of(Aim.VIP, route=route)):
        vip = _from(case.of(Aim.VIP, route=route), position)
        direct = _from(case.of(Aim.BACKEND, route=route), position)
        if any(
            s.observed.observation.detail.get("passed") for s in _from(case.of(Aim.VIP_SAMPLE, route=route), position)
        ):
            continue  # it leads somewhere, if not every time
        node = vip[0].observed.node or "" if vip else ""
        if _contrast(vip, direct) and (local is None or node in local):
            dns = _from(case.of(Aim.DNS_VIP), position)
            known = bool(dns) and any(s.ok for s in _from(case.of(Aim.DNS_SERVER), position))
            all_vips = not any(s.ok for s in dns) if known else None
            names = _failed_names(case, position) if all_vips else ()
            yield _Broken(f"{route.vips[0]}:{route.port}", service, node, vip, direct, all_vips, names)


def _broken_dns(case: Case) -> Iterator[_Broken]:
    """The same of the DNS Service, where names are not resolved for it."""
    service = case.path.dns.service
    for position in dict.fromkeys(s.observed.position.id for s in case.of(Aim.DNS_VIP)) if service else ():
        vip = _from(case.of(Aim.DNS_VIP, transport="udp"), position)
        direct = _from(case.of(Aim.DNS_SERVER, transport="udp"), position)
        names = _failed_names(case, position)
        if service is not None and names and vip and not answers(vip) and direct and all(answers((s,)) for s in direct):
            node = vip[0].observed.node or ""
            yield _Broken(f"{service.vips[0]}:53", service, node, vip, direct, None, names)


def _contrast(vip: tuple[Seen, ...], direct: tuple[Seen, ...]) -> bool:
    return bool(vip and direct) and not any(s.ok for s in vip) and all(s.ok for s in direct)


def _failed_names(case: Case, position: str) -> tuple[Seen, ...]:
    return tuple(s for s in _from(case.of(Aim.NAME), position) if not s.ok)


def _from(seen: tuple[Seen, ...], position: str) -> tuple[Seen, ...]:
    return tuple(s for s in seen if s.observed.position.id == position and s.tried)


def _extent(broken: list[_Broken]) -> str:
    if all(b.all_vips for b in broken):
        return "The ClusterIP of the DNS Service fails there as well, so no Service works from there. "
    if any(b.all_vips is False for b in broken):
        return "The ClusterIP of the DNS Service works, so it is only this Service's rules that are missing or wrong. "
    return ""


def _component(snapshot: Snapshot, nodes: list[str]) -> tuple[ObjectRef, list[Pod]]:
    """What translates ClusterIPs here, and its pods on the nodes."""
    proxy = kube_proxy(snapshot)
    if proxy.replaced_by is not None:
        agents = [d for d in snapshot.daemon_sets if d.name in _REPLACEMENTS]
        if not agents:  # part of the node's own process, as in k3s
            return ObjectRef("Node", nodes[0]), []
        return agents[0].ref, [pod for pod in snapshot.pods_of(agents[0]) if pod.spec.node_name in nodes]
    return _PROXY, [pod for node in nodes for pod in proxy.pods.get(node, ())]


def _state(agents: list[Pod], down: list[Pod]) -> str:
    if down:
        return f"; its pod {down[0].name} is not Ready"
    return f"; its pod {agents[0].name} is Ready all the same" if agents else ""


def _fixes(snapshot: Snapshot, component: ObjectRef, agents: list[Pod]) -> Iterator[Fix]:
    for pod in agents[:1]:
        yield Fix(f"read what {pod.name} says", kubectl("logs", pod.ref, "--tail=50"))
        yield Fix(f"restart {pod.name}, so that it programs the node anew", kubectl("delete", pod.ref))
    if not agents and component.kind == "DaemonSet" and snapshot.was_read("Pod", component.namespace):
        yield Fix(f"look why {component} has no pod there", kubectl("describe", component))


class InternalTrafficPolicyNoLocalEndpoint(Cause):
    """The Service serves a node's clients from that node only, and the node has no endpoint.

    What it means: spec.internalTrafficPolicy is Local, and no ready endpoint runs on the client's node.

    Why it breaks: with Local, kube-proxy uses the endpoints of its own node only. Where there are none it drops what
    is sent to the ClusterIP, even though other nodes have some.

    How it is seen: connections from some nodes time out, from others they work; the endpoints' own addresses answer
    from everywhere.

    Trap: it looks like a NetworkPolicy that drops, or like a broken kube-proxy (ServiceProxyBroken).

    Fix: use internalTrafficPolicy: Cluster (or trafficDistribution: PreferSameNode), or run an endpoint on each node.

    References: Kubernetes documentation, Service Internal Traffic Policy; kubernetes/kubernetes#121371.
    """

    code: ClassVar[str] = "InternalTrafficPolicyNoLocalEndpoint"
    title: ClassVar[str] = "internalTrafficPolicy is Local, and the client's node has no endpoint"
    would_change: ClassVar[str] = (
        "an answer through the ClusterIP on a node without an endpoint, or a ready endpoint on that node"
    )

    def examine(self, case: Case) -> Found | RuledOut | None:
        """Found for the nodes from which the check asks, or would ask."""
        service = case.backing
        if service is None or service.spec.internal_traffic_policy != "Local" or not service.vips:
            return None
        routes = [route for route in case.path.routes if route.nodes_known]
        for route in routes:
            with_endpoint = {backend.node for backend in route.backends}
            vip = [s for s in case.of(Aim.VIP, route=route) if s.tried and s.observed.node]
            asked = {s.observed.node for s in vip} or {node for _, node in places(case.snapshot, case.path)}
            without = sorted(node for node in asked if node and node not in with_endpoint)
            if any(s.ok for s in vip if s.observed.node in without):
                return self.ruled_out(f"the ClusterIP answers on {', '.join(without)} all the same")
            if without:
                return self._found(service, route, without, [s for s in vip if s.observed.node in without])
        return self.ruled_out("each node from which it was asked has a ready endpoint") if routes else None

    def _found(self, service: Service, route: Route, without: list[str], failed: list[Seen]) -> Found:
        field = service.ref.at("spec.internalTrafficPolicy")
        having = ", ".join(sorted({backend.node for backend in route.backends}))
        finding = Finding(
            code=self.code,
            title=f"{service.ref} serves each node's clients from that node only, and {', '.join(without)} has none",
            certainty=certainty(failed),
            objects=(field,),
            explanation=(
                f"spec.internalTrafficPolicy of {service.ref} is Local, so kube-proxy uses the endpoints of the "
                f"client's own node only. {', '.join(without)} has no ready endpoint (only {having}), "
                "and drops what is sent to the ClusterIP."
            ),
            evidence=(
                Evidence(str(field), "Local"),
                *(Evidence(str(b.pod.ref if b.pod else b.address), f"runs on {b.node}") for b in route.backends[:3]),
                *probe_evidence(failed),
            ),
            fixes=(merge_patch("use the endpoints of all nodes", service.ref, _CLUSTER),),
        )
        return Found(finding, ids(failed))
