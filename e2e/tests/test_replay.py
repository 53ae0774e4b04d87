"""Snapshots that live runs have recorded, replayed in the lab: the diagnosis must be that of the live run."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from e2e.runner.lab import SIDE_BY_SIDE
from e2e.tests.selected import parameters_of
from netdoctor.lab.scenario import Scenario, documents, find, node_names
from netdoctor.scenarios.ask import ask
from netdoctor.scenarios.result import failures

_NOT_KEPT = ("env:", "kind: Secret")  # of both snapshots have only the names
SCENARIOS = Path(__file__).parents[1] / "scenarios"


def replayable() -> list[Scenario]:
    """Scenarios whose snapshot has it all: nothing was done to nodes or outside, no environment or Secret decides."""
    found = find([SCENARIOS])
    recorded = [s for s in found if s.snapshot.exists() and "live" in s.spec.modes and not s.spec.outside]
    whole = [s for s in recorded if not any(word in s.manifests.read_text() for word in _NOT_KEPT)]
    return [s for s in whole if not any(step.run and "kubectl" not in step.run for step in s.spec.inject)]


@pytest.fixture(scope="module")
def replays(request: pytest.FixtureRequest) -> Iterator[dict[str, Future[tuple[str, ...]]]]:
    """What differs, by scenario, of the selected tests; several run side by side."""
    names = {str(given["name"]) for given in parameters_of(request, "test_replay")}
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        yield {s.name: pool.submit(replay, s) for s in replayable() if s.name in names}


def replay(scenario: Scenario) -> tuple[str, ...]:
    """Ask a scenario's commands in a lab made of its snapshot."""
    names = node_names([o for o in documents(scenario.snapshot.read_text()) if o["kind"] == "Node"])
    return failures(scenario, "live", names, lambda command: ask(command, ["--lab", str(scenario.snapshot)], wrap=list))


@pytest.mark.parametrize("name", [scenario.name for scenario in replayable()])
def test_replay(name: str, replays: dict[str, Future[tuple[str, ...]]]) -> None:
    """The same verdict, exit code, causes and objects as live."""
    if found := replays[name].result():
        pytest.fail("\n\n".join(found), pytrace=False)


def test_enough_are_replayed() -> None:
    """Most faults show in objects."""
    assert len(replayable()) >= 15
