"""The tables at the end of a run: which causes and which scenarios were tried in which mode, and what came of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from e2e.runner.scenario import Mode, Scenario

MODES: tuple[Mode, ...] = ("static", "lab", "live")


@dataclass(frozen=True, slots=True)
class Entry:
    """One scenario in one mode: `passed` is None where it was left out, and `note` says why."""

    scenario: Scenario
    mode: Mode
    passed: bool | None
    note: str = ""


def causes_by_mode(entries: Sequence[Entry], codes: Iterable[str]) -> Iterator[str]:
    """A line per cause: in each mode, how many of the scenarios that expect it passed."""
    tried: defaultdict[tuple[str, Mode], list[bool]] = defaultdict(list)
    for entry in entries:
        if entry.passed is not None:
            for code in expected_codes(entry.scenario, entry.mode):
                tried[code, entry.mode].append(entry.passed)
    known = sorted({*codes, *(code for code, _ in tried)})
    return _columns([["cause", *MODES], *([code, *(_share(tried[code, m]) for m in MODES)] for code in known)])


def scenarios_by_mode(entries: Sequence[Entry]) -> Iterator[str]:
    """A line per scenario: what came of it in each mode."""
    cells: defaultdict[str, dict[Mode, str]] = defaultdict(dict)
    for entry in entries:
        word = {True: "ok", False: "FAILED", None: "-"}[entry.passed]
        cells[entry.scenario.name][entry.mode] = f"{word} ({entry.note})" if entry.note else word
    rows = ([name, *(cells[name].get(mode, "") for mode in MODES)] for name in sorted(cells))
    return _columns([["scenario", *MODES], *rows])


def expected_codes(scenario: Scenario, mode: Mode) -> set[str]:
    """The codes, of causes and warnings, that a scenario expects in a mode."""
    expected = [check.expected(mode) for check in scenario.spec.checks]
    return {code for e in expected for codes in (e.causes, e.warnings) for code in codes or ()}


def _share(results: Sequence[bool]) -> str:
    return f"{sum(results)}/{len(results)}" if results else "-"


def _columns(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
