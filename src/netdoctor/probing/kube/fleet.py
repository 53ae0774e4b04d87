"""A mesh in a cluster, by DaemonSets: about a dozen requests, however many nodes there are. A `Fleet`."""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from queue import Empty, SimpleQueue
from typing import Any, Protocol

from netdoctor.model.errors import AccessError
from netdoctor.probing.kube.fleet_manifest import ANSWER, ROLES, config_map, daemon_set, example_pod
from netdoctor.probing.kube.manifest import Document, Run, owned, owner, reference
from netdoctor.probing.kube.options import ProbeOptions
from netdoctor.probing.kube.refusals import refusal
from netdoctor.probing.kube.roster import Roster
from netdoctor.probing.kube.signals import signals_call
from netdoctor.probing.mesh.fleet import NETWORKS, MeshPlan, MeshRun
from netdoctor_probe.mesh.document import Mesh

_TICK = 0.5  # seconds between looks at the clock
_SAY_EVERY = 5.0
_GONE_SECONDS = 15.0  # for pods to go, at the end
_MAX_WATCHES = 10  # one after another, as their connections break


class Watch(Protocol):
    """Lines of a watch: an iterable that can be closed from any thread."""

    def __iter__(self) -> Iterator[bytes]: ...

    def close(self) -> None:
        """End it."""
        ...


class FleetAPI(Protocol):
    """The requests that a mesh needs; `ProbeAPI` has them. Each raises AccessError."""

    def create(self, document: Document, *, dry_run: bool = False) -> Document:
        """Create an object, or only ask whether that is admitted."""
        ...

    def delete(self, kind: str, namespace: str, name: str) -> bool:
        """Delete an object and what it owns."""
        ...

    def watch_run(self, namespace: str, run: str) -> Watch:
        """The pods of a run as they are, then every change of them."""
        ...


class KubeFleet:
    """Runs meshes as DaemonSets."""

    def __init__(self, api: FleetAPI, options: ProbeOptions) -> None:
        self._api = api
        self._options = options

    def manifests(self, plan: MeshPlan) -> Iterator[Document]:
        """What `run` would create, without addresses of pods and without owner references."""
        run = self._named(plan)
        yield owner(run, plan.namespace)
        yield config_map(run, plan.namespace, plan.mesh)
        yield from (daemon_set(run, plan, role) for role in ROLES)

    def run(self, plan: MeshPlan, progress: Callable[[str], None]) -> MeshRun:
        """Run a mesh, as `Fleet.run` says."""
        under_way = _Run(self._api, self._named(plan), plan, progress)
        with signals_call(under_way.interrupt):
            try:
                mesh = under_way.carry_out()
            finally:
                left = under_way.close()
        if under_way.interrupted:
            raise KeyboardInterrupt
        notes = tuple(f"{text}; it removes itself within {self._deadline(plan)} s" for text in left)
        return under_way.result(mesh, notes)

    def _named(self, plan: MeshPlan) -> Run:
        options = replace(self._options, deadline=self._deadline(plan))
        return Run(secrets.token_hex(4), int(time.time()) + options.deadline, options)

    def _deadline(self, plan: MeshPlan) -> int:
        """Both kinds of pods one after the other, and time to clean up."""
        return max(self._options.deadline, int(2 * self._options.start_timeout + plan.seconds + 30))


@dataclass(slots=True)
class _Event:
    """Something for the thread that waits: a pod, whether it is gone, or a watch that broke off."""

    pod: dict[str, Any] | None = None
    gone: bool = False
    broke: str = ""


