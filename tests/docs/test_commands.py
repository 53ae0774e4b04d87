"""Every command line in the README and the guides is one that netdoctor takes, and every link leads somewhere."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import typer.main

from netdoctor.cli.main import app

REPOSITORY = Path(__file__).parents[2]
TEXTS = [REPOSITORY / "README.md", REPOSITORY / "CONTRIBUTING.md", *sorted((REPOSITORY / "docs").glob("*.md"))]
FENCED = re.compile(r"^```\w*\n(.*?)^```", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^(?:\$ )?(netdoctor [^|#\[\n]*)(?:[|#]|$)", re.MULTILINE)
LINK = re.compile(r"\]\(([^)#:]+)\)")

COMMANDS = sorted(
    {line.strip() for text in TEXTS for block in FENCED.findall(text.read_text()) for line in COMMAND.findall(block)}
)


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_line_in_the_documentation_is_taken(line: str) -> None:
    _, name, *arguments = shlex.split(line)
    group = typer.main.get_command(app)
    group.commands[name].make_context(name, arguments)  # type: ignore[attr-defined]


def test_the_documentation_shows_every_command() -> None:
    known = set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
    shown = set(re.findall(r"netdoctor ([a-z]+)", "".join(text.read_text() for text in TEXTS)))
    assert known <= shown


@pytest.mark.parametrize("text", TEXTS, ids=lambda path: path.name)
def test_links_lead_to_files(text: Path) -> None:
    missing = [link for link in LINK.findall(text.read_text()) if not (text.parent / link).exists()]
    assert missing == []
