"""What the members of a mesh said, pair by pair, and what they could not say."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from netdoctor.model.chance import Rate
from netdoctor.model.mesh_report import Delay, MeshPair
from netdoctor.model.report import Untested
from netdoctor.probing.mesh.fleet import NETWORKS, MeshRun
from netdoctor_probe.mesh.document import NODE, POD, PeerSeen

NODE_TO_POD = "nodeToPod"
_WHOSE = {POD: "a pod", NODE: "the node itself"}


def pairs_of(run: MeshRun) -> tuple[MeshPair, ...]:
    """Every pair that was to be tested, in the order of the members; a node's own pods first."""
    return tuple(pair for network in NETWORKS for pair in _pairs(run, network))


def _pairs(run: MeshRun, network: str) -> Iterator[MeshPair]:
    members = run.mesh.members
    for number, member in enumerate(members):
        said = run.said.get((member.name, network))
        seen = {tested.peer: tested for tested in said.tested} if said else {}
        for peer in (number, *run.mesh.peers(number)):
            kind = NODE_TO_POD if network == NODE and peer == number else network
            to = members[peer].name
            if peer in seen:
                yield _pair(member.name, to, kind, seen[peer])
            else:
                because = _why_not(run, member.name, to, network if kind != NODE_TO_POD else POD)
                yield MeshPair(from_=member.name, to=to, network=kind, outcome="skipped", because=because)


def _pair(source: str, to: str, network: str, tested: PeerSeen) -> MeshPair:
    delay = None
    if tested.p50:
        delay = Delay(tested.received, tested.p50 / 1e6, tested.p95 / 1e6, tested.p99 / 1e6)
    return MeshPair(
        from_=source,
        to=to,
        network=network,
        outcome=tested.outcome,
        tcp=tested.tcp,
        sent=tested.sent,
        received=tested.received,
        loss_bounds=_bounds(tested.sent - tested.received, tested.sent) if tested.sent else None,
        delay=delay,
        mtu=tested.mtu or None,
        believed_mtu=tested.believed or None,
        black_hole=tested.hole,
        seen_as=tested.seen or None,
        answered_by=tested.by or None,
        because=tested.meaning,
    )


@cache
def _bounds(lost: int, sent: int) -> tuple[float, float]:
    """Most of many pairs have the same counts."""
    return Rate(lost, sent).bounds()


def _why_not(run: MeshRun, source: str, to: str, network: str) -> str:
    if because := run.missing.get((source, network)):
        return because
    if network == POD and (because := run.unserved.get(to)):
        return f"no pod answered on {to}: {because}"
    return "it did not end in time"


def not_tested(run: MeshRun) -> Iterator[Untested]:
    """What is missing, once for each node."""
    for node, because in run.unserved.items():
        yield Untested(f"the pods of node {node}", because)
    for (node, network), because in run.missing.items():
        if node not in run.unserved or network == NODE:
            yield Untested(f"what {_WHOSE[network]} on {node} reaches", because)
    for (node, network), said in run.said.items():
        if said.cut:
            yield Untested(f"details of what {_WHOSE[network]} on {node} saw", "they are too many for one answer")
