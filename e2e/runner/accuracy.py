"""How often the diagnosis was right, missed or false, by cause and mode; and the page that keeps it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from msgspec import UNSET

from e2e.runner.table import MODES, Entry
from netdoctor.lab.scenario import Mode, Scenario

PAGE = Path(__file__).parents[2] / "docs" / "accuracy.md"
_BEGIN, _END = "<!-- measured: make accuracy -->", "<!-- end -->"
_CAUSES = re.compile(r"\[\w+\]: causes (.*), not (.*)$", re.MULTILINE)
_VERDICT = re.compile(r"\[\w+\]: verdict \w+, not Healthy$", re.MULTILINE)
_HEALTHY = "(healthy)"  # the row of what nothing is wrong with

Cells = dict[str, dict[Mode, str]]


@dataclass(slots=True)
class Tally:
    """How often a cause was named where it had to be, was not, and was named where it had not to be."""

    right: int = 0
    missed: int = 0
    false: int = 0

    def __str__(self) -> str:
        return f"{self.right} / {self.missed} / {self.false}"


def tallies(entries: Iterable[Entry], mode: Mode) -> dict[str, Tally]:
    """By code, of the entries of one mode; checks in order are a row of their own."""
    found: defaultdict[str, Tally] = defaultdict(Tally)
    for entry in entries:
        if entry.mode == mode and entry.passed is not None:
            _count(found, entry)
    return dict(found)


def _count(found: Mapping[str, Tally], entry: Entry) -> None:
    """A scenario that passed named just what it expects; of another the failures say what it named."""
    expected = [code for codes in _expected(entry.scenario, entry.mode) for code in codes or (_HEALTHY,)]
    missed, false = _differences(entry)
    if not entry.passed and not (missed or false):
        missed = list(expected)  # it ended for another reason, and said nothing that counts
    for code in expected:
        if code in missed:
            missed.remove(code)
            found[code].missed += 1
        else:
            found[code].right += 1
    for code in false:
        found[code].false += 1


def _expected(scenario: Scenario, mode: Mode) -> Iterator[tuple[str, ...]]:
    """The causes of each check that says which they are; () where everything is in order."""
    for check in scenario.spec.checks:
        expected = check.expected(mode)
        causes = () if expected.causes is UNSET else expected.causes
        if causes or expected.verdict == "Healthy":
            yield causes


def _differences(entry: Entry) -> tuple[list[str], list[str]]:
    """(expected and not named, named and not expected)."""
    missed, false = [], []
    for named, wanted in _CAUSES.findall(entry.failure):
        missed += sorted(_codes(wanted) - _codes(named)) if _codes(wanted) else [_HEALTHY]
        false += sorted(_codes(named) - _codes(wanted))
    if not (missed or false) and _VERDICT.search(entry.failure):
        missed.append(_HEALTHY)
    return missed, false


def _codes(listed: str) -> set[str]:
    return {*listed.split(", ")} - {"none"}


def page(kept: str, entries: Sequence[Entry], complete: Iterable[Mode], pairs: str) -> str:
    """The page with the columns of modes that were run completely anew, and the line about pairs if there is one."""
    before, rest = kept.split(_BEGIN)
    old, after = rest.split(_END)
    cells = _kept(old)
    for mode in complete:
        for row in cells.values():
            row.pop(mode, None)
        for code, tally in tallies(entries, mode).items():
            cells[code][mode] = str(tally)
    line = pairs or next((line for line in old.splitlines() if line.startswith("Two faults at once")), "")
    body = "\n".join(_rows(cells))
    return f"{before}{_BEGIN}\n\n{body}\n\n{line}\n\n{_END}{after}"


def _kept(text: str) -> defaultdict[str, dict[Mode, str]]:
    cells: defaultdict[str, dict[Mode, str]] = defaultdict(dict)
    for line in text.splitlines():
        parts = [part.strip() for part in line.strip("|").split("|")]
        if line.startswith("|") and len(parts) == 1 + len(MODES) and "---" not in line and parts[0] != "cause":
            cells[parts[0]] = {mode: cell for mode, cell in zip(MODES, parts[1:], strict=True) if cell}
    return cells


def _rows(cells: Mapping[str, Mapping[Mode, str]]) -> Iterator[str]:
    yield f"| cause | {' | '.join(MODES)} |"
    yield "|---|" + "---|" * len(MODES)
    for code in sorted(cells):
        if cells[code]:
            yield f"| {code} | {' | '.join(cells[code].get(mode, '') for mode in MODES)} |"


def complete(scenarios: Iterable[Scenario], entries: Sequence[Entry], mode: Mode) -> bool:
    """Whether all scenarios that can were run in a mode: what was left out of it says why."""
    tried = {entry.scenario.directory for entry in entries if entry.mode == mode}
    ran = any(entry.mode == mode and entry.passed is not None for entry in entries)
    return ran and all(scenario.directory in tried for scenario in scenarios if mode in scenario.spec.modes)


def pairs_line(pairs: int, both: int, wrong: int, of: int, seed: int) -> str:
    """What came of two faults at once."""
    return (
        f"Two faults at once: both named in {both} of {pairs} pairs, a wrong cause in {wrong} "
        f"(drawn from {of} independent pairs, seed {seed})."
    )
