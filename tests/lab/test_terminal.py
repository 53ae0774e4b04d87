"""`netdoctor lab shell`: exit codes, stdin, signals, a terminal, and what a process there can see."""

from __future__ import annotations

import json
import os
import pty
import secrets
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.builders import pod
from tests.lab.living import PATIENCE, lab_of, written

SHOP = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of a lab with a pod web."""
    name = f"test-{secrets.token_hex(4)}"
    with lab_of(written(tmp_path_factory.mktemp("lab"), SHOP, pod("web")), name):
        yield name


def command(lab: str, *words: str) -> list[str]:
    behind = ["--", *words] if words else []
    return [sys.executable, "-m", "netdoctor", "lab", "shell", lab, "pod/web", "-n", "shop", *behind]


def run(lab: str, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(lab, *words), input=stdin, capture_output=True, text=True, check=False, timeout=6 * PATIENCE
    )


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["true"], 0),
        (["sh", "-c", "exit 7"], 7),
        (["sh", "-c", "kill -TERM $$"], 128 + signal.SIGTERM),
        (["/does/not/exist"], 127),
        (["get", "http://127.0.0.1:1/"], 1),
        (["get"], 2),
    ],
)
def test_the_exit_code_is_that_of_the_command(lab: str, words: list[str], code: int) -> None:
    assert run(lab, *words).returncode == code


def test_stdin_stdout_and_stderr_are_those_of_the_command(lab: str) -> None:
    ended = run(lab, "sh", "-c", "tr a-z A-Z; echo wrong >&2", stdin="some words\n" * 20_000)
    assert (ended.stdout, ended.stderr) == ("SOME WORDS\n" * 20_000, "wrong\n")


def test_without_a_command_and_a_terminal_the_shell_reads_stdin(lab: str) -> None:
    assert run(lab, stdin="hostname\nexit 3\n").stdout == "web\n"
    assert run(lab, stdin="exit 3\n").returncode == 3


def test_a_broken_pipe_ends_the_command_without_a_word(lab: str) -> None:
    ended = run(lab, "sh", "-c", "yes | head -n 1")
    assert (ended.stdout, ended.stderr) == ("y\n", "")


def test_it_sees_the_processes_and_the_network_of_the_lab_only(lab: str) -> None:
    code = "import json, os; print(json.dumps([os.getpid(), sorted(filter(str.isdigit, os.listdir('/proc')))]))"
    ended = run(lab, sys.executable, "-c", code)
    process, listed = json.loads(ended.stdout)
    assert str(process) in listed
    assert str(os.getpid()) not in listed or process < os.getpid()
    assert Path("/proc/self/ns/pid").readlink().name not in run(lab, "readlink", "/proc/self/ns/pid").stdout


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL])
def test_a_signal_ends_the_command_too(lab: str, number: signal.Signals, tmp_path: Path) -> None:
    with subprocess.Popen(
        command(lab, "sh", "-c", "echo here; exec sleep 1000"), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"here\n"
        process.send_signal(number)
        process.wait(PATIENCE)
        assert process.stdout.read() == b""  # nobody has it open any more
        assert process.returncode in {-signal.SIGKILL, 130}


def test_in_a_terminal_it_has_a_prompt_job_control_and_ctrl_c(lab: str) -> None:
    child, terminal = pty.fork()
    if not child:
        os.execvp(sys.executable, command(lab))
    try:
        _until(terminal, b"[pod/web] # ")
        os.write(terminal, b"echo $((6 * 7)); sleep 1000\r")
        _until(terminal, b"42\r\n")
        _until(terminal, b"[pod/web] # ", typing=b"\x03")  # more than once: `sleep` may not have begun
        _until(terminal, b"", typing=b"exit 5\r")  # Ctrl-C takes away what was typed before it
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 5
    finally:
        os.close(terminal)


def _until(terminal: int, text: bytes, typing: bytes = b"") -> None:
    """Read until the text, or the end where it is empty; type something over and over meanwhile."""
    seen, until = b"", time.monotonic() + PATIENCE
    while not text or text not in seen:
        assert time.monotonic() < until, seen
        os.write(terminal, typing)
        if select.select([terminal], [], [], 0.3)[0]:
            try:
                seen += os.read(terminal, 65536)
            except OSError:  # nobody has the other end
                assert not text, seen
                return
