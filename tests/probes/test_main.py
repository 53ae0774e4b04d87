"""The agent as a process that asks the peers of a mesh."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from netdoctor_probe.mesh.document import POD, Member, Mesh, Said, decode_said, encode_mesh
from tests.probes.network import REPOSITORY


def ask(*arguments: str) -> subprocess.CompletedProcess[str]:
    """A mesh of one node on which no pod answers, from its pods' network."""
    return subprocess.run(
        [sys.executable, "-m", "netdoctor_probe", "--mesh", POD, "-", "5", *arguments],
        input=encode_mesh(Mesh((Member("a", "10.0.0.1"),), ())),
        env={**os.environ, "NODE_NAME": "a", "PYTHONPATH": str(REPOSITORY / "probes")},
        capture_output=True,
        text=True,
        check=True,
    )


def test_what_it_saw_is_in_the_file_that_it_is_given_too(tmp_path: Path) -> None:
    message = tmp_path / "message"
    said = ask(str(message))
    assert decode_said(said.stdout) == Said(POD, ())
    assert message.read_text() == said.stdout.strip()


@pytest.mark.parametrize("message", ["/proc/self/nowhere", "/dev/full"])
def test_a_file_that_cannot_be_written_costs_nothing(message: str) -> None:
    assert decode_said(ask(message).stdout) == Said(POD, ())


def test_no_file_is_written_unasked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NODE_NAME", "a")
    written: list[Path] = []
    monkeypatch.setattr(Path, "write_text", lambda path, *_, **__: written.append(path))
    monkeypatch.setattr(Path, "exists", lambda _: True)
    document = tmp_path / "mesh.json"
    with document.open("w") as file:
        file.write(encode_mesh(Mesh((Member("a", "10.0.0.1"),), ())))
    from netdoctor_probe import __main__ as agent  # noqa: PLC0415 - what it would write to is patched first

    assert agent.main(["--mesh", POD, str(document), "5"]) == 0
    assert written == []
