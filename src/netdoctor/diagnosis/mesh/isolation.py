"""Nodes that are cut off from all others: NodeIsolated."""

from __future__ import annotations

from collections.abc import Sequence

from netdoctor.diagnosis.kubectl import command
from netdoctor.diagnosis.mesh.case import MeshCase, MeshFound, count, evidence, ids, node_refs
from netdoctor.diagnosis.mesh.links import Link
from netdoctor.model.mesh_report import MeshPair
from netdoctor.model.refs import ObjectRef
from netdoctor.model.report import Certainty, Evidence, Finding, Fix

CODE = "NodeIsolated"


def isolated(case: MeshCase) -> tuple[MeshFound, ...]:
    """Nodes of which nothing reaches any other, where others do reach each other; of two nodes, one of them."""
    links = case.links
    cut = [node for node in links.nodes if links.of(node) and all(_cut(link, node) for link in links.of(node))]
    if len(cut) == len(links.nodes) == 2:
        return (_one_of_two(case, [name for name in cut if _unready(case, name)] or cut),)
    if len(cut) == len(links.nodes):
        return ()
    return tuple(_isolated(case, node) for node in cut)


def _cut(link: Link, node: str) -> bool:
    """Whether nothing passes but what is sent to the node's kubelet: firewalls often let the API server do so."""
    outgoing = [pair for pair in link.hosts if pair.from_ == node]
    return link.cut or (bool(outgoing) and not any(pair.ok for pair in (*link.pods, *outgoing)))


def _failed(case: MeshCase, node: str) -> list[MeshPair]:
    return [pair for link in case.links.of(node) for pair in (*link.pods, *link.hosts) if not pair.ok]


def _still_reached(case: MeshCase, node: str) -> str:
    by = [pair.from_ for link in case.links.of(node) for pair in link.hosts if pair.ok]
    return f" Only {' and '.join(sorted(by))} still reaches its kubelet." if by else ""


def _isolated(case: MeshCase, node: str) -> MeshFound:
    failed = _failed(case, node)
    unready = _unready(case, node)
    noticed = f"Kubernetes has noticed it: {unready}." if unready else "Its Ready condition does not show it."
    inside = " Pods on it do reach each other." if case.links.pods_work_within(node) else ""
    finding = Finding(
        code=CODE,
        title=f"node {node} is cut off: nothing passes between it and {count(len(case.links.of(node)), 'other node')}",
        certainty=Certainty.CERTAIN if unready else Certainty.LIKELY,
        objects=node_refs([node]),
        explanation=(
            f"None of {len(failed)} pairs with {node} got an answer, neither from pod to pod nor from node to node, "
            f"while other nodes reach each other.{_still_reached(case, node)}{inside} {noticed} The fault is at this "
            "node's link, its addresses or its firewall, and not in the overlay."
        ),
        evidence=(*_condition(node, unready), *evidence(failed)),
        fixes=(
            Fix(
                "See what is known of the node, then look at its link and its firewall",
                command("describe", "node", node),
            ),
        ),
    )
    return MeshFound(finding, ids(failed))


def _one_of_two(case: MeshCase, nodes: Sequence[str]) -> MeshFound:
    failed = _failed(case, nodes[0])
    known = len(nodes) == 1
    which = f"node {nodes[0]}" if known else f"one of the nodes {' and '.join(nodes)}"
    told = _unready(case, nodes[0])
    finding = Finding(
        code=CODE,
        title=f"{which} is cut off: the two nodes do not reach each other",
        certainty=Certainty.LIKELY if known else Certainty.POSSIBLE,
        objects=node_refs(nodes),
        explanation=(
            "Nothing passes between the two nodes, neither from pod to pod nor from node to node. "
            + (f"Kubernetes does not hear of {nodes[0]}: {told}. " if known else "Only a third node would tell whose. ")
            + "Look at the links and the firewalls of both."
        ),
        evidence=evidence(failed),
        fixes=(Fix("See what is known of them", command("describe", "node", *nodes)),),
    )
    return MeshFound(finding, ids(failed))


def _unready(case: MeshCase, name: str) -> str:
    """What the node's Ready condition says, where it is not True."""
    node = case.snapshot.node(name)
    ready = next((c for c in node.status.conditions if c.type == "Ready"), None) if node else None
    return f"Ready is {ready.status} ({ready.reason})" if ready and ready.status != "True" else ""


def _condition(node: str, unready: str) -> tuple[Evidence, ...]:
    return (Evidence(str(ObjectRef("Node", node).at("status.conditions")), unready),) if unready else ()
