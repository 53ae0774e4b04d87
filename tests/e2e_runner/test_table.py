"""The tables at the end of a run."""

from __future__ import annotations

from pathlib import Path

from e2e.runner.table import Entry, causes_by_mode, scenarios_by_mode
from netdoctor.lab.scenario import Check, Mode, Scenario, Spec


def entry(name: str, mode: Mode, passed: bool | None, *causes: str, note: str = "") -> Entry:
    check = Check(command="check svc/a", causes=causes, warnings=("W",))
    return Entry(Scenario(Path(name), Spec(title="t", checks=(check,)), ()), mode, passed, note)


ENTRIES = [
    entry("one", "static", True, "A"),
    entry("one", "live", True, "A"),
    entry("two", "live", False, "A"),
    entry("two", "lab", None, "A", note="not yet"),
]


def test_causes_by_mode() -> None:
    assert list(causes_by_mode(ENTRIES, ["A", "B"])) == [
        "cause  static  lab  live",
        "A      1/1     -    1/2",
        "B      -       -    -",
        "W      1/1     -    1/2",
    ]


def test_scenarios_by_mode_are_those_that_were_tried() -> None:
    others = [entry("three", "lab", None, note="not yet"), entry("one", "lab", None, note="too big")]
    assert list(scenarios_by_mode([*ENTRIES, *others])) == [
        "scenario  static  lab  live",
        "one       ok      -    ok",
        "two               -    FAILED",
        "- lab: not yet (two)",
        "- lab: too big (one)",
    ]
