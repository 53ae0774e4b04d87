"""From a mesh that was run to its report."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import msgspec

from netdoctor.cluster.cni import cni
from netdoctor.cluster.encapsulation import encapsulation
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.diagnosis.causes import ALL
from netdoctor.diagnosis.mesh.case import MeshCase, MeshFound, count, describe
from netdoctor.diagnosis.mesh.crossing import cross_node, own_pods
from netdoctor.diagnosis.mesh.isolation import isolated
from netdoctor.diagnosis.mesh.links import Links, links_of
from netdoctor.diagnosis.mesh.loss import lossy
from netdoctor.diagnosis.mesh.pairs import not_tested, pairs_of
from netdoctor.diagnosis.mesh.passing import black_holes, masqueraded
from netdoctor.model.mesh_report import Coverage, MeshPair, MeshReport
from netdoctor.model.report import Evidence, Finding, Untested, Verdict
from netdoctor.probing.mesh.fleet import MeshRun
from netdoctor.probing.mesh.selection import Selection
from netdoctor_probe.mesh.document import NODE, POD

_WOULD_CHANGE = {cause.code: cause.would_change for cause in ALL}


def diagnose_mesh(snapshot: Snapshot, run: MeshRun, selection: Selection, namespace: str) -> MeshReport:
    """Explain a mesh. Pure: the same run always gives the same report."""
    pairs = pairs_of(run)
    nodes = tuple(member.name for member in run.mesh.members)
    links = links_of(nodes, pairs)
    found = _faults(MeshCase(snapshot, encapsulation(snapshot), pairs, links))
    explained = frozenset[str]().union(*(one.explains for one in found))
    unexplained = [pair for pair in pairs if _failed(pair, links) and pair.id not in explained]
    verdict = _verdict(pairs, found, unexplained)
    return MeshReport(
        verdict=verdict,
        summary=_summary(verdict, nodes, pairs, found),
        cni=cni(snapshot).name,
        namespace=namespace,
        nodes=tuple(sorted(nodes)),
        coverage=Coverage(selection.nodes, selection.tested, selection.possible, selection.guarantees()),
        causes=tuple(_with_doubts(one.finding) for one in found),
        unexplained=tuple(Evidence(pair.id, describe(pair)) for pair in unexplained),
        not_tested=(*not_tested(run), *_untried(run, pairs), *_hidden(links)),
        pairs=pairs,
    )


def _faults(case: MeshCase) -> tuple[MeshFound, ...]:
    """Nodes that are cut off, what is broken between the others, and what passes in another way than it should."""
    alone = isolated(case)
    cut_off = {ref.name for one in alone for ref in one.finding.objects}
    return (*alone, *cross_node(case, cut_off), *own_pods(case), *black_holes(case), *masqueraded(case), *lossy(case))


def _with_doubts(finding: Finding) -> Finding:
    """With what would speak against it, as the cause of that code has it."""
    return msgspec.structs.replace(finding, would_change=_WOULD_CHANGE.get(finding.code, ""))


def _failed(pair: MeshPair, links: Links) -> bool:
    """A node that does not answer itself is no fault where packets of pods get through to it."""
    if not pair.tried or pair.ok:
        return pair.stalls
    return pair.network != NODE or not _pods_pass(pair, links)


def _pods_pass(pair: MeshPair, links: Links) -> bool:
    link = links.between(pair.from_, pair.to)
    return link is not None and link.pods_pass is True


def _untried(run: MeshRun, pairs: Sequence[MeshPair]) -> list[Untested]:
    """Pairs that a member has said nothing of, though it said something: once for each node and reason."""
    unserved = {*run.unserved}
    missed: dict[tuple[str, str], int] = defaultdict(int)
    for pair in pairs:
        heard = (pair.from_, NODE if pair.network != POD else POD) in run.said
        if not pair.tried and heard and not (pair.to in unserved and pair.network != NODE):
            missed[pair.from_, pair.because] += 1
    return [Untested(f"{count(n, 'pair')} from {node}", because) for (node, because), n in missed.items()]


def _hidden(links: Links) -> list[Untested]:
    """Links of which only pods were heard."""
    return [
        Untested(f"whether the nodes {link.text} answer each other", "firewalls let only their pods' packets pass")
        for link in links.all
        if link.hosts_pass is False and link.pods_pass
    ]


def _verdict(pairs: Sequence[MeshPair], found: Sequence[MeshFound], unexplained: Sequence[MeshPair]) -> Verdict:
    if found:
        return Verdict.UNHEALTHY
    if not any(pair.tried for pair in pairs):
        return Verdict.NOT_TESTED
    return Verdict.UNDETERMINED if unexplained else Verdict.HEALTHY


def _summary(verdict: Verdict, nodes: Sequence[str], pairs: Sequence[MeshPair], found: Sequence[MeshFound]) -> str:
    if found:
        return "; ".join(one.finding.title for one in found)
    tried = [pair for pair in pairs if pair.tried]
    if verdict is Verdict.NOT_TESTED:
        return "nothing could be tried"
    if verdict is Verdict.UNDETERMINED:
        failing = sum(not pair.ok or pair.stalls for pair in tried)
        return f"{failing} of {len(tried)} pairs fail, and no known cause explains it"
    if len(nodes) == 1:
        return f"there is only node {nodes[0]}: nothing lies between nodes, and its pods reach each other"
    sent, received = sum(pair.sent for pair in tried), sum(pair.received for pair in tried)
    return (
        f"{len(nodes)} nodes reach each other, from pod to pod and from node to node: "
        f"{len(tried)} pairs, {sent - received} of {sent} datagrams lost"
    )
