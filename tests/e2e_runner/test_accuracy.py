"""What is counted of scenarios' results, and the page that keeps it."""

from __future__ import annotations

from pathlib import Path

from e2e.runner.accuracy import complete, page, tallies
from e2e.runner.table import Entry
from netdoctor.lab.scenario import Check, Scenario, Spec

KEPT = "Text.\n<!-- measured: make accuracy -->\n<!-- end -->\nMore.\n"


def scenario(name: str, *causes: str, verdict: str = "Unhealthy") -> Scenario:
    return Scenario(Path(name), Spec("t", (Check(command="check x", verdict=verdict, causes=causes),)), ())  # type: ignore[arg-type]


FAULT, ORDER = scenario("fault", "A", "B"), scenario("order", verdict="Healthy")


def counted(entry: Entry) -> dict[str, str]:
    return {code: str(tally) for code, tally in tallies([entry], "lab").items()}


def test_a_scenario_that_passes_named_what_it_expects() -> None:
    assert counted(Entry(FAULT, "lab", True)) == {"A": "1 / 0 / 0", "B": "1 / 0 / 0"}
    assert counted(Entry(ORDER, "lab", True)) == {"(healthy)": "1 / 0 / 0"}
    assert counted(Entry(FAULT, "lab", None)) == counted(Entry(FAULT, "static", True)) == {}


def test_what_was_named_instead_is_missed_and_false() -> None:
    said = "fault [lab]: fault [lab]: exit code 3, not 1\nfault [lab]: causes B, C, not A, B\n"
    assert counted(Entry(FAULT, "lab", False, failure=said)) == {"A": "0 / 1 / 0", "B": "1 / 0 / 0", "C": "0 / 0 / 1"}
    said = "order [lab]: causes C, not none\norder [lab]: verdict Unhealthy, not Healthy\n"
    assert counted(Entry(ORDER, "lab", False, failure=said)) == {"(healthy)": "0 / 1 / 0", "C": "0 / 0 / 1"}


def test_a_check_that_said_nothing_missed_all() -> None:
    said = "fault [lab]: it did not end within 120 s"
    assert counted(Entry(FAULT, "lab", False, failure=said)) == {"A": "0 / 1 / 0", "B": "0 / 1 / 0"}


def test_the_page_keeps_the_columns_of_modes_that_were_not_run() -> None:
    first = page(KEPT, [Entry(FAULT, "live", True)], ["live"], "Two faults at once: 1.")
    assert "| A |  |  | 1 / 0 / 0 |" in first
    second = page(first, [Entry(FAULT, "lab", True)], ["lab"], "")
    assert "| A |  | 1 / 0 / 0 | 1 / 0 / 0 |" in second
    assert "Two faults at once: 1." in second
    assert second.startswith("Text.\n")
    assert second.endswith("More.\n")
    assert page(second, [], [], "") == second


def test_a_mode_is_complete_where_no_scenario_is_lacking() -> None:
    one = [Entry(FAULT, "lab", True)]
    assert complete([FAULT], one, "lab")
    assert not complete([FAULT, ORDER], one, "lab")
    assert not complete([FAULT], [Entry(FAULT, "lab", None)], "lab")
