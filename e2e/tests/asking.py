"""netdoctor as a process, and labs to ask it about."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from e2e.tests.conftest import Document
from netdoctor.lab.client import Lab
from netdoctor.lab.session import open_lab

_SECONDS = 300.0


def asked(*arguments: str, wrap: Callable[[list[str]], list[str]] = list) -> Document:
    """The report that a command prints as JSON, and its exit code as `exit`."""
    argv = wrap([sys.executable, "-m", "netdoctor", *arguments, "-o", "json"])
    ran = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=_SECONDS)
    assert ran.stdout, ran.stderr
    report: Document = json.loads(ran.stdout)
    return {**report, "exit": ran.returncode}


@contextmanager
def lab_named(name: str, manifests: Path, *options: str) -> Iterator[Lab]:
    """A lab that is up."""
    command = [sys.executable, "-m", "netdoctor", "lab", "up", str(manifests), "--name", name, *options]
    subprocess.run(command, check=True, capture_output=True)
    with open_lab(name) as lab:
        try:
            yield lab
        finally:
            lab.down()
