"""The labs that come with netdoctor, as files; e2e/tests/test_labs.py runs them."""

from __future__ import annotations

from pathlib import Path

import pytest

from netdoctor.lab.definition import bundled
from netdoctor.lab.walk import Command, parse

HEADINGS = ("Goal", "The broken state", "What to run", "What to read", "The fix")
LABS = pytest.mark.parametrize("name", bundled())


def commands(directory: Path) -> list[Command]:
    steps = parse((directory / "lab.md").read_text(encoding="utf-8"))
    return [step for step in steps if isinstance(step, Command)]


@LABS
def test_a_page_has_its_form(name: str) -> None:
    lines = (bundled()[name] / "lab.md").read_text(encoding="utf-8").splitlines()
    assert [line.removeprefix("## ") for line in lines if line.startswith("## ")] == [*HEADINGS]
    assert lines[0].startswith("# ")


@LABS
def test_commands_are_about_the_lab_itself(name: str) -> None:
    directory = bundled()[name]
    for command in commands(directory):
        words = command.words
        if words[:2] == ("netdoctor", "lab"):
            assert words[2:4] == ("shell", name)
        if "-f" in words:
            assert (directory / words[words.index("-f") + 1]).is_file()


@LABS
def test_a_page_shows_what_is_broken_first(name: str) -> None:
    exits = [command.exit for command in commands(bundled()[name])]
    assert next(number for number in exits if number) in {1, 3}
    assert exits[-1] == 0 or name in {"ingress-tls", "policy-default-deny", "policy-three-tiers"}  # what stays denied