class _Run:
    def __init__(self, api: FleetAPI, run: Run, plan: MeshPlan, progress: Callable[[str], None]) -> None:
        self._api, self._run, self._plan, self._progress = api, run, plan, progress
        self._nodes = [m.name for m in plan.mesh.members if m.name not in plan.down]
        self._roster = Roster()
        self._events: SimpleQueue[_Event] = SimpleQueue()
        self._made: list[Document] = []
        self._owner: Document = {}
        self._closing = threading.Event()
        self._watch: Watch | None = None
        self._broken = ""
        self.interrupted = False

    def interrupt(self) -> None:
        """A signal came."""
        self.interrupted = True
        self._events.put(_Event())

    def carry_out(self) -> Mesh:
        """Pods that answer, then pods that ask; returns the mesh with the addresses of the former."""
        self._owner = reference(self._create(owner(self._run, self._plan.namespace)))
        refused = {role: because for role in ROLES if (because := self._refused(role))}
        for role, because in refused.items():
            self._roster.failed |= {(node, role): because for node in self._nodes}
        if ANSWER not in refused:
            self._create(owned(daemon_set(self._run, self._plan, ANSWER), self._owner))
        threading.Thread(target=self._follow, daemon=True).start()
        self._wait([ANSWER], self._run.options.start_timeout, "have started")
        members = self._plan.mesh.members
        mesh = replace(
            self._plan.mesh, members=tuple(replace(m, pod=self._roster.addresses.get(m.name, "")) for m in members)
        )
        if self.interrupted:
            return mesh
        self._create(owned(config_map(self._run, self._plan.namespace, mesh), self._owner))
        asking = [network for network in NETWORKS if network not in refused]
        for network in asking:
            self._create(owned(daemon_set(self._run, self._plan, network), self._owner))
        self._nodes = [node for node in self._nodes if node in self._roster.addresses] or self._nodes
        self._wait(asking, self._run.options.start_timeout + self._plan.seconds, "have asked")
        return mesh

    def _refused(self, role: str) -> str:
        """Why the API server admits no pod of that role; empty if it does."""
        try:
            self._api.create(example_pod(self._run, self._plan, role), dry_run=True)
        except AccessError as error:
            return refusal(error, f"create a probe pod in namespace {self._plan.namespace}")
        return ""

    def _create(self, document: Document) -> Document:
        self._made.append(document)
        return self._api.create(document)

    def _wait(self, roles: Sequence[str], seconds: float, what: str) -> None:
        """Until all nodes are settled, or the time is up, or a signal comes."""
        until, said = time.monotonic() + seconds, time.monotonic()
        while not self.interrupted and not self._broken and time.monotonic() < until:
            if all(self._roster.settled(self._nodes, role) for role in roles):
                return
            self._take_in(min(_TICK, max(0.0, until - time.monotonic())))
            if time.monotonic() - said >= _SAY_EVERY:
                said = time.monotonic()
                for role in roles:
                    left = self._roster.waiting(self._nodes, role)
                    self._progress(f"{len(self._nodes) - len(left)} of {len(self._nodes)} {role} pods {what}")

    def _take_in(self, seconds: float) -> None:
        with suppress(Empty):
            event = self._events.get(timeout=seconds)
            while True:
                if event.pod is not None and event.gone:
                    self._roster.on_gone(event.pod)
                elif event.pod is not None:
                    self._roster.on_pod(event.pod)
                self._broken = event.broke or self._broken
                event = self._events.get_nowait()

    def _follow(self) -> None:
        """In a thread of its own: every change of every pod, as the one watch brings it."""
        because = "the watch ended"
        for _ in range(_MAX_WATCHES):
            try:
                self._watch = self._api.watch_run(self._plan.namespace, self._run.id)
                self._read(self._watch)
            except AccessError as error:
                because = refusal(error, "watch the probe pods")
            except ValueError as error:  # what breaks off in the middle of a line: the next watch begins anew
                because = f"the watch of the probe pods broke: {error}"
            if self._closing.wait(0.2):
                return
        self._events.put(_Event(broke=because))

    def _read(self, lines: Iterable[bytes]) -> None:
        for line in lines:
            if self._closing.is_set():
                return
            event = json.loads(line)
            pod = event.get("object") if isinstance(event, dict) else None
            if not isinstance(pod, dict):
                raise ValueError("a line that is no event")  # noqa: TRY004 - of the connection, not of a type
            if event.get("type") in {"ADDED", "MODIFIED", "DELETED"}:
                self._events.put(_Event(pod, gone=event["type"] == "DELETED"))

    def close(self) -> tuple[str, ...]:
        """Remove everything; returns what could not be removed, and why.

        The garbage collector removes the pods; that is waited for, though not for long: nothing can stop it any more.
        """
        left = tuple(text for document in reversed(self._made) if (text := self._remove(document)))
        until = time.monotonic() + _GONE_SECONDS
        while self._roster.pods and not left and not self._broken and time.monotonic() < until:
            self._take_in(_TICK)
        self._closing.set()
        if self._watch is not None:
            self._watch.close()
        return left

    def _remove(self, document: Document) -> str:
        kind, metadata = document["kind"], document["metadata"]
        try:
            self._api.delete(kind, metadata["namespace"], metadata["name"])
        except AccessError as error:
            return refusal(error, f"delete {kind} {metadata['namespace']}/{metadata['name']}")
        return ""

    def result(self, mesh: Mesh, notes: tuple[str, ...]) -> MeshRun:
        """What is known at the end."""
        nodes = [member.name for member in mesh.members if member.name not in self._plan.down]
        unserved = {**self._plan.down, **self._roster.waiting(nodes, ANSWER)}
        missing = {(node, network): because for node, because in self._plan.down.items() for network in NETWORKS}
        for network in NETWORKS:
            for node, because in self._roster.waiting(nodes, network).items():
                missing[node, network] = self._broken or because
        return MeshRun(mesh, self._roster.said, missing, unserved, notes)
