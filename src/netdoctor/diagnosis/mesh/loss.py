"""Links on which some packets get lost: PacketLoss."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from netdoctor.diagnosis.kubectl import kubectl
from netdoctor.diagnosis.mesh.case import MeshCase, MeshFound, count, ends, evidence, ids, node_refs, where
from netdoctor.diagnosis.mesh.links import Link
from netdoctor.diagnosis.samples import LOSS
from netdoctor.model.chance import Rate, SequentialTest
from netdoctor.model.mesh_report import MeshPair
from netdoctor.model.report import Certainty, Finding, Fix


def lossy(case: MeshCase) -> Iterator[MeshFound]:
    """Links whose loss is a fault, and no chance; of many links one must be more certain, since each has its chance.

    Where packets within a node get lost as well, it is not the way between nodes.
    """
    test = SequentialTest(LOSS.tolerable, LOSS.faulty, LOSS.error / max(1, len(case.links.all)))
    faulty = [
        link
        for link in case.links.all
        if (rate := _rate((*link.pods, *link.hosts))) is not None and test.is_fault(rate)
    ]
    between = [link for link in faulty if not any(_loses(case, node, test) for node in link.nodes)]
    if between:
        yield _found(case, between)


def _rate(pairs: Iterable[MeshPair]) -> Rate | None:
    """Of pairs of which anything was answered: all others fail altogether."""
    counted = [pair for pair in pairs if pair.received]
    sent = sum(pair.sent for pair in counted)
    return Rate(sum(pair.lost for pair in counted), sent) if sent else None


def _loses(case: MeshCase, node: str, test: SequentialTest) -> bool:
    rate = _rate(case.links.within.get(node, ()))
    return rate is not None and test.is_fault(rate) is True


def _found(case: MeshCase, links: list[Link]) -> MeshFound:
    pairs = [pair for link in links for pair in (*link.pods, *link.hosts) if pair.lost]
    rate = _rate(pair for link in links for pair in (*link.pods, *link.hosts))
    within = _rate(pair for node in ends(links) for pair in case.links.within.get(node, ()))
    assert rate is not None
    beside = f" Within these nodes {within.said('were lost')}." if within else ""
    nodes = node_refs(ends(links))
    finding = Finding(
        code="PacketLoss",
        title=f"between {where(links)} {rate.said('datagrams were lost')}",
        certainty=Certainty.LIKELY if within else Certainty.POSSIBLE,
        objects=nodes,
        explanation=(
            f"On {count(len(links), 'link')} more datagrams get no answer than one in 500, which is what applications "
            f"live with.{beside} Each lost handshake of TCP costs a second until it is repeated, each lost DNS query "
            "five. Overloaded links, duplex and cable faults, and filters at random do that."
        ),
        evidence=evidence(sorted(pairs, key=lambda pair: -pair.lost)),
        fixes=tuple(
            Fix(
                f"Look at the counters of {node.name}: errors and dropped",
                kubectl("debug", node, "-it", "--image=busybox", "--", "ip", "-s", "link"),
            )
            for node in nodes[:2]
        ),
    )
    return MeshFound(finding, ids(pairs))
