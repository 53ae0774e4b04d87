"""One probe pod under way: everything that is known of it, and what follows. No I/O; the clock is an argument."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum, auto

from netdoctor.model.probe import NotTested, Observed, ProbePod, Role
from netdoctor.probing.heard import Heard
from netdoctor.probing.kube import status
from netdoctor.probing.kube.manifest import Document

UNSCHEDULABLE_GRACE = 2.0  # seconds: a fresh pod can be refused once while the scheduler's view catches up
END_GRACE = 10.0  # seconds beyond the plan's deadline


class Step(Enum):
    """Where an attempt stands."""

    STARTING = auto()
    FOLLOWING = auto()  # its log, from the start of the container
    BROKEN = auto()  # following the log failed: the container has to end first
    REREADING = auto()  # the whole log
    ENDED = auto()


RUNNING = (Step.FOLLOWING, Step.BROKEN, Step.REREADING)


@dataclass(slots=True)
class Attempt:
    """A pod, or an ephemeral container in an existing one.

    Attributes:
        pod: its position, as the pod really takes it, and its probes.
        name: of the Kubernetes pod.
        container: whose log has the observations.
        begun: when it was started; monotonic seconds, as all times here.
        lasts: seconds that the agent may take.
    """

    pod: ProbePod
    name: str
    container: str
    document: Document
    begun: float
    lasts: float
    step: Step = Step.STARTING
    because: str = ""
    stage: str = "being created"
    _pod_status: Document = field(default_factory=dict)
    _heard: Heard = field(default_factory=Heard)
    _started: float = 0.0
    _refused_since: float | None = None

    @property
    def namespace(self) -> str:
        """Of the Kubernetes pod."""
        return self.pod.position.namespace

    def on_status(self, pod: Document, now: float) -> bool:
        """The pod changed. Returns whether its log is to be read now."""
        self._pod_status = pod
        match self.step:
            case Step.STARTING:
                return self._on_start(now)
            case Step.BROKEN:
                return self._reread()
        return False

    def _on_start(self, now: float) -> bool:
        self.stage = status.stage(self._pod_status, self.container)
        if because := status.hopeless(self._pod_status, self.container):
            self.fail(because)
        elif status.started(self._pod_status, self.container):
            self.step, self._started = Step.FOLLOWING, now
            return True
        if not status.unschedulable(self._pod_status):
            self._refused_since = None
        elif self._refused_since is None:
            self._refused_since = now
        return False

    def on_gone(self) -> None:
        """The pod was deleted, and not by us."""
        self.fail("somebody deleted the probe pod while it ran")

    def on_line(self, line: str) -> None:
        """A line of its log: an observation, the end, or words of something else that went wrong."""
        self._heard.take(line)
        if self._heard.end is not None:
            self.step = Step.ENDED

    def on_log_end(self, because: str) -> bool:
        """The log ended, or broke (`because`). Returns whether it is to be read once more now.

        Following fails on nodes that are short of inotify instances; reading the whole log does not.
        """
        if self.step is Step.FOLLOWING:
            self.step = Step.BROKEN
            return self._reread()
        how = status.ended(self._pod_status, self.container)
        self.fail(f"the probe agent gave no complete answer: {because or how}{self._heard.last_words}")
        return False

    def _reread(self) -> bool:
        if not status.ended(self._pod_status, self.container):
            return False
        self.step = Step.REREADING
        return True

    def on_time(self, now: float, start_timeout: float) -> None:
        """Time passed."""
        if self.step in RUNNING and now - self._started > self.lasts + END_GRACE:
            self.fail(f"the probe agent did not end within {self.lasts + END_GRACE:g} s")
        if self.step is not Step.STARTING:
            return
        if self._refused_since is not None and now - self._refused_since >= UNSCHEDULABLE_GRACE:
            self.fail(f"no node takes the probe pod: {status.unschedulable(self._pod_status)}")
        elif now - self.begun >= start_timeout:
            self.fail(f"the probe pod did not start within {start_timeout:g} s: {self.stage}")

    def fail(self, because: str) -> None:
        """Nothing more will come; `because` is for the reader."""
        if self.step is not Step.ENDED:
            self.step, self.because = Step.ENDED, because

    def observed(self) -> Iterator[Observed]:
        """What came back, in the plan's order."""
        node, pod_ip = status.node(self._pod_status), status.pod_ip(self._pod_status)
        yield from self._heard.observed(self.pod.probes, self.pod.position, node, pod_ip)

    def not_tested(self) -> Iterator[NotTested]:
        """What did not."""
        if missing := self._heard.missing(self.pod.probes):
            because = self.because or f"the probe agent answered {self._heard.end} of {len(self.pod.probes)} probes"
            contrast = self.pod.position.role is Role.NODE
            yield NotTested(f"{_count(missing, self.pod)} {place(self.pod)}", because, contrast)


def place(pod: ProbePod) -> str:
    """From where its probes are sent, in words."""
    position = pod.position
    if position.attach_to is not None:
        return f"from inside {position.attach_to}"
    who = f"as {position.stands_for}" if position.stands_for else f"from a neutral pod in {position.namespace}"
    return f"{who} on {position.node}" if position.node else who


def _count(missing: int, pod: ProbePod) -> str:
    number = f"{missing}" if missing == len(pod.probes) else f"{missing} of {len(pod.probes)}"
    return f"{number} probe{'' if number == '1' else 's'}"
