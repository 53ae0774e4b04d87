"""Runs `netdoctor` as a user would, and reads what it printed."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from netdoctor.model.report import CheckReport
from netdoctor.report import Format, Style, render

NETDOCTOR = (sys.executable, "-m", "netdoctor")  # wherever its script has been put
SECONDS = 180  # no command may take longer
_WITH_JSON = {"check", "can", "mesh", "trace", "cni"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What one command did. `reports` are its documents, `problem` says why there are none."""

    argv: tuple[str, ...]
    exit: int
    stdout: str
    stderr: str
    reports: list[Mapping[str, Any]]
    problem: str = ""

    def shown(self) -> str:
        """All of it, for a person: the command, the report as a table, and what went to stderr."""
        return "\n".join(part for part in (f"$ {shlex.join(self.argv)}", self._body(), self.stderr) if part.strip())

    def _body(self) -> str:
        try:
            reports = [msgspec.convert(report, CheckReport) for report in self.reports]
        except msgspec.ValidationError:
            return self.stdout
        return render(reports, Format.WIDE, Style(width=110)) if reports else self.stdout


def ask(command: str, options: Sequence[str], wrap: Callable[[Sequence[str]], Sequence[str]]) -> Answer:
    """Run a scenario's command with some more options; `wrap` puts it where it can reach its cluster."""
    words = shlex.split(command)
    with_json = words[0] in _WITH_JSON
    argv = ("netdoctor", *words, *options, *(("-o", "json") if with_json else ()))
    try:
        ended = subprocess.run(
            wrap([*NETDOCTOR, *argv[1:]]),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        return Answer(argv, -1, _text(late.stdout), _text(late.stderr), [], f"it did not end within {SECONDS} s")
    reports, problem = _reports(ended.stdout) if with_json else ([], "")
    return Answer(argv, ended.returncode, ended.stdout, ended.stderr, reports, problem)


def _reports(stdout: str) -> tuple[list[Mapping[str, Any]], str]:
    try:
        document = json.loads(stdout)
    except ValueError as error:
        return [], f"stdout is no JSON document: {error}"
    if not isinstance(document, dict):
        return [], "stdout is no JSON object"
    return (document["items"] if document.get("kind") == "List" else [document]), ""


def _text(output: object) -> str:
    return output.decode(errors="replace") if isinstance(output, bytes) else ""
