"""Why a pod is not Ready: what its status and its newest events say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from netdoctor.cluster.objects import Container, ContainerStatus, Event, Pod
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.diagnosis.kubectl import kubectl
from netdoctor.model.report import Fix

_SHOWN = 240  # characters of an event's message
_YOUNG = 60.0  # seconds in which a pod may start without being reported


@dataclass(frozen=True, slots=True)
class NotReady:
    """One pod and the reason; `path` is the field of its spec that decides, empty where none does.

    `failing` is False where nothing has gone wrong yet: the pod is only on its way. `probe` tells that it runs, and
    is kept from being Ready by a probe of its own.
    """

    pod: Pod
    because: str
    path: str
    fix: Fix
    failing: bool = True
    probe: bool = False


def why_not_ready(snapshot: Snapshot, pod: Pod) -> NotReady:
    """The first obstacle on a pod's way to Ready."""
    return next(_reasons(snapshot, pod))


def starting(snapshot: Snapshot, reason: NotReady) -> bool:
    """Whether a pod is so young, and so untroubled, that it only needs a moment."""
    begun = reason.pod.status.start_time
    return not reason.failing and begun is not None and (snapshot.taken_at - begun).total_seconds() < _YOUNG


def summary(reasons: Iterable[NotReady]) -> str:
    """`2 pods (a, b): …`, one clause per reason, the commonest first, at most three."""
    listed = list(reasons)
    clauses = []
    for because, count in Counter(r.because for r in listed).most_common(3):
        names = [r.pod.name for r in listed if r.because == because]
        shown = ", ".join(names[:3]) + (", …" if count > 3 else "")
        clauses.append(f"pod {shown}: {because}" if count == 1 else f"{count} pods ({shown}): {because}")
    return "; ".join(clauses)


def _reasons(snapshot: Snapshot, pod: Pod) -> Iterator[NotReady]:
    describe = Fix(f"Look at pod {pod.name} and its events", kubectl("describe", pod.ref))
    if pod.finished:
        yield NotReady(pod, f"it has finished ({pod.status.reason or pod.status.phase})", "", describe)
    if pod.terminating:
        yield NotReady(pod, "it is being deleted", "", describe)
    for condition in pod.status.conditions:
        if condition.type == "PodScheduled" and condition.status == "False":
            yield NotReady(pod, f"it cannot be scheduled: {short(condition.message)}", "spec", describe)
        if condition.type == "Ready" and condition.reason == "NodeNotReady":
            yield NotReady(pod, f"its node {pod.spec.node_name} is not ready", "", describe)
    yield from _of_containers(snapshot, pod, describe)
    met = {c.type for c in pod.status.conditions if c.status == "True"}
    for number, gate in enumerate(pod.spec.readiness_gates):
        if gate.condition_type not in met:
            fix = Fix(f"Find out what should set the condition {gate.condition_type}", kubectl("describe", pod.ref))
            because = f"its readiness gate {gate.condition_type} is not met"
            yield NotReady(pod, because, f"spec.readinessGates[{number}]", fix)
    yield NotReady(pod, f"it is {pod.status.phase or 'not running'} and not Ready", "", describe, failing=False)


@dataclass(frozen=True, slots=True)
class _Part:
    """One container of a pod: its spec and status, where the spec is, and the pod's newest events."""

    pod: Pod
    container: Container
    status: ContainerStatus
    path: str
    events: tuple[Event, ...]

    @property
    def name(self) -> str:
        return self.container.name


def _of_containers(snapshot: Snapshot, pod: Pod, describe: Fix) -> Iterator[NotReady]:
    inits, events = pod.status.init_container_statuses, own_events(snapshot, pod)
    for part in _parts(pod, pod.spec.init_containers, inits, "spec.initContainers", events):
        if part.container.restart_policy != "Always":  # those that are sidecars never finish
            yield from _init(part, describe)
    for part in _parts(pod, pod.spec.containers, pod.status.container_statuses, "spec.containers", events):
        if not part.status.ready:
            yield from _stopped(part, describe)
            if part.status.state.running is not None:
                yield from _unhealthy(part)


def _parts(
    pod: Pod,
    containers: tuple[Container, ...],
    statuses: tuple[ContainerStatus, ...],
    field: str,
    events: tuple[Event, ...],
) -> Iterator[_Part]:
    by_name = {status.name: status for status in statuses}
    for number, container in enumerate(containers):
        if container.name in by_name:
            yield _Part(pod, container, by_name[container.name], f"{field}[{number}]", events)


def _init(part: _Part, describe: Fix) -> Iterator[NotReady]:
    state = part.status.state
    if state.running is not None:
        because = f"init container {part.name} has not finished"
        yield NotReady(part.pod, because, part.path, describe, failing=False)
    elif state.terminated is None or state.terminated.get("exitCode"):
        yield from _stopped(part, describe)


def _stopped(part: _Part, describe: Fix) -> Iterator[NotReady]:
    """A container that waits or has ended."""
    state = part.status.state
    reason = str(state.waiting.get("reason") or "unknown") if state.waiting is not None else ""
    last = part.status.last_state.terminated or state.terminated
    if reason in ("ContainerCreating", "PodInitializing"):
        warning = next((e for e in part.events if e.type == "Warning"), None)
        because = (
            f"{warning.reason}: {short(warning.message)}" if warning else f"container {part.name} is being created"
        )
        yield NotReady(part.pod, because, part.path, describe, failing=warning is not None)
    elif reason == "CrashLoopBackOff" and last is not None:
        yield _ended(part, "is in CrashLoopBackOff", last, "--previous")
    elif state.waiting is not None:
        message = short(str(state.waiting.get("message") or ""))
        because = f"container {part.name} waits: {reason}{f' ({message})' if message else ''}"
        yield NotReady(part.pod, because, f"{part.path}.image" if "Image" in reason else part.path, describe)
    elif state.terminated is not None:
        yield _ended(part, "has ended", state.terminated)


def _ended(part: _Part, how: str, state: Mapping[str, Any], *options: str) -> NotReady:
    ended = f"exit code {state.get('exitCode', '?')}, {state.get('reason', 'Error')}"
    because = f"container {part.name} {how} ({ended}, {part.status.restart_count} restarts)"
    fix = Fix("Read why the container ends", kubectl("logs", part.pod.ref, "-c", part.name, *options))
    return NotReady(part.pod, because, part.path, fix)


def _unhealthy(part: _Part) -> Iterator[NotReady]:
    """A container that runs and does not pass its startup or readiness probe."""
    container = part.container
    word, field, probe = "Readiness", "readinessProbe", container.readiness_probe
    if part.status.started is False and container.startup_probe is not None:
        word, field, probe = "Startup", "startupProbe", container.startup_probe
    if probe is None:
        return
    event = next((e for e in part.events if e.reason == "Unhealthy" and e.message.startswith(word)), None)
    said = f" ({short(event.message)})" if event else ""
    because = f"the {word.lower()} probe of container {part.name} does not pass{said}"
    title = f"Make the {word.lower()} probe of container {part.name} pass, or correct it"
    fix = Fix(title, kubectl("describe", part.pod.ref))
    yield NotReady(part.pod, because, f"{part.path}.{field}", fix, failing=event is not None, probe=True)


def own_events(snapshot: Snapshot, pod: Pod) -> tuple[Event, ...]:
    """The pod's events, not those of an earlier pod of that name."""
    uid = pod.metadata.uid
    return tuple(e for e in snapshot.events_of(pod.ref) if not uid or e.involved_object.uid in ("", uid))


def short(text: str) -> str:
    """A message on one line, and no longer than a reader wants it."""
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]}…"
