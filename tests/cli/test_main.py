"""The program as a process: exit codes, errors, signals, closed pipes, and what `--help` does not load."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from netdoctor.cli import main as cli
from netdoctor.model.errors import AccessError, InputError

NETDOCTOR = Path(sys.executable).with_name("netdoctor")


def run(*arguments: str, program: Path = NETDOCTOR, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [program, *arguments], capture_output=True, text=True, check=False, env={**os.environ, **environment}
    )


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"], ["check", "--help"], ["causes", "--help"]])
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    code = (
        "import sys; from netdoctor.cli.main import main; main(sys.argv[1:]); "
        "print({'kubernetes', 'scapy', 'numpy', 'rich', 'yaml', 'msgspec', 'urllib3'} & sys.modules.keys())"
    )
    result = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
    assert result.stdout.startswith("Usage: netdoctor")
    assert result.stdout.endswith("set()\n")


def test_the_kubectl_plugin_says_its_own_name() -> None:
    result = run("version", "--help", program=NETDOCTOR.with_name("kubectl-netdoctor"))
    assert result.stdout.startswith("Usage: kubectl netdoctor version")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["chek"], "'check'"),
        (["causes", "--outptu"], "--outptu"),
        (["causes", "-o", "xml"], "'xml'"),
        (["explain"], "CODE"),
        (["version", "\x1b[2Jextra"], r"\x1b[2J"),
    ],
)
def test_a_wrong_command_line_is_one_line(arguments: list[str], named: str) -> None:
    result = run(*arguments)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("netdoctor: ")
    assert result.stderr.count("\n") == 1
    assert named in result.stderr


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):  # type: ignore[no-untyped-def]
    """Runs a program whose only command raises the given error; gives exit code and stderr."""

    def outcome(error: BaseException) -> tuple[int, str]:
        def app(*_: object, **__: object) -> None:
            raise error

        monkeypatch.setattr(cli, "app", app)
        return cli.main(["check"]), capsys.readouterr().err

    return outcome


@pytest.mark.parametrize("kind", [InputError, AccessError])
def test_an_error_is_what_why_and_try(failing, kind: type[InputError | AccessError]) -> None:  # type: ignore[no-untyped-def]
    expected = "netdoctor: cannot read x\n  why: it is\\nold\n  try: a new one\n"
    assert failing(kind("cannot read x", "it is\nold", "a new one")) == (kind.exit_code, expected)
    assert failing(kind("only this")) == (kind.exit_code, "netdoctor: only this\n")


def test_a_fault_of_its_own_is_said_without_traceback_unless_asked(failing, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.delenv("NETDOCTOR_TRACEBACK", raising=False)
    code, said = failing(KeyError("x"))
    assert code == 3
    assert "KeyError: 'x' at" in said
    monkeypatch.setenv("NETDOCTOR_TRACEBACK", "1")
    with pytest.raises(KeyError):
        failing(KeyError("x"))


def test_exhausted_memory_is_no_fault_of_its_own(failing) -> None:  # type: ignore[no-untyped-def]
    code, said = failing(MemoryError())
    assert (code, said) == (3, "netdoctor: there is not enough memory for all of these objects\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_unwind_the_stack_and_exit_130(number: signal.Signals, tmp_path: Path) -> None:
    code = (
        "import signal, sys, time, typer\n"
        "from pathlib import Path\n"
        "from netdoctor.cli import main\n"
        "for number in (signal.SIGTERM, signal.SIGHUP):  # whoever runs the tests may ignore them\n"
        "    signal.signal(number, signal.SIG_DFL)\n"
        "main.app = typer.Typer(pretty_exceptions_enable=False)\n"
        "@main.app.command()\n"
        "def wait() -> None:\n"
        "    try:\n"
        "        print('waiting', flush=True)\n"
        "        time.sleep(60)\n"
        "    finally:\n"
        "        print('cleaned up')\n"
        "sys.argv = ['netdoctor', '--']\n"
        "main.run()\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=-1, stderr=-1, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "waiting\n"
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (130, "cleaned up\n", "netdoctor: interrupted\n")


def test_a_reader_that_went_away_is_no_error() -> None:
    with subprocess.Popen([NETDOCTOR, "schema"], stdout=-1, stderr=-1) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


def test_a_full_disk_is_an_error_in_words() -> None:
    with Path("/dev/full").open("w") as full:
        result = subprocess.run([NETDOCTOR, "schema"], stdout=full, stderr=-1, text=True, check=False)
    assert result.returncode == 3
    assert result.stderr == "netdoctor: cannot write to standard output\n  why: No space left on device\n"
