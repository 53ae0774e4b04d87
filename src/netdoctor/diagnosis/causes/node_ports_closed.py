"""Causes of NodePorts that nobody has opened at a node."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from netdoctor.cluster.addresses import parse_address, parse_networks
from netdoctor.cluster.facts import kube_proxy, node_port_addresses
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.diagnosis.case import Case, Seen
from netdoctor.diagnosis.cause import Cause, Found, RuledOut, certainty, ids, probe_evidence
from netdoctor.diagnosis.kubectl import kubectl
from netdoctor.model.probe import Outcome
from netdoctor.model.refs import ObjectRef
from netdoctor.model.report import Evidence, Finding, Fix
from netdoctor.path.path import Route
from netdoctor.probing.plan import Aim

_PROXY = ObjectRef("DaemonSet", "kube-proxy", "kube-system")
_CONFIGURATION = ObjectRef("ConfigMap", "kube-proxy", "kube-system", "data[config.conf]")


@dataclass(frozen=True, slots=True)
class _Why:
    """Why a node has not opened the port: the object, what it says, and whether that proves it."""

    object: ObjectRef
    text: str
    fix: Fix
    proven: bool


class NodePortOutOfReach(Cause):
    """A node refuses its NodePorts: kube-proxy has not opened them there.

    What it means: connections to the NodePort at a node are refused at once, and elsewhere it answers. Either
    kube-proxy does not run on that node, or it opens NodePorts at other addresses of the node only (nodePortAddresses).

    Why it breaks: a NodePort is no socket of a program but a translation that kube-proxy programs on each node. Without
    it the node's own network stack answers, and has nothing on that port.

    How it is seen: a sweep of the NodePort at each node's address, where the node refuses with a RST.

    Trap: silence is no refusal: a firewall drops (NodePortBlocked), and a node without an endpoint of its own drops in
    good order with externalTrafficPolicy: Local (ExternalTrafficPolicyNoLocalEndpoint). Where ClusterIPs fail on that
    node as well, it is ServiceProxyBroken.

    Fix: bring kube-proxy back on the node, or add the node's network to nodePortAddresses.

    References: Kubernetes documentation, Service, "Custom IP address configuration for type: NodePort Services".
    """

    code: ClassVar[str] = "NodePortOutOfReach"
    title: ClassVar[str] = "kube-proxy has not opened the NodePort at a node"
    would_change: ClassVar[str] = "an answer at the node's port, or silence there instead of a refusal"
    tier: ClassVar[int] = 2
    yields_to: ClassVar[tuple[str, ...]] = ("ServiceProxyBroken",)

    def examine(self, case: Case) -> Found | RuledOut | None:
        """Found where each probe of a node's port is refused, and the port answers at others, or the ClusterIP does."""
        for route in case.path.routes if case.probed else ():
            sweep = [s for s in case.through_entrances(route) if s.aimed.aim is Aim.NODE_PORT and s.tried]
            closed = {
                node: here
                for node in sorted({_node(s) for s in sweep})
                if (here := [s for s in sweep if _node(s) == node])
                and all(s.outcome is Outcome.REFUSED and s in case.failed for s in here)
            }
            works = [s for s in (*sweep, *case.through_service(route)) if s.ok]
            if closed and (works or route.ready):
                return self._found(case, route, closed, works)
            if sweep and not any(s.outcome is Outcome.REFUSED for s in sweep):
                return self.ruled_out("no node refuses the NodePort")
        return None

    def _found(self, case: Case, route: Route, closed: dict[str, list[Seen]], works: Sequence[Seen]) -> Found | None:
        reasons = {node: _why(case.snapshot, node, seen) for node, seen in closed.items()}
        if not works and not any(why.proven for why in reasons.values()):
            return None  # what is behind it may refuse as well
        port = f"{route.service_port.node_port if route.service_port else 0}/{route.protocol}"
        failed = [s for seen in closed.values() for s in seen]
        whys = list(reasons.values())
        finding = Finding(
            code=self.code,
            title=f"{', '.join(closed)} {'refuse' if len(closed) > 1 else 'refuses'} NodePort {port}: {whys[0].text}",
            certainty=certainty(failed, configured=whys[0].proven),
            objects=tuple(dict.fromkeys(why.object for why in whys)),
            explanation=(
                f"NodePort {port} of {case.path.target.ref} is refused at {', '.join(closed)} by the node itself: "
                f"{'; '.join(dict.fromkeys(why.text for why in whys))}. Nothing translates the port there."
            ),
            evidence=(
                *(Evidence(str(why.object), why.text) for why in whys[:3]),
                *probe_evidence(failed),
                *probe_evidence(works, limit=1),
            ),
            fixes=tuple(dict.fromkeys(why.fix for why in whys))[:3],
        )
        return Found(finding, ids(failed), proven=False)


def _node(seen: Seen) -> str:
    return seen.aimed.entrance.node if seen.aimed.entrance else ""


def _why(snapshot: Snapshot, node: str, seen: Sequence[Seen]) -> _Why:
    networks, proxy = node_port_addresses(snapshot), kube_proxy(snapshot)
    blocks = parse_networks({network for network in networks if network != "primary"})
    addresses = [address for s in seen if (address := parse_address(s.observed.probe.host))]
    if networks and "primary" not in networks and not any(a in block for a in addresses for block in blocks):
        text = f"nodePortAddresses has {', '.join(networks)} only"
        fix = Fix("add the network of the node's address to nodePortAddresses", kubectl("edit", _CONFIGURATION.object))
        return _Why(_CONFIGURATION, text, fix, proven=True)
    pods = proxy.pods.get(node, ())
    down = next((pod for pod in pods if not pod.ready), None)
    if proxy.replaced_by is None and (down or (proxy.pods and not pods)):
        text = f"kube-proxy is not Ready on {node}" if down else f"kube-proxy does not run on {node}"
        broken = down.ref if down else _PROXY
        fix = Fix(f"bring kube-proxy back on {node}", kubectl("describe", broken))
        return _Why(broken, text, fix, proven=True)
    fix = Fix(f"look at what serves NodePorts on {node}", kubectl("describe", ObjectRef("Node", node)))
    return _Why(ObjectRef("Node", node), f"nothing has opened it on {node}", fix, proven=False)
