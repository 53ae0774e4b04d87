"""The cause of addresses that mean two things."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from netdoctor.cluster.addresses import parse_address
from netdoctor.diagnosis.address_ranges import Overlap, address_ranges, overlaps_of
from netdoctor.diagnosis.case import Case, Seen
from netdoctor.diagnosis.cause import Cause, Found, RuledOut, certainty, ids, probe_evidence
from netdoctor.diagnosis.pairs import follows, vanished
from netdoctor.model.report import Finding
from netdoctor.probing.aims import Aim


class PodCIDROverlap(Cause):
    """Two ranges of addresses overlap: of pods, of Services, or of nodes.

    What it means: an address is in two ranges at once: the podCIDRs of two nodes, a podCIDR and the range of Services,
    or a podCIDR and the network of the nodes.

    Why it breaks: a packet to such an address goes to one of the two, wherever it was meant for: to a pod beside the
    sender instead of another node, to a Service's endpoints instead of a pod, nowhere instead of a machine.

    How it is seen: in the specs alone: nodes' podCIDR and addresses, pools of the network plugin, serviceSubnet,
    ClusterIPs. It is a cause for flows whose own addresses or nodes are in the overlap, and a warning while these work.

    Trap: a network plugin with pools of its own (Calico, Cilium) may not use the nodes' podCIDRs at all: only ranges
    that pods have addresses of count.

    Fix: ranges are chosen when a cluster is made; give it, or the one node, another range and make the pods anew.

    References: Kubernetes documentation, Cluster Networking, "The Kubernetes network model"; kubeadm,
    ClusterConfiguration, podSubnet and serviceSubnet.
    """

    code: ClassVar[str] = "PodCIDROverlap"
    title: ClassVar[str] = "ranges of addresses of pods, Services or nodes overlap"
    would_change: ClassVar[str] = "other ranges in the fields named"
    tier: ClassVar[int] = 2

    def examine(self, case: Case) -> Found | RuledOut | None:
        """Found where an overlap has to do with this flow."""
        ranges = list(address_ranges(case.snapshot))
        overlaps = list(overlaps_of(ranges))
        mine = [overlap for overlap in overlaps if _concerns(case, overlap)]
        if mine:
            return self._found(case, mine)
        return self.ruled_out("no two ranges overlap") if ranges and not overlaps else None

    def _found(self, case: Case, overlaps: Sequence[Overlap]) -> Found:
        first = overlaps[0]
        lost = [s for s in case.of(Aim.BACKEND, Aim.DNS_SERVER, Aim.VIP) if vanished(s) and _meets(case, s, overlaps)]
        explained = [*follows(case, lost), *(s for s in lost if s in case.failed)]
        fields = tuple(dict.fromkeys(field for o in overlaps for field in (o.one.field, o.other.field)))
        finding = Finding(
            code=self.code,
            title=first.title,
            certainty=certainty(lost),
            objects=fields,
            explanation=first.explanation,
            evidence=(*first.evidence, *probe_evidence(lost, limit=2)),
            fixes=(first.fix,),
        )
        works = case.probed and not explained
        return Found(finding, ids(explained), warning=works)


def _concerns(case: Case, overlap: Overlap) -> bool:
    """Whether the flow has an address in the overlap, or an end on a node whose range it is."""
    addresses = [*_addresses(case)]
    nodes = {b.node for route in case.path.routes for b in route.backends} | {
        s.observed.node for s in case.of(Aim.BACKEND)
    }
    in_it = any(
        address.version == overlap.shared.version and address in overlap.shared
        for text in addresses
        if (address := parse_address(text))
    )
    own = {overlap.one.node, overlap.other.node} - {""}
    return in_it or bool(own & (nodes - {"", None}))


def _addresses(case: Case) -> Iterator[str]:
    for route in case.path.routes:
        yield from route.vips
        yield from (backend.address for backend in route.backends)


def _meets(case: Case, seen: Seen, overlaps: Sequence[Overlap]) -> bool:
    """Whether a probe went to an address in an overlap, or to a pod whose node's own address is in one."""
    probe = seen.observed.probe
    node = case.snapshot.node(seen.aimed.backend.node) if seen.aimed.backend else None
    texts = [probe.host or probe.server, *(one.address for one in (node.status.addresses if node else ()))]
    addresses = [address for text in texts if (address := parse_address(text))]
    return any(a.version == o.shared.version and a in o.shared for a in addresses for o in overlaps)
