"""The cause of pods that are not known by their own addresses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from netdoctor.diagnosis.case import Case, Seen
from netdoctor.diagnosis.cause import Cause, Certainty, Found, RuledOut, ids, probe_evidence
from netdoctor.diagnosis.pairs import NodePair, follows, node_pairs
from netdoctor.model.refs import ObjectRef
from netdoctor.model.report import Evidence, Finding, Fix
from netdoctor.path.backends import Backend
from netdoctor.path.egress import leaves_cluster


@dataclass(frozen=True, slots=True)
class _Hidden:
    """Between two nodes: pods that policies isolate do not answer, though these admit the source; others do."""

    pair: NodePair
    lost: tuple[Seen, ...]
    others: tuple[Seen, ...]


class PodTrafficMasqueraded(Cause):
    """Pods see another source address than that of the pod that sends.

    What it means: on the way from pod to pod the source address is replaced, as a rule by that of the sender's node.

    Why it breaks: in the network model of Kubernetes pods reach each other without NAT. Policies that select the
    sending pods look for these pods' addresses: what comes from a node's address is not admitted. Servers cannot tell
    their clients apart. Usually masquerading, which is meant for what leaves the cluster, does not leave out the
    ranges of pods on other nodes.

    How it is seen: `netdoctor mesh` asks its own pods from where they are reached, and knows. `check` sees the
    consequence: of two pods on another node that policies let the source reach, the one that policies isolate does not
    answer and the other does, while from a pod on its own node it answers.

    Trap: what leaves the cluster is meant to be masqueraded (EgressUnreachable where it is not). A policy that does
    not admit the source is PolicyDeniesIngress. A network plugin that has not yet applied a policy looks alike, so
    that this is never more than possible in a `check`.

    Fix: leave the pods' ranges out of masquerading, in the network plugin or in ip-masq-agent.

    References: Kubernetes documentation, Cluster Networking, "The Kubernetes network model"; IP Masquerade Agent User
    Guide; Network Policies.
    """

    code: ClassVar[str] = "PodTrafficMasqueraded"
    title: ClassVar[str] = "pods see another source address than the sending pod's"
    would_change: ClassVar[str] = "an answer of the isolated pod, or the sending pod's own address seen there"
    tier: ClassVar[int] = 2

    def examine(self, case: Case) -> Found | RuledOut | None:
        """Found where only pods that policies isolate are lost, and only from another node."""
        if leaves_cluster(case.snapshot, case.path.target) or not case.path.source.on_pod_network:
            return None
        hidden = list(_hidden(case))
        return self._found(case, hidden) if hidden else None

    def _found(self, case: Case, hidden: Sequence[_Hidden]) -> Found:
        first = hidden[0]
        lost = [s for one in hidden for s in one.lost]
        backend = lost[0].aimed.backend
        assert backend is not None
        policies = _isolating(case, lost[0], backend)
        here, there = first.pair.here, first.pair.there
        finding = Finding(
            code=self.code,
            title=f"{backend.label} may see another address than that of the pod on {here}",
            certainty=Certainty.POSSIBLE,
            objects=tuple(ObjectRef("Node", name) for name in dict.fromkeys(one.pair.here for one in hidden)),
            explanation=(
                f"{' and '.join(map(str, policies))} lets the source reach {backend.label}, which answers a pod on its "
                f"own node and not one on {here}. Pods on {there} that no policy isolates answer both. So it may not "
                f"be the way that fails, but the source address: if {here} replaces it by its own (masquerading), the "
                "policy does not know the sender. `netdoctor mesh` shows which address arrives."
            ),
            evidence=(
                *probe_evidence(lost, limit=2),
                *probe_evidence(first.others, limit=1),
                *(Evidence(str(policy), f"isolates {backend.label}") for policy in policies[:1]),
            ),
            fixes=(
                Fix(
                    "leave the pods' own ranges out of masquerading, in the network plugin or in ip-masq-agent",
                    "netdoctor mesh",
                ),
            ),
        )
        return Found(finding, ids(follows(case, lost)), proven=False)


def _hidden(case: Case) -> Iterator[_Hidden]:
    for pair in node_pairs(case):
        lost = tuple(s for s in pair.lost if s.aimed.route and s.aimed.backend and _isolating(case, s, s.aimed.backend))
        others = tuple(
            s for s in (*pair.passed, *pair.back) if s.aimed.backend not in {one.aimed.backend for one in lost}
        )
        if lost and len(lost) == len(pair.lost) and others and all(_answers_beside(case, s) for s in lost):
            yield _Hidden(pair, lost, others)


def _answers_beside(case: Case, seen: Seen) -> bool:
    """Whether the same source is answered from the endpoint's own node: it is not its labels."""
    backend = seen.aimed.backend
    same = case.of(seen.aimed.aim, route=seen.aimed.route, backend=backend)
    return backend is not None and any(s.ok and s.observed.node == backend.node for s in same)


def _isolating(case: Case, seen: Seen, backend: Backend) -> tuple[ObjectRef, ...]:
    route = seen.aimed.route
    return case.expectation.of(backend, route.protocol).ingress.isolated_by if route else ()
