"""From a plan to pods: which of its positions can be taken, and with what manifests. Nothing is sent."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from netdoctor.cluster.snapshot import Snapshot
from netdoctor.model.probe import NotTested, Position, Probe, ProbePod, Role
from netdoctor.probing.kube.attempt import Attempt, place
from netdoctor.probing.kube.manifest import (
    CONTAINER,
    Document,
    Run,
    anchor,
    ephemeral_container,
    owner,
    probe_pod,
    split,
)
from netdoctor.probing.kube.options import ProbeOptions
from netdoctor.probing.kube.standin import StandIn, stand_in
from netdoctor.probing.kube.surroundings import EXTRA, Surroundings
from netdoctor_probe.wire import Plan

# A container younger than ten seconds has no metrics yet, so that no autoscaler takes it for a replica with an
# unusual load: freshContainerMinMetricsResolution in kubernetes-sigs/metrics-server, pkg/storage/pod.go.
WEIGHED_LASTS = 8.0


@dataclass(slots=True)
class Prepared:
    """A run before it starts.

    Attributes:
        run: its name and its bounds.
        attempts: its pods and ephemeral containers.
        controlled: names of the pods that need a controller reference.
        not_tested: positions that cannot be taken.
        warnings: what differs from the plan.
    """

    run: Run
    attempts: list[Attempt] = field(default_factory=list)
    controlled: set[str] = field(default_factory=set)
    not_tested: list[NotTested] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def attached(self) -> list[Attempt]:
        """Those that enter an existing pod."""
        return [attempt for attempt in self.attempts if attempt.pod.position.attach_to is not None]

    @property
    def by_namespace(self) -> dict[str, list[Attempt]]:
        """Those that are pods of their own."""
        groups: dict[str, list[Attempt]] = {}
        for attempt in self.attempts:
            if attempt.pod.position.attach_to is None:
                groups.setdefault(attempt.namespace, []).append(attempt)
        return groups

    def manifests(self) -> Iterator[Document]:
        """All objects, without the owner references: those need the owner's uid."""
        for namespace, attempts in self.by_namespace.items():
            yield owner(self.run, namespace)
            if any(attempt.name in self.controlled for attempt in attempts):
                yield anchor(self.run, namespace)
            yield from (attempt.document for attempt in attempts)
        yield from (attempt.document for attempt in self.attached)


def standing_in(pods: Sequence[ProbePod]) -> list[str]:
    """Namespaces in which a pod carries the labels of another, so that their surroundings matter."""
    positions = (pod.position for pod in pods)
    return list(dict.fromkeys(p.namespace for p in positions if p.labels and p.attach_to is None))


def prepare(
    pods: Sequence[ProbePod], snapshot: Snapshot, around: Mapping[str, Surroundings], options: ProbeOptions
) -> Prepared:
    """Prepare a run; `around` has the surroundings of the namespaces that `standing_in` names."""
    run = Run(secrets.token_hex(4), int(time.time()) + options.deadline, options)
    prepared = Prepared(run, not_tested=list(_unread(around)))
    for pod in pods:
        taken = stand_in(pod.position, around.get(pod.position.namespace, Surroundings()))
        prepared.warnings += [text for text in taken.warnings if text not in prepared.warnings]
        if because := taken.refusal or _node_down(pod.position, snapshot):
            contrast = pod.position.role is Role.NODE
            prepared.not_tested.append(NotTested(f"{len(pod.probes)} probes {place(pod)}", because, contrast))
            continue
        for probes in split(pod.probes):
            attempt = _attempt(run, len(prepared.attempts), taken, probes)
            prepared.attempts.append(attempt)
            if taken.controller:
                prepared.controlled.add(attempt.name)
    return prepared


def _unread(around: Mapping[str, Surroundings]) -> Iterator[NotTested]:
    for namespace, surroundings in around.items():
        for kind in EXTRA:
            if because := surroundings.unread.get(kind):
                yield NotTested(f"whether a {kind} of namespace {namespace} would act on the probe pods", because)


def _attempt(run: Run, number: int, taken: StandIn, probes: tuple[Probe, ...]) -> Attempt:
    lasts = run.options.deadline - run.options.start_timeout  # so that it ends in time even if it starts late
    if taken.weighed:
        lasts = min(lasts, WEIGHED_LASTS)
    plan = Plan(probes, deadline=lasts)
    name = f"{run.name}-p{number}"  # no StatefulSet's pod is called so: they end in -NUMBER
    position = taken.position
    if target := position.attach_to:
        identity = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": target.name, "namespace": target.namespace}}
        document = {**identity, **ephemeral_container(run, name, plan)}
        pod = ProbePod(replace(position, namespace=target.namespace), probes)
        return Attempt(pod, target.name, name, document, time.monotonic(), lasts)
    document = probe_pod(run, name, position, plan)
    return Attempt(ProbePod(position, probes), name, CONTAINER, document, time.monotonic(), lasts)


def _node_down(position: Position, snapshot: Snapshot) -> str:
    """Why no pod can start on the node, so that nobody waits for it; empty if one can."""
    node = snapshot.node(position.node) if position.node else None
    ready = next((c for c in node.status.conditions if c.type == "Ready"), None) if node else None
    if node is None or ready is None or ready.status == "True":
        return ""
    return f"{node.ref} is not Ready: {ready.reason}: {ready.message}"
