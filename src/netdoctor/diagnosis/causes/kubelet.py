"""The cause of pods that are well and never Ready: their own kubelet does not reach them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from netdoctor.diagnosis.case import Case, Seen
from netdoctor.diagnosis.cause import Cause, Certainty, Found, RuledOut, ids, probe_evidence
from netdoctor.diagnosis.kubectl import kubectl
from netdoctor.diagnosis.no_endpoints import symptoms
from netdoctor.diagnosis.not_ready import short
from netdoctor.diagnosis.pairs import arrived, vanished
from netdoctor.model.probe import Outcome, Role
from netdoctor.model.refs import ObjectRef
from netdoctor.model.report import Evidence, Finding, Fix
from netdoctor.path.backends import Backend
from netdoctor.path.expectation import destination
from netdoctor.policy.rules import Direction
from netdoctor.probing.aims import Aim

_ASKED = (Aim.NODE_POD, Aim.UNREADY)


@dataclass(frozen=True, slots=True)
class _Blocked:
    """A pod that answers pods, and not its own node."""

    backend: Backend
    from_node: tuple[Seen, ...]
    from_pods: tuple[Seen, ...]


class KubeletToPodBlocked(Cause):
    """A node does not reach the pods that run on it, and other pods do.

    What it means: what the node itself sends to its own pods is lost. The kubelet asks from there whether pods are
    Ready and alive.

    Why it breaks: a rule in the node's OUTPUT chain, a host firewall, reverse path filtering, or a missing route to
    the pods' interfaces. Readiness probes fail, so that pods which serve well leave their Services; liveness probes
    fail, so that they are restarted.

    How it is seen: a hostNetwork probe pod on the node gets no answer from a pod there which answers another pod.

    Trap: most network plugins always admit the node, some do not: where a NetworkPolicy isolates the pod, it is not
    this cause. A probe that asks for a wrong port or path fails from everywhere, and is no matter of the way.

    Fix: let the node's own traffic to the range of its pods through.

    References: Kubernetes documentation, Cluster Networking ("agents on a node can communicate with all pods on that
    node"); Configure Liveness, Readiness and Startup Probes.
    """

    code: ClassVar[str] = "KubeletToPodBlocked"
    title: ClassVar[str] = "a node does not reach its own pods"
    would_change: ClassVar[str] = "an answer of the pod to its own node"
    tier: ClassVar[int] = 2

    def examine(self, case: Case) -> Found | RuledOut | None:
        """Found where a pod answers pods, and not the node that it runs on."""
        asked = [s for s in case.of(*_ASKED, role=Role.NODE) if s.tried and _own(s)]
        blocked = list(_blocked(case, asked))
        if blocked:
            return self._found(case, blocked)
        answered = [s for s in asked if arrived(s)]
        return self.ruled_out(f"{answered[0].observed.node} reaches its own pods") if answered else None

    def _found(self, case: Case, blocked: Sequence[_Blocked]) -> Found:
        first = blocked[0]
        node, pod = first.backend.node, first.backend.pod
        said = [
            event
            for one in blocked
            if one.backend.pod is not None
            for event in case.snapshot.events_of(one.backend.pod.ref)
            if event.reason == "Unhealthy"
        ]
        failed = symptoms(case, tuple(route for route in case.path.routes if not route.ready))
        finding = Finding(
            code=self.code,
            title=f"node {node} does not reach its own pods",
            certainty=Certainty.CERTAIN if said else Certainty.LIKELY,
            objects=(ObjectRef("Node", node),),
            explanation=(
                f"{first.backend.label} answers {first.from_pods[0].observed.position.id}"
                f"{_on(first.from_pods[0])}, and not {node}, on which it runs. The kubelet asks from there, so its "
                "probes fail whatever the application does: pods leave their Services, or are restarted."
            ),
            evidence=(
                *probe_evidence(first.from_node, limit=1),
                *probe_evidence(first.from_pods, limit=1),
                *([Evidence(str(pod.ref), short(said[0].message))] if said and pod else []),
            ),
            fixes=(
                Fix(
                    f"let what {node} itself sends to its pods through: look at the rules of its OUTPUT chain, and at "
                    "the routes to its pods",
                    kubectl("describe", ObjectRef("Node", node)),
                ),
            ),
        )
        return Found(finding, ids(failed))


def _blocked(case: Case, asked: Sequence[Seen]) -> Iterator[_Blocked]:
    for backend in dict.fromkeys(s.aimed.backend for s in asked):
        if backend is None or _isolated(case, backend):
            continue
        from_node = tuple(s for s in asked if s.aimed.backend == backend)
        lost = all(vanished(s) or s.outcome is Outcome.REJECTED for s in from_node)
        from_pods = tuple(s for s in case.of(*_ASKED) if s.aimed.backend == backend and s.ok)
        if lost and from_pods:
            yield _Blocked(backend, from_node, from_pods)


def _own(seen: Seen) -> bool:
    return seen.aimed.backend is not None and seen.aimed.backend.node == seen.observed.node


def _isolated(case: Case, backend: Backend) -> bool:
    """Whether policies select the pod for ingress: some network plugins apply them to the node's traffic too."""
    local = destination(backend, case.snapshot)
    return any(ruleset.isolates for ruleset in case.expectation.policies.selecting(local, Direction.INGRESS))


def _on(seen: Seen) -> str:
    return f" on {seen.observed.node}" if seen.observed.node else ""
