"""Programs that stand for hosts outside a cluster, run here instead."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from pathlib import Path

import pytest

from e2e.cluster import ClusterError
from e2e.runner.outside import hosts_outside, running
from netdoctor.lab.programs import Program

TALKATIVE = """
import socket, sys
print("talkative: listening on", sys.argv[1], file=sys.stderr)
for number in range(20_000):
    print("talkative: somebody asked", number, "of what nobody reads", file=sys.stderr)
with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as done:
    done.recv(1)
"""


def program(directory: Path, text: str, *arguments: str) -> Program:
    (directory / "talkative.py").write_text(text)
    return Program("talkative", "talkative", arguments, {"PYTHONPATH": str(directory)}, ())


def test_a_program_that_says_much_goes_on(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(20)
        with running(program(tmp_path, TALKATIVE, str(server.getsockname()[1])), list, tmp_path):
            got_there, _ = server.accept()
            got_there.close()
    assert [file.name for file in tmp_path.iterdir() if file.is_file()] == ["talkative.py"]


def test_a_program_that_does_not_start_is_said_with_its_last_words(tmp_path: Path) -> None:
    failing = program(tmp_path, "import sys; sys.exit('talkative: port 53 is taken')")
    with pytest.raises(ClusterError, match="port 53 is taken"), running(failing, list, tmp_path):
        pass


def test_an_address_that_a_killed_run_has_left_is_no_obstacle() -> None:
    asked: list[Sequence[str]] = []

    def wrap(command: Sequence[str]) -> list[str]:
        """There, every address is on the interface already, and programs do not start."""
        asked.append(command)
        return ["false"] if command[:3] == ["ip", "address", "add"] else ["true"]

    with pytest.raises(ClusterError, match="does not start"), hosts_outside({"api.example": ["203.0.113.10"]}, wrap):
        pass
    assert [command[3] for command in asked if command[:3] == ["ip", "address", "del"]].count("203.0.113.10/32") == 1
