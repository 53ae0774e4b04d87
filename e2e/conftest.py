"""The scenario runner as pytest sees it: options, which scenario runs in which mode, and the tables at the end."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

import pytest

from e2e.cluster import Cni
from e2e.runner.access import Access, GivenCluster, OwnCluster
from e2e.runner.accuracy import PAGE, complete, page
from e2e.runner.lab import LabRuns
from e2e.runner.runs import LiveRuns
from e2e.runner.table import Entry, causes_by_mode, scenarios_by_mode
from netdoctor.diagnosis.causes import ALL
from netdoctor.lab.scenario import Mode, Scenario, ScenarioError, find

OWN = Path(__file__).parent / "scenarios"
RUNNABLE: tuple[Mode, ...] = ("static", "lab", "live")
_SCENARIOS = pytest.StashKey[list[Scenario]]()
_ENTRIES = pytest.StashKey[list[Entry]]()
_PAIRS = pytest.StashKey[list[str]]()
_STALE = pytest.StashKey[str]()
_SCRATCH = pytest.StashKey[Path]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """The runner's options."""
    group = parser.getgroup("scenarios")
    group.addoption("--scenarios", action="append", type=Path, metavar="DIR", help="scenarios instead of e2e/scenarios")
    group.addoption("--mode", action="append", choices=RUNNABLE, help="only this mode; default: all")
    group.addoption("--context", metavar="NAME", help="a context of an existing cluster instead of the project's own")
    group.addoption("--kubeconfig", type=Path, metavar="FILE", help="a kubeconfig of an existing cluster")
    group.addoption("--accuracy", choices=("write", "check"), help="write docs/accuracy.md, or compare with it")
    group.addoption("--record", action="store_true", help="write each live scenario's snapshot.yaml")


