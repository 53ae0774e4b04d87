"""What came of one scenario in one mode."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import msgspec
from msgspec import UNSET

from netdoctor.lab.scenario import Expected, Mode, Scenario, with_nodes
from netdoctor.scenarios.ask import Answer
from netdoctor.scenarios.compare import mismatches, without_discriminating_probe

Ask = Callable[[str], Answer]


@dataclass(frozen=True, slots=True)
class Result:
    """`failures` are texts for a person; a scenario without any has passed."""

    seconds: float
    failures: tuple[str, ...]


def failures(
    scenario: Scenario, mode: Mode, names: Mapping[str, str], asked: Ask, notes: Sequence[str] = ()
) -> tuple[str, ...]:
    """Ask each of a scenario's checks, and say what differs.

    `names` are the nodes' real names, `asked` runs one command, and `notes` go with each failure.
    """
    found = []
    for check in scenario.spec.checks:
        answer = asked(with_nodes(check.command, names))
        differs = [*mismatches(_real(check.expected(mode), names), answer), *without_discriminating_probe(answer)]
        if differs:
            lines = [f"{scenario.name} [{mode}]: {line}" for line in (*differs, *notes)]
            found.append("\n".join([*lines, "", answer.shown()]))
    return tuple(found)


def _real(expected: Expected, names: Mapping[str, str]) -> Expected:
    if expected.objects is UNSET:
        return expected
    return msgspec.structs.replace(expected, objects=tuple(with_nodes(text, names) for text in expected.objects))
