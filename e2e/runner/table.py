"""The tables at the end of a run: which causes and which scenarios were tried in which mode, and what came of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from netdoctor.lab.scenario import Mode, Scenario

MODES: tuple[Mode, ...] = ("static", "lab", "live")


@dataclass(frozen=True, slots=True)
class Entry:
    """One scenario in one mode: `passed` is None where it was left out, and `note` says why. `failure` is its text."""

    scenario: Scenario
    mode: Mode
    passed: bool | None
    note: str = ""
    failure: str = ""


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
    """A line per scenario that was tried: what came of it in each mode. Then why which of them were left out."""
    words = {True: "ok", False: "FAILED", None: "-"}
    tried = {entry.scenario.name for entry in entries if entry.passed is not None}
    cells: defaultdict[str, dict[Mode, str]] = defaultdict(dict)
    left_out: defaultdict[str, list[str]] = defaultdict(list)
    for entry in entries:
        if entry.scenario.name in tried:
            cells[entry.scenario.name][entry.mode] = words[entry.passed]
            if entry.passed is None:
                left_out[f"{entry.mode}: {entry.note}"].append(entry.scenario.name)
    rows = ([name, *(cells[name].get(mode, "") for mode in MODES)] for name in sorted(cells))
    yield from _columns([["scenario", *MODES], *rows])
    for reason, names in left_out.items():
        yield f"- {reason} ({'all' if len(names) == len(tried) else ', '.join(sorted(names))})"


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
