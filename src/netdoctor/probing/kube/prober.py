"""Probe pods: how a plan is carried out in a cluster."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence

from netdoctor.cluster.client import Client
from netdoctor.cluster.own import RUN_LABEL
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.model.probe import NotTested, ProbePod
from netdoctor.probing.kube.api import ProbeAPI
from netdoctor.probing.kube.manifest import Document
from netdoctor.probing.kube.options import ProbeOptions
from netdoctor.probing.kube.prepare import Prepared, prepare, standing_in
from netdoctor.probing.kube.session import Session
from netdoctor.probing.kube.signals import signals_call
from netdoctor.probing.kube.surroundings import read_surroundings
from netdoctor.probing.kube.waiting import Waiting
from netdoctor.probing.prober import ProbeRun


class KubeProber:
    """Runs plans in short-lived pods, or in ephemeral containers of running ones. A `Prober`."""

    def __init__(self, client: Client, snapshot: Snapshot, options: ProbeOptions) -> None:
        self._client = client
        self._snapshot = snapshot
        self._options = options

    def manifests(self, pods: Sequence[ProbePod]) -> tuple[Document, ...]:
        """What `run` would create, without the owner references that only the API server can give."""
        return tuple(self._prepare(pods).manifests())

    def run(self, pods: Sequence[ProbePod], progress: Callable[[str], None]) -> ProbeRun:
        """Run all pods, as `Prober.run` says."""
        prepared = self._prepare(pods)
        attempts = prepared.attempts
        session = Session(ProbeAPI(self._client), prepared.run)
        interrupted = threading.Event()

        def interrupt() -> None:
            interrupted.set()
            session.post(lambda: None)  # wakes the thread that waits

        with signals_call(interrupt):
            try:
                for namespace, group in prepared.by_namespace.items():
                    session.start(namespace, group, prepared.controlled)
                for attempt in prepared.attached:
                    session.attach(attempt)
                waiting = Waiting(session, attempts, self._options.start_timeout, progress)
                waiting.wait(interrupted.is_set)
            finally:
                left = session.close(keep=self._options.keep)
        if interrupted.is_set():
            raise KeyboardInterrupt
        return ProbeRun(
            tuple(observed for attempt in attempts for observed in attempt.observed()),
            (
                *prepared.not_tested,
                *(missing for attempt in attempts for missing in attempt.not_tested()),
                *(NotTested("cleaning up", f"{text}; it removes itself {self._within}") for text in left),
            ),
            tuple(prepared.warnings),
            tuple(self._notes(prepared)),
        )

    def _prepare(self, pods: Sequence[ProbePod]) -> Prepared:
        around = {
            namespace: read_surroundings(self._client, self._snapshot, namespace) for namespace in standing_in(pods)
        }
        return prepare(pods, self._snapshot, around, self._options)

    @property
    def _within(self) -> str:
        return f"within {self._options.deadline} s"

    def _notes(self, prepared: Prepared) -> Iterator[str]:
        if self._options.keep and prepared.by_namespace:
            label = f"{RUN_LABEL}={prepared.run.id}"
            yield f"the probe pods are kept (label {label}); they remove themselves {self._within}"
        for attempt in prepared.attached:
            yield (
                f"{attempt.pod.position.attach_to} keeps the ended ephemeral container {attempt.container} until the "
                "pod is replaced: Kubernetes cannot remove one"
            )
