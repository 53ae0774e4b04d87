"""Pods that do not reach pods on other nodes: CrossNodePathBroken, NodeFirewallRejects; and KubeletToPodBlocked."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from netdoctor.diagnosis.mesh.case import MeshCase, MeshFound, count, ends, evidence, ids, node_refs, where
from netdoctor.diagnosis.mesh.links import Link
from netdoctor.model.mesh_report import MeshPair
from netdoctor.model.report import Certainty, Finding, Fix
from netdoctor_probe.wire import Outcome

_USUAL = (
    "How the network plugin sends packets between nodes is not known; usual are UDP 4789 or 8472 (VXLAN), protocol 4 "
    "(IPIP), UDP 6081 (Geneve), UDP 51820 or 51871 (WireGuard), or pods' own addresses on routes."
)


def cross_node(case: MeshCase, cut_off: Collection[str]) -> Iterator[MeshFound]:
    """Links, none of them to nodes that are cut off, on which pods do not reach each other.

    Where two pods of the same node do not either, it is not the way between nodes that is broken.
    """
    links = [link for link in case.links.without(cut_off) if link.pods]
    broken = [link for link in links if _broken(link) and _works_at_both_ends(case, link)]
    rejected = [link for link in broken if any(_rejects(pair) for pair in link.pods)]
    lost = [link for link in broken if link not in rejected]
    if rejected:
        yield _firewall(rejected)
    if lost:
        yield _path_broken(case, lost, whole=len(lost) == len(links))


def _broken(link: Link) -> bool:
    """Whether pods do not reach each other; where TCP does, it is not the way that is broken."""
    return any(not pair.ok and not pair.only_tcp for pair in link.pods)


def _works_at_both_ends(case: MeshCase, link: Link) -> bool:
    return all(case.links.pods_work_within(node) is not False for node in link.nodes)


def _rejects(pair: MeshPair) -> bool:
    return pair.outcome == Outcome.REJECTED and bool(pair.answered_by)


def _firewall(links: Sequence[Link]) -> MeshFound:
    failed = [pair for link in links for pair in link.pods if not pair.ok]
    meanings = ", ".join(sorted({pair.because for pair in failed if _rejects(pair)}))
    who = ", ".join(sorted({pair.answered_by or "" for pair in failed if _rejects(pair)}))
    finding = Finding(
        code="NodeFirewallRejects",
        title=f"a firewall at {who} rejects what pods send between {where(links)}",
        certainty=Certainty.LIKELY,
        objects=node_refs(ends(links)),
        explanation=(
            f"{who} answers with an ICMP error ({meanings}) instead of passing the packets on: they are rejected on "
            "purpose. Network policies are not the reason: none denies what these pods send."
        ),
        evidence=evidence(failed),
        fixes=(Fix(f"Let the firewall at {who} pass packets between pods of different nodes"),),
    )
    return MeshFound(finding, ids(failed))


def _path_broken(case: MeshCase, links: Sequence[Link], *, whole: bool) -> MeshFound:
    failed = [pair for link in links for pair in link.pods if not pair.ok]
    needs = ", ".join(case.encapsulation.needs)
    contrast, remedy = _contrast(links, needs)
    title = "no pod reaches a pod on another node" if whole else f"pods of {where(links)} do not reach each other"
    overlay = all(link.hosts_pass for link in links)
    how = f" {case.encapsulation.evidence}; that needs {needs} between nodes." if needs else f" {_USUAL}"
    finding = Finding(
        code="CrossNodePathBroken",
        title=f"{title}, though the nodes do" if overlay else title,
        certainty=Certainty.LIKELY,
        objects=node_refs(ends(links)),
        explanation=(
            f"{count(len(failed), 'pair')} on {count(len(links), 'link')} got no answer, while pods of the same node "
            f"reach each other, and no policy denies it. {contrast}{how} A firewall, a security group or a missing "
            "route between the nodes is the usual reason."
        ),
        evidence=(*evidence(failed), *evidence([p for link in links for p in link.hosts])[:1]),
        fixes=(Fix(remedy),),
    )
    unanswered = [pair for link in links if link.hosts_pass is False for pair in link.hosts]
    return MeshFound(finding, ids([*failed, *unanswered]))


def _contrast(links: Sequence[Link], needs: str) -> tuple[str, str]:
    """What the nodes' own packets tell, and so the remedy."""
    hosts = [link.hosts_pass for link in links]
    let = f"Let {needs or 'what the network plugin sends'} pass between the nodes"
    if all(hosts):
        return "The nodes themselves reach each other: it is the pods' packets that get lost between them.", let
    if any(one is False for one in hosts):
        said = "These nodes do not answer each other either: look at the network between them, not only the overlay."
        return said, "Repair the way between these nodes"
    return "Whether the nodes themselves reach each other could not be tested.", let


def own_pods(case: MeshCase) -> Iterator[MeshFound]:
    """Nodes that do not reach a pod of their own, which other pods of theirs do reach."""
    failed = [pair for found in case.links.within.values() for pair in found if _blocked(case, pair)]
    if not failed:
        return
    names = sorted(pair.from_ for pair in failed)
    finding = Finding(
        code="KubeletToPodBlocked",
        title=f"{', '.join(names)} cannot reach {'their' if len(names) > 1 else 'its'} own pods",
        certainty=Certainty.LIKELY,
        objects=node_refs(names),
        explanation=(
            "Pods of the node reach each other, and the node itself does not reach them. The kubelet probes pods from "
            "there: readiness and liveness probes fail, and pods are taken out of Services or restarted."
        ),
        evidence=evidence(failed),
        fixes=(Fix("Let each node reach the pods that it runs: look at the firewall on the node"),),
    )
    yield MeshFound(finding, ids(failed))


def _blocked(case: MeshCase, pair: MeshPair) -> bool:
    return pair.network == "nodeToPod" and not pair.ok and case.links.pods_work_within(pair.to) is True
