"""Static mode: the recorded snapshot, no cluster, no probe."""

from __future__ import annotations

import time

from netdoctor.lab.scenario import Scenario, documents, node_names
from netdoctor.scenarios.ask import Answer, ask
from netdoctor.scenarios.result import Result, failures


def run_static(scenario: Scenario) -> Result:
    """Ask a scenario's commands of its snapshot."""
    start = time.monotonic()

    def asked(command: str) -> Answer:
        return ask(command, ["--snapshot", str(scenario.snapshot)], wrap=list)

    found = failures(scenario, "static", _node_names(scenario), asked)
    return Result(time.monotonic() - start, found)


def _node_names(scenario: Scenario) -> dict[str, str]:
    if "${node:" not in scenario.file.read_text():
        return {}
    objects = documents(scenario.snapshot.read_text())
    return node_names([item for item in objects if item["kind"] == "Node"])