def pytest_configure(config: pytest.Config) -> None:
    """Read all scenarios first, so that a mistake in one is said at once. SIGTERM unwinds, so that faults are undone."""  # noqa: E501
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        config.stash[_SCENARIOS] = find(config.getoption("--scenarios") or [OWN])
    except ScenarioError as error:
        raise pytest.UsageError(str(error)) from error
    config.stash[_ENTRIES] = []
    config.stash[_PAIRS] = []
    scratch = TemporaryDirectory(prefix="netdoctor-e2e-")
    config.add_cleanup(scratch.cleanup)
    config.stash[_SCRATCH] = Path(scratch.name)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test for each scenario and mode: static first, then live, then static of what has just been recorded."""
    if "scenario" not in metafunc.fixturenames:
        return
    chosen = metafunc.config.getoption("--mode") or RUNNABLE
    entries = metafunc.config.stash[_ENTRIES]
    entries.clear()
    pairs = []
    for scenario in _with_snapshots(metafunc.config, chosen):
        for mode in scenario.spec.modes:
            if note := _left_out(metafunc.config, scenario, mode):
                entries.append(Entry(scenario, mode, None, note))
            elif mode in chosen:
                pairs.append((scenario, mode))
    recorded = metafunc.config.getoption("--record")

    def turn(pair: tuple[Scenario, Mode]) -> int:
        scenario, mode = pair
        if mode == "static":
            return 4 if recorded or scenario.recorded else 0
        return 1 if mode == "lab" else 2 + scenario.alone

    pairs.sort(key=turn)
    metafunc.parametrize(("scenario", "mode"), pairs, ids=[f"{scenario.name}-{mode}" for scenario, mode in pairs])


def _with_snapshots(config: pytest.Config, chosen: Sequence[Mode]) -> Iterator[Scenario]:
    """The scenarios; where one has no snapshot, its live run writes one for its static run, outside the directory."""
    scenarios = config.stash[_SCENARIOS]
    for number, scenario in enumerate(scenarios):
        lacking = "static" in scenario.spec.modes and not scenario.snapshot.exists()
        live = "live" in chosen and "live" in scenario.spec.modes and not _left_out(config, scenario, "live")
        if lacking and live and not config.getoption("--record"):
            yield replace(scenario, recorded=config.stash[_SCRATCH] / f"{number}-{scenario.name}.yaml")
        else:
            yield scenario


def _left_out(config: pytest.Config, scenario: Scenario, mode: Mode) -> str:
    """Why a scenario does not run in a mode here; empty if it does."""
    recorded = scenario.recorded or (config.getoption("--record") and "live" in scenario.spec.modes)
    if mode == "static" and not scenario.snapshot.exists() and not recorded:
        return "no snapshot.yaml, and no live run that writes one"
    if mode == "live" and _given(config):
        if scenario.spec.outside or any(step.node for step in scenario.spec.inject):
            return "changes nodes or hosts outside, which a given cluster does not allow"
        if scenario.spec.cni == "plain":
            return "needs a cluster that does not enforce policies"
    return ""


def _given(config: pytest.Config) -> bool:
    return bool(config.getoption("--context") or config.getoption("--kubeconfig"))


@pytest.fixture(scope="session")
def lab_runs(request: pytest.FixtureRequest) -> Iterator[LabRuns]:
    """The lab runs of all selected tests."""
    runs = LabRuns(_selected(request, "lab"))
    yield runs
    runs.end()


def _selected(request: pytest.FixtureRequest, mode: Mode) -> list[Scenario]:
    parameters = [
        i.callspec.params for i in request.session.items if isinstance(i, pytest.Function) and hasattr(i, "callspec")
    ]
    return [cast("Scenario", p["scenario"]) for p in parameters if p.get("mode") == mode]


@pytest.fixture(scope="session")
def live_runs(request: pytest.FixtureRequest) -> Iterator[LiveRuns]:
    """The live runs of all selected tests. The cluster must be as it was when they have ended."""
    config = request.config

    def access(cni: Cni) -> Access:
        if _given(config):
            return GivenCluster(config.getoption("--context"), config.getoption("--kubeconfig"))
        return OwnCluster(cni)

    runs = LiveRuns(_selected(request, "live"), access, recorded=config.getoption("--record"))
    try:
        yield runs
    finally:
        changed = runs.end()
    assert not changed, "\n".join(["the scenarios changed the cluster:", *changed])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Keep what came of each scenario for the tables."""
    report = yield
    params = item.callspec.params if hasattr(item, "callspec") else {}
    if "scenario" in params and (call.when == "call" or (call.when == "setup" and call.excinfo)):
        failure = str(call.excinfo.value) if call.excinfo else ""
        passed = call.excinfo is None
        item.config.stash[_ENTRIES].append(Entry(params["scenario"], params["mode"], passed, failure=failure))
    if call.when == "call":
        item.config.stash[_PAIRS] += [str(value) for name, value in item.user_properties if name == "pairs"]
    return report


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write what the run measured, or compare it: a page that is out of date fails the session."""
    config = session.config
    wanted = config.getoption("--accuracy")
    if not wanted:
        return
    kept = PAGE.read_text(encoding="utf-8")
    entries, scenarios = config.stash[_ENTRIES], config.stash[_SCENARIOS]
    modes = [mode for mode in RUNNABLE if complete(scenarios, entries, mode)]
    # How many pairs are named varies with the machine by one or two: their own test says how many must be.
    pairs = "".join(config.stash[_PAIRS][:1]) if wanted == "write" else ""
    measured = page(kept, entries, modes, pairs)
    if wanted == "write":
        PAGE.write_text(measured, encoding="utf-8")
    elif measured != kept:
        config.stash[_STALE] = f"{PAGE} is not what this run measured: make accuracy writes it"
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print both tables."""
    if stale := config.stash.get(_STALE, ""):
        terminalreporter.write_line(stale, red=True)
    entries = config.stash[_ENTRIES]
    if any(entry.passed is not None for entry in entries):
        terminalreporter.section("scenarios")
        for line in scenarios_by_mode(entries):
            terminalreporter.write_line(line)
        terminalreporter.section("causes: scenarios passed / tried")
        for line in causes_by_mode(entries, (cause.code for cause in ALL)):
            terminalreporter.write_line(line)
