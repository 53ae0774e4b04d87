"""Probes from the machine that netdoctor runs on: a client outside the cluster. A `Prober`."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence

from netdoctor.model.probe import NotTested, Observed, ProbePod
from netdoctor.probing.heard import Heard
from netdoctor.probing.kube.signals import signals_call
from netdoctor.probing.prober import ProbeRun
from netdoctor_probe.wire import Plan, encode_plan

_AGENT = "netdoctor_probe"
_END_SECONDS = 10.0  # beyond the plan's own deadline


class LocalProber:
    """Runs the probe agent as a process here. It needs no pod, and no right to make one."""

    def run(self, pods: Sequence[ProbePod], progress: Callable[[str], None]) -> ProbeRun:
        """Run all positions, one after another, as `Prober.run` says."""
        progress("probing from this machine")
        observed: list[Observed] = []
        missing: list[NotTested] = []
        for pod in pods:
            heard = _run(Plan(pod.probes))
            observed += heard.observed(pod.probes, pod.position)
            if count := heard.missing(pod.probes):
                what = f"{count} of {len(pod.probes)} probes from this machine"
                missing.append(NotTested(what, f"the probe agent gave no complete answer{heard.last_words}"))
        return ProbeRun(tuple(observed), tuple(missing))


def _run(plan: Plan) -> Heard:
    """What the agent says. Raises KeyboardInterrupt."""
    process = subprocess.Popen(
        [sys.executable, "-m", _AGENT, "--plan", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    interrupted = threading.Event()

    def interrupt() -> None:
        interrupted.set()
        process.kill()

    try:
        with signals_call(interrupt):
            output, _ = process.communicate(encode_plan(plan), timeout=plan.deadline + _END_SECONDS)
    except subprocess.TimeoutExpired as error:
        output = error.stdout.decode(errors="replace") if isinstance(error.stdout, bytes) else ""
    finally:
        process.kill()
        process.wait()
    if interrupted.is_set():
        raise KeyboardInterrupt
    heard = Heard()
    for line in output.splitlines():
        heard.take(line)
    return heard
