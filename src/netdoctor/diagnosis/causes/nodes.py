"""Causes on the way from node to node."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from netdoctor.cluster.encapsulation import Encapsulation, encapsulation
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.diagnosis.case import Case
from netdoctor.diagnosis.cause import Cause, Certainty, Found, RuledOut, ids, probe_evidence
from netdoctor.diagnosis.kubectl import command, kubectl
from netdoctor.diagnosis.pairs import NodePair, follows, node_pairs
from netdoctor.model.refs import ObjectRef
from netdoctor.model.report import Evidence, Finding, Fix


class CrossNodePathBroken(Cause):
    """Pods do not reach pods on another node, although nothing denies it.

    What it means: between two nodes no packet gets from pod to pod, while pods of one node reach each other, and, as a
    rule, the nodes reach each other too.

    Why it breaks: the network plugin carries packets of pods from node to node in its own way: inside UDP packets
    (VXLAN, Geneve, WireGuard), inside IP packets (IPIP), or as they are, by routes that it makes or that BGP
    spreads. A firewall, a security group or a cloud's network between the nodes that lets only known ports or known
    addresses through drops them; or a route is missing on one side.

    How it is seen: every probe from a pod on one node to pods on the other is lost, what answers there answers a pod
    beside it (or its kubelet's readiness probe, where no pod can be put there), and the node itself answers on the
    kubelet's port.

    Trap: a NetworkPolicy drops as silently, but it does not ask on which node a pod runs; only what policies certainly
    admit counts here. Where the node itself does not answer anybody either, it is NodeIsolated.

    Fix: let what the network plugin sends through between the nodes, in both directions; the report names protocol
    and port where the plugin's settings tell them.

    References: Kubernetes documentation, Cluster Networking, "The Kubernetes network model"; the network plugin's
    network requirements (Calico, Cilium, Antrea); Flannel, "Backends".
    """

    code: ClassVar[str] = "CrossNodePathBroken"
    title: ClassVar[str] = "packets between pods of different nodes are lost"
    would_change: ClassVar[str] = "an answer of any pod on one of these nodes to a pod on the other"
    yields_to: ClassVar[tuple[str, ...]] = ("NodeIsolated", "NodeFirewallRejects")

    def examine(self, case: Case) -> Found | RuledOut | None:
        """Found where pods of one node reach nothing on another that somebody else reaches."""
        pairs = node_pairs(case)
        broken = [pair for pair in pairs if pair.broken and not _isolated(pairs, pair)]
        if broken:
            return self._found(case, broken)
        across = [pair for pair in pairs if pair.passed]
        if not across:
            return None
        return self.ruled_out(f"pods on {across[0].here} reach pods on {across[0].there}")

    def _found(self, case: Case, broken: Sequence[NodePair]) -> Found:
        lost = [s for pair in broken for s in pair.lost]
        nodes = list(dict.fromkeys(name for pair in broken for name in (pair.here, pair.there)))
        reached = [s for pair in broken for s in pair.node if pair.node_reached]
        wrapped = encapsulation(case.snapshot)
        explained = list(follows(case, lost))
        finding = Finding(
            code=self.code,
            title=f"packets between pods on {_ways(broken)} are lost",
            certainty=Certainty.LIKELY if reached else Certainty.POSSIBLE,
            objects=tuple(ObjectRef("Node", name) for name in nodes),
            explanation=" ".join(
                [
                    f"What pods on {broken[0].here} send to pods on {broken[0].there} is lost, and policies admit it. "
                    "What answers there answers on its own node.",
                    _nodes_say(broken),
                    _carried(wrapped, case.expectation.cni.name),
                ]
            ),
            evidence=(
                *probe_evidence(lost, limit=2),
                *probe_evidence(reached, limit=1),
                *([Evidence("settings", wrapped.evidence)] if wrapped.known else []),
            ),
            fixes=(
                Fix(
                    f"let {_needs(wrapped)} through between {_addressed(case.snapshot, nodes)}, in both directions",
                    "kubectl get nodes -o wide",
                ),
            ),
        )
        return Found(finding, ids(explained), proven=False)


class NodeIsolated(Cause):
    """Nothing gets to a node or from it, while other nodes reach each other.

    What it means: every probe between one node and any other is lost, to its pods and to the node itself.

    Why it breaks: its link, its routes, its firewall or its security group cut it off; or the machine hangs. What
    runs there is still listed as ready until the control plane has noticed, and gets its share of all connections.

    How it is seen: of all pairs of nodes, those with this one fail, others work.

    Trap: a node that is NotReady need not be cut off (its kubelet may be down while its pods serve), and one that is
    cut off from other nodes may be Ready, as long as the API server hears of it: the condition is only a further hint.
    Where the node itself answers, it is CrossNodePathBroken.

    Fix: look at the node's network from its console; until then keep Pods from it (`kubectl cordon`, `kubectl drain`).

    References: Kubernetes documentation, Nodes, "Node status"; Debug Running Pods, Troubleshooting Clusters.
    """

    code: ClassVar[str] = "NodeIsolated"
    title: ClassVar[str] = "a node is cut off from the others"
    would_change: ClassVar[str] = "an answer of the node, or of any pod there, to a pod on another node"

    def examine(self, case: Case) -> Found | RuledOut | None:
        """Found where all pairs with one node fail, and another pair works."""
        pairs = node_pairs(case)
        for name in dict.fromkeys(name for pair in pairs for name in (pair.there, pair.here)):
            if is_isolated(pairs, name):
                return self._found(case, pairs, name)
        answering = [pair.there for pair in pairs if pair.node_reached]
        return self.ruled_out(f"{answering[0]} itself answers pods on other nodes") if answering else None

    def _found(self, case: Case, pairs: Sequence[NodePair], name: str) -> Found:
        mine = [pair for pair in pairs if name in (pair.here, pair.there)]
        working = [pair for pair in pairs if pair not in mine and pair.works]
        lost = [s for pair in mine for s in (*pair.lost, *pair.node)]
        ref = ObjectRef("Node", name)
        node = case.snapshot.node(name)
        condition = next((one for one in (node.status.conditions if node else ()) if one.type == "Ready"), None)
        told = condition is not None and condition.status != "True"
        finding = Finding(
            code=self.code,
            title=f"node {name} is cut off: nothing gets there from other nodes",
            certainty=Certainty.CERTAIN if told else Certainty.LIKELY,
            objects=(ref,),
            explanation=(
                f"Everything between {name} and {', '.join(_others(mine, name))} is lost, to pods and to the node "
                f"itself, while {working[0].here} reaches {working[0].there}. "
                + _said(condition.status if condition else "", condition.message if condition else "")
            ),
            evidence=(
                *probe_evidence((s for pair in mine for s in pair.lost), limit=2),
                *probe_evidence((s for pair in mine for s in pair.node), limit=1),
                *probe_evidence((*working[0].passed, *working[0].node), limit=1),
                *([Evidence(str(ref.at("status.conditions")), f"Ready is {condition.status}")] if condition else []),
            ),
            fixes=(
                Fix(f"look at what {name} says of itself", kubectl("describe", ref)),
                Fix(f"keep new pods from {name} until it is reached again", command("cordon", name)),
            ),
        )
        return Found(finding, ids([*follows(case, lost), *lost]), proven=False)


def is_isolated(pairs: Sequence[NodePair], name: str) -> bool:
    """Whether nothing gets to or from a node, at least one other pair works, and the node itself was tried."""
    mine = [pair for pair in pairs if name in (pair.here, pair.there)]
    others = [pair for pair in pairs if pair not in mine]
    silent = all(not pair.works for pair in mine) and any(pair.node for pair in mine)
    return bool(mine) and silent and any(pair.lost or pair.node for pair in mine) and any(p.works for p in others)


def _isolated(pairs: Sequence[NodePair], pair: NodePair) -> bool:
    return any(is_isolated(pairs, name) for name in (pair.here, pair.there))


def _nodes_say(broken: Sequence[NodePair]) -> str:
    reached = [pair for pair in broken if pair.node_reached]
    if reached:
        return f"{reached[0].there} itself answers them, so the nodes reach each other: it is the pods' own packets."
    if any(pair.node for pair in broken):
        return f"{broken[0].there} itself does not answer them either: the nodes may not reach each other at all."
    return "Whether the nodes reach each other was not tested."


def _carried(wrapped: Encapsulation, plugin: str) -> str:
    if not wrapped.known:
        return f"How {plugin} carries them from node to node is not known here: look at its network requirements."
    if wrapped.name == "none":
        return f"{plugin} sends them as they are: what is between the nodes has to let pods' own addresses through."
    return (
        f"{plugin} carries them in {wrapped.name}: firewalls between the nodes have to let {_needs(wrapped)} through."
    )


def _needs(wrapped: Encapsulation) -> str:
    return " and ".join(wrapped.needs) or "what the network plugin sends"


def _said(ready: str, message: str) -> str:
    if ready == "True":
        return "The control plane still takes it for Ready, so Services still use the pods there."
    return f"Its condition Ready is {ready or 'not known'}" + (f": {message}" if message else ".")


def _others(pairs: Sequence[NodePair], name: str) -> list[str]:
    return sorted({other for pair in pairs for other in (pair.here, pair.there) if other != name})


def _ways(broken: Sequence[NodePair]) -> str:
    return "; ".join(dict.fromkeys(" and ".join(sorted((pair.here, pair.there))) for pair in broken))


def _addressed(snapshot: Snapshot, names: Sequence[str]) -> str:
    def text(name: str) -> str:
        node = snapshot.node(name)
        address = next((one.address for one in (node.status.addresses if node else ()) if one.type == "InternalIP"), "")
        return f"{name} ({address})" if address else name

    return " and ".join(map(text, names))
