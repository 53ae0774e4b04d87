"""The labs that come with netdoctor."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from netdoctor.lab.definition import bundled
from netdoctor.lab.walk import Command, parse

HEADINGS = ("Goal", "The broken state", "What to run", "What to read", "The fix")
LABS = pytest.mark.parametrize("name", bundled())

_NAMESPACES = """
import sys
from netdoctor.lab import kernel
try:
    kernel.unshare(kernel.Clone.USER | kernel.Clone.NET | kernel.Clone.PID)
except OSError as error:
    sys.exit(f"namespaces are forbidden here: {error}")
"""


@pytest.fixture(scope="module")
def namespaces() -> None:
    tried = subprocess.run([sys.executable, "-c", _NAMESPACES], capture_output=True, text=True, check=False)
    if tried.returncode:
        pytest.skip(tried.stderr.strip())


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


@LABS
def test_every_command_of_a_page_does_what_the_page_says(name: str, namespaces: None, tmp_path: Path) -> None:
    directory = copied(name, tmp_path)
    ended = run(str(directory), "--yes")
    assert ended.returncode == 0, ended.stdout[-3000:] + ended.stderr
    assert ended.stdout.count("\n$ ") == len(commands(directory))


@LABS
def test_the_checks_of_a_lab_come_out_as_it_says(name: str, namespaces: None, tmp_path: Path) -> None:
    directory = copied(name, tmp_path)
    (directory / "lab.md").unlink()
    ended = run(str(directory))
    assert ended.returncode == 0, ended.stdout + ended.stderr


def copied(name: str, to: Path) -> Path:
    """The lab by another name: one of its own name may be up."""
    other = f"{name}-{os.getpid()}"
    shutil.copytree(bundled()[name], to / other)
    page = to / other / "lab.md"
    page.write_text(page.read_text(encoding="utf-8").replace(f"shell {name} ", f"shell {other} "), encoding="utf-8")
    return to / other


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "netdoctor", "lab", "run", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300, stdin=subprocess.DEVNULL)
