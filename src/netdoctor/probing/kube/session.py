"""The requests of one run under way, each in a thread of its own; what comes back is carried out in one thread.

Threads never touch an `Attempt`: they post what is to be done to a queue, and the thread that owns the attempts
carries it out (`Session.step`). That thread does no I/O, so it answers a signal at once.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import Empty, SimpleQueue
from typing import Any

from netdoctor.cluster.client import ApiError, Stream
from netdoctor.model.errors import AccessError
from netdoctor.probing.kube.api import ProbeAPI
from netdoctor.probing.kube.attempt import Attempt, Step
from netdoctor.probing.kube.manifest import Document, Run, anchor, owned, owner, reference
from netdoctor.probing.kube.refusals import refusal

PARALLEL = 16  # requests at a time
MAX_WATCHES = 5  # of the same pods, one after another, as their connections break


class Session:
    """Creates the pods of a run, watches them and reads their logs; `close` removes everything."""

    def __init__(self, api: ProbeAPI, run: Run) -> None:
        self._api = api
        self._run = run
        self._todo: SimpleQueue[Callable[[], object]] = SimpleQueue()
        self._pool = ThreadPoolExecutor(PARALLEL)
        self._closing = threading.Event()
        self._streams: set[Stream] = set()
        self._lock = threading.Lock()  # of _streams and _made
        self._made: set[tuple[str, str, str]] = set()  # kind, namespace, name

    # The thread that owns the attempts ------------------------------------------------------------------------

    def step(self, timeout: float) -> None:
        """Carry out what was posted; wait for the first of it at most `timeout` seconds."""
        try:
            self._todo.get(timeout=timeout)()
            while True:
                self._todo.get_nowait()()
        except Empty:
            return

    def post(self, do: Callable[[], object]) -> None:
        """Have something carried out there. Safe in signal handlers."""
        self._todo.put(do)

    def start(self, namespace: str, attempts: Sequence[Attempt], controlled: Collection[str]) -> None:
        """Start the pods of one namespace; those named in `controlled` get a controller reference."""
        by_name = {attempt.name: attempt for attempt in attempts}
        self._spawn(self._watch, lambda: self._api.watch_run(namespace, self._run.id), by_name)
        self._submit(self._create_all, namespace, attempts, controlled)

    def attach(self, attempt: Attempt) -> None:
        """Start one ephemeral container."""
        opened = lambda: self._api.watch_pod(attempt.namespace, attempt.name)  # noqa: E731
        self._spawn(self._watch, opened, {attempt.name: attempt})
        self._submit(self._attach, attempt)

    def look_for_warnings(self, attempt: Attempt, found: Callable[[str], object]) -> None:
        """Post `found` with the newest Warning event about the pod, if there is one."""
        self._submit(self._warnings, attempt, found)

    def close(self, *, keep: bool) -> tuple[str, ...]:
        """End all requests and remove everything; returns what could not be removed, and why.

        Pods are deleted one by one although the owner's deletion would take them with it: when this returns they
        are gone, however busy the garbage collector is. What a request still under way may create afterwards has
        no owner any more, and goes the same way.
        """
        self._closing.set()
        with self._lock:
            streams = list(self._streams)
        for stream in streams:
            stream.close()
        self._pool.shutdown(wait=True, cancel_futures=True)
        if keep or not self._made:
            return ()
        with ThreadPoolExecutor(PARALLEL) as pool:
            return tuple(text for text in pool.map(self._remove, sorted(self._made)) if text)

    # Worker threads -------------------------------------------------------------------------------------------

    def _submit(self, task: Callable[..., None], *arguments: object) -> None:
        if not self._closing.is_set():
            self._pool.submit(self._guarded, task, *arguments)

    def _spawn(self, task: Callable[..., None], *arguments: object) -> None:
        """For streams, which may be silent for long: these threads must not keep the process alive."""
        threading.Thread(target=self._guarded, args=(task, *arguments), daemon=True).start()

    def _guarded(self, task: Callable[..., None], *arguments: object) -> None:
        try:
            task(*arguments)
        except Exception as error:  # noqa: BLE001 (raised where the attempts are: a fault of ours must not be silent)
            self.post(lambda error=error: _raise(error))  # type: ignore[misc]

    def _create(self, document: Document) -> Document:
        metadata = document["metadata"]
        with self._lock:
            self._made.add((document["kind"], metadata["namespace"], metadata["name"]))
        return self._api.create(document)

    def _create_all(self, namespace: str, attempts: Sequence[Attempt], controlled: Collection[str]) -> None:
        doing = f"create the owner of the probe pods in namespace {namespace}"
        try:
            plain = reference(self._create(owner(self._run, namespace)))
            doing = f"create the controller of the probe pods in namespace {namespace}"
            controller = plain
            if any(attempt.name in controlled for attempt in attempts):
                controller = reference(self._create(owned(anchor(self._run, namespace), plain)), controller=True)
        except AccessError as error:
            because = refusal(error, doing)
            for attempt in attempts:
                self.post(lambda attempt=attempt: attempt.fail(because))  # type: ignore[misc]
            return
        for attempt in attempts:
            self._submit(self._create_pod, attempt, controller if attempt.name in controlled else plain)

    def _create_pod(self, attempt: Attempt, owner_reference: Document) -> None:
        try:
            self._create(owned(attempt.document, owner_reference))
        except AccessError as error:
            because = refusal(error, f"create a probe pod in namespace {attempt.namespace}")
            self.post(lambda: attempt.fail(because))

    def _attach(self, attempt: Attempt) -> None:
        try:
            self._api.add_ephemeral_container(attempt.namespace, attempt.name, attempt.document)
        except AccessError as error:
            because = refusal(error, f"add an ephemeral container to pod {attempt.namespace}/{attempt.name}")
            self.post(lambda: attempt.fail(because))

    def _watch(self, opened: Callable[[], Stream], attempts: Mapping[str, Attempt]) -> None:
        because = "the watch ended"
        for _ in range(MAX_WATCHES):
            try:
                self._stream(opened, lambda line: self._on_event(json.loads(line), attempts))
            except AccessError as error:
                because = refusal(error, "watch the probe pods")
            if self._closing.wait(0.2):
                return
        for attempt in attempts.values():
            self.post(lambda attempt=attempt: attempt.fail(because))  # type: ignore[misc]

    def _on_event(self, event: Mapping[str, Any], attempts: Mapping[str, Attempt]) -> None:
        pod = event["object"]
        attempt = attempts.get((pod.get("metadata") or {}).get("name", ""))
        if attempt is None:
            return
        if event["type"] == "DELETED":
            self.post(attempt.on_gone)
        else:
            self.post(lambda: self._on_status(attempt, pod))

    def _on_status(self, attempt: Attempt, pod: Document) -> None:
        if attempt.on_status(pod, time.monotonic()):
            self._read(attempt)

    def _read(self, attempt: Attempt) -> None:
        self._spawn(self._read_log, attempt, attempt.step is Step.FOLLOWING)

    def _read_log(self, attempt: Attempt, follow: bool) -> None:
        because = ""
        try:
            self._stream(
                lambda: self._api.log(attempt.namespace, attempt.name, attempt.container, follow=follow),
                lambda line: self.post(lambda: attempt.on_line(line.decode(errors="replace"))),
            )
        except AccessError as error:
            because = refusal(error, f"read the log of probe pod {attempt.namespace}/{attempt.name}")
            if isinstance(error, ApiError) and error.reason == "Forbidden":
                self.post(lambda: attempt.fail(because))
        self.post(lambda: self._on_log_end(attempt, because))

    def _on_log_end(self, attempt: Attempt, because: str) -> None:
        if attempt.on_log_end(because):
            self._read(attempt)

    def _warnings(self, attempt: Attempt, found: Callable[[str], object]) -> None:
        try:
            messages = self._api.warnings(attempt.namespace, attempt.name)
        except AccessError:  # events only help to explain
            return
        if messages:
            self.post(lambda: found(messages[-1]))

    def _stream(self, opened: Callable[[], Stream], on_line: Callable[[bytes], object]) -> None:
        """Take in a stream line by line, until it ends or the session does."""
        stream = opened()
        with self._lock:
            self._streams.add(stream)
        try:
            with stream:
                for line in stream:
                    if self._closing.is_set():
                        return
                    on_line(line)
        finally:
            with self._lock:
                self._streams.discard(stream)

    def _remove(self, made: tuple[str, str, str]) -> str:
        kind, namespace, name = made
        try:
            self._api.delete(kind, namespace, name)
        except AccessError as error:
            return refusal(error, f"delete {kind} {namespace}/{name}")
        return ""


def _raise(error: Exception) -> None:
    raise error
