"""A lab's page as what to show and what to run: prose, and commands with the exit code that they must have."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from netdoctor.model.errors import InputError

_FENCE = "```"
_COMMANDS = "```sh"
_PROGRAMS = ("netdoctor", "kubectl")
_EXIT = re.compile(r"\s+# exit (\d{1,3})$")


@dataclass(frozen=True, slots=True)
class Prose:
    """Markdown to show, with no empty lines around it."""

    text: str


@dataclass(frozen=True, slots=True)
class Command:
    """One command: its words (the first is ``netdoctor`` or ``kubectl``), as it stands on the page, and its exit code.

    `line` is where it stands, from 1.
    """

    words: tuple[str, ...]
    text: str
    exit: int
    line: int


def parse(text: str) -> tuple[Prose | Command, ...]:
    """The steps of a page: each line of a ```` ```sh ```` fence is a command, all else is prose.

    A command that must not end with exit code 0 has ``# exit CODE`` behind it.

    Raises:
        InputError: something in such a fence is no command, or the fence has no end; the text names the line.
    """
    return tuple(_steps(text.splitlines()))


def _steps(lines: list[str]) -> Iterator[Prose | Command]:
    prose: list[str] = []
    opened = 0  # the line of the fence that commands stand in; 0 outside of one
    for number, line in enumerate(lines, 1):
        if opened and line.strip() == _FENCE:
            opened = 0
        elif opened and line.strip():
            yield _command(line.strip(), number)
        elif line.strip() == _COMMANDS:
            yield from _prose(prose)
            prose, opened = [], number
        elif not opened:
            prose.append(line)
    if opened:
        raise InputError(f"line {opened}: the fence has no end")
    yield from _prose(prose)


def _prose(lines: list[str]) -> Iterator[Prose]:
    if text := "\n".join(lines).strip("\n"):
        yield Prose(text)


def _command(line: str, number: int) -> Command:
    stated = _EXIT.search(line)
    text = line[: stated.start()] if stated else line
    try:
        words = tuple(shlex.split(text))
    except ValueError as error:
        raise InputError(f"line {number}: {text}: {error}") from error
    if not words or words[0] not in _PROGRAMS:
        raise InputError(f"line {number}: {text}: a command begins with {' or '.join(_PROGRAMS)}")
    return Command(words, text, int(stated[1]) if stated else 0, number)
