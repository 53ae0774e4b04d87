"""Lab mode: one scenario in the embedded lab, several side by side."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from netdoctor.lab.scenario import Scenario
from netdoctor.scenarios.result import Result

SECONDS = 120  # no scenario may take longer
SIDE_BY_SIDE = 4  # most of a scenario's time is spent waiting for timeouts


class LabRuns:
    """Runs scenarios in labs. All begin at once; `result` waits for one."""

    def __init__(self, scenarios: Sequence[Scenario]) -> None:
        self._pool = ThreadPoolExecutor(SIDE_BY_SIDE)
        self._futures: dict[Path, Future[Result]] = {
            scenario.directory: self._pool.submit(run_lab, scenario) for scenario in scenarios
        }

    def result(self, scenario: Scenario) -> Result:
        """What came of a scenario."""
        return self._futures[scenario.directory].result()

    def end(self) -> None:
        """Do not begin what has not begun."""
        self._pool.shutdown(cancel_futures=True)


def run_lab(scenario: Scenario) -> Result:
    """As a user would: `netdoctor lab run DIRECTORY`."""
    start = time.monotonic()
    command = [sys.executable, "-m", "netdoctor", "lab", "run", str(scenario.directory)]
    try:
        ended = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return Result(SECONDS, (f"{scenario.name} [lab]: it did not end within {SECONDS} s",))
    said = "\n".join(part for part in (ended.stdout, ended.stderr) if part.strip())
    failed = (f"{scenario.name} [lab]: {said}",) if ended.returncode else ()
    return Result(time.monotonic() - start, failed)
