"""What passes between nodes, but not as it should: PathMTUBlackhole, PodTrafficMasqueraded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from netdoctor.diagnosis.mesh.case import SHOWN, MeshCase, MeshFound, count, evidence, ids, node_refs, where
from netdoctor.model.mesh_report import MeshPair
from netdoctor.model.report import Certainty, Finding, Fix
from netdoctor_probe.mesh.document import POD


def black_holes(case: MeshCase) -> Iterator[MeshFound]:
    """Pairs between which larger packets are lost without a word."""
    holes = [pair for pair in case.pairs if pair.black_hole]
    if not holes:
        return
    pods = [pair for pair in holes if pair.network == POD]
    fits = min((pair.mtu for pair in pods or holes if pair.mtu), default=0)  # 0: not found out in time
    believed = max(pair.believed_mtu or 0 for pair in pods or holes)
    room = fits if pods or not fits else fits - case.encapsulation.overhead
    to = f"at most {room} bytes" if room else "what passes"
    small, large = "Small packets", "large packets"
    if fits:
        small, large = f"Packets of up to {fits} bytes", f"packets of more than {fits} bytes"
    finding = Finding(
        code="PathMTUBlackhole",
        title=f"{large} vanish between {_between(case, holes)}, which take {believed} to fit",
        certainty=Certainty.LIKELY,
        objects=node_refs(sorted({node for pair in holes for node in (pair.from_, pair.to)})),
        explanation=(
            f"{small} pass. Larger ones, which must not be cut up, are lost, and no ICMP message (fragmentation "
            "needed, packet too big) tells the sender: connections open, and stall with the first large answer. "
            f"{_why(case, holes)}"
        ),
        evidence=evidence(pods or holes),
        fixes=(
            Fix(f"Set the network plugin's MTU for pods to {to}, and restart the pods"),
            Fix("Or let the network between the nodes carry what their interfaces promise, or pass on ICMP errors"),
        ),
    )
    yield MeshFound(finding, ids(holes))


def _why(case: MeshCase, holes: Sequence[MeshPair]) -> str:
    if any(pair.network != POD for pair in holes):
        return "The nodes' own packets vanish too: the network between them carries less than their interfaces promise."
    overhead = case.encapsulation.overhead
    if overhead:
        return (
            f"The encapsulation ({case.encapsulation.name}) adds {overhead} bytes, for which there must be room, too."
        )
    return "The nodes' own packets of that size were not seen to vanish."


def _between(case: MeshCase, pairs: Sequence[MeshPair]) -> str:
    tested = {tuple(sorted((pair.from_, pair.to))) for pair in pairs}
    links = [link for link in case.links.all if link.nodes in tested]
    return where(links) if links else "pods of the same node"


def masqueraded(case: MeshCase) -> Iterator[MeshFound]:
    """Pods whose packets reach other pods from another address than their own."""
    hidden = [pair for pair in case.pairs if pair.seen_as and pair.network == POD]
    if not hidden:
        return
    seen = sorted({pair.seen_as or "" for pair in hidden})
    finding = Finding(
        code="PodTrafficMasqueraded",
        title=f"pods see {', '.join(seen[:SHOWN])} instead of the address of the pod that sends to them",
        certainty=Certainty.LIKELY,
        objects=node_refs(sorted({pair.from_ for pair in hidden})),
        explanation=(
            f"In {count(len(hidden), 'pair')} of pods the receiver saw another source address than the sender's own. "
            "In the network model of Kubernetes pods reach each other without NAT. With it, policies that select the "
            "sending pods do not match, and servers cannot tell their clients apart. Usually masquerading on the "
            "sending node does not leave out the pods' own networks."
        ),
        evidence=evidence(hidden),
        fixes=(Fix("Leave the pods' networks out of masquerading, in the network plugin or in ip-masq-agent"),),
    )
    yield MeshFound(finding, ids(hidden))
