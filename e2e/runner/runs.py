"""The live runs of a session: side by side where scenarios do not disturb one another, else one at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from pathlib import Path
from threading import Lock

from e2e.cluster import Cni
from e2e.runner.access import Access, Kubectl
from e2e.runner.live import run_live
from e2e.runner.untouched import State, differences, state, wait_until_gone
from netdoctor.lab.scenario import Scenario
from netdoctor.scenarios.result import Result

SIDE_BY_SIDE = 6  # most of a scenario's time is spent waiting for pods and timeouts


class LiveRuns:
    """Runs scenarios live. Those that may run side by side begin at once; `result` waits for one."""

    def __init__(self, scenarios: Sequence[Scenario], access: Callable[[Cni], Access], *, recorded: bool) -> None:
        self._recorded = recorded
        self._scenarios = scenarios
        self._clusters = {cni: Kubectl(access(cni)) for cni in sorted({s.spec.cni for s in scenarios})}
        self._before: dict[Cni, State] = {cni: _state(kubectl) for cni, kubectl in self._clusters.items()}
        self._namespaces: defaultdict[str, Lock] = defaultdict(Lock)
        self._pool = ThreadPoolExecutor(SIDE_BY_SIDE)
        self._futures: dict[Path, Future[Result]] = {
            s.directory: self._pool.submit(self._run, s) for s in scenarios if not s.alone
        }

    def result(self, scenario: Scenario) -> Result:
        """What came of a scenario. Raises ClusterError where it could not be run."""
        if not scenario.alone:
            return self._futures[scenario.directory].result()
        wait(self._futures.values())
        return self._run(scenario)

    def end(self) -> list[str]:
        """Let what runs come to its end. Returns what is not as it was before the first scenario."""
        self._pool.shutdown(cancel_futures=True)
        changed = []
        for cni, kubectl in self._clusters.items():
            used = [name for s in self._scenarios if s.spec.cni == cni for name in s.namespaces]
            wait_until_gone(sorted({*used}), kubectl)
            changed += [f"{cni} cluster: {line}" for line in differences(self._before[cni], _state(kubectl))]
        return changed

    def _run(self, scenario: Scenario) -> Result:
        kubectl = self._clusters[scenario.spec.cni]
        with ExitStack() as held:
            for namespace in sorted(scenario.namespaces):  # in order, so that no two wait for each other
                held.enter_context(self._namespaces[f"{scenario.spec.cni}/{namespace}"])
            held.enter_context(kubectl.access.use(alone=scenario.alone))
            return run_live(scenario, kubectl, recorded=self._recorded)


def _state(kubectl: Kubectl) -> State:
    """The cluster's state while no other run has a fault in it."""
    with kubectl.access.use(alone=False):
        return state(kubectl)
