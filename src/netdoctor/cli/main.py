"""The program: its commands, and what an error, a signal or a closed pipe means for the exit code."""

from __future__ import annotations

import gc
import logging
import os
import signal
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

import typer

from netdoctor.cli import (
    can,
    causes,
    check,
    clean,
    cni,
    diff,
    explain,
    lab,
    lint,
    matrix,
    mesh,
    rbac,
    schema,
    snapshot,
    trace,
    verify,
    version,
)
from netdoctor.cli.output import complain
from netdoctor.model.errors import NetdoctorError

INTERRUPTED = 130  # as a shell reports SIGINT; see docs/automation.md
_ALLOCATIONS = 200_000  # before cycles are looked for: a big cluster is millions of values that have none
BROKEN = 3  # netdoctor itself failed: nothing was tested
_EXHAUSTED = -1

app = typer.Typer(
    help="Finds and explains the root cause of connectivity faults in Kubernetes clusters.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
COMMANDS = (
    check.check,
    can.can,
    matrix.matrix,
    lint.lint,
    diff.diff,
    verify.verify,
    mesh.mesh,
    trace.trace,
    cni.cni,
    snapshot.snapshot,
    explain.explain,
    causes.causes,
    rbac.rbac,
    clean.clean,
    schema.schema,
    version.version,
)
for command in COMMANDS:
    app.command()(command)
app.add_typer(lab.lab, name="lab")


def run() -> None:
    """Entry point of `netdoctor` and of `kubectl netdoctor`."""
    _open_streams()
    gc.set_threshold(_ALLOCATIONS)
    warnings.simplefilter("ignore")  # of libraries: stderr belongs to the user
    logging.getLogger().addHandler(logging.NullHandler())
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup
            signal.signal(number, _interrupt)
    plugin = Path(sys.argv[0]).name.startswith("kubectl-")
    sys.exit(main(sys.argv[1:], "kubectl netdoctor" if plugin else "netdoctor"))


def _open_streams() -> None:
    """Where stdin, stdout or stderr is closed, let it be empty: no other file may come to have its number."""
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(number, True)
    os.close(number)
    sys.stdin = sys.stdin or os.fdopen(0)
    sys.stdout = sys.stdout or os.fdopen(1, "w")
    sys.stderr = sys.stderr or os.fdopen(2, "w")


def main(arguments: Sequence[str], program: str = "netdoctor") -> int:
    """Carry out one command line and return the exit code. Errors are said on stderr, never raised."""
    try:
        code = app(list(arguments) or ["--help"], prog_name=program, standalone_mode=False)
    except NetdoctorError as error:
        complain(error.what, error.why, error.hint)
        return error.exit_code
    except typer.TyperException as error:
        context = getattr(error, "ctx", None)
        path = context.command_path if context else program
        complain(f"{' '.join(error.format_message().split())} (see: {path} --help)")
        return 2
    except KeyboardInterrupt:
        code = INTERRUPTED
    except MemoryError:
        code = _EXHAUSTED  # there is room for words only when this clause is left
    except Exception as error:  # noqa: BLE001 - a fault of netdoctor's own: no traceback unless asked for
        return _own_fault(error)
    if code == INTERRUPTED:
        complain("interrupted")
    if code == _EXHAUSTED:
        complain("there is not enough memory for all of these objects")
        return BROKEN
    return code or 0


def _interrupt(number: int, _frame: FrameType | None) -> None:
    """Let SIGTERM and a closed terminal unwind the stack as Ctrl-C does, so that probe pods are removed; once."""
    signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def _own_fault(error: Exception) -> int:
    if "NETDOCTOR_TRACEBACK" in os.environ:
        raise error
    frame = error.__traceback__
    while frame and frame.tb_next:
        frame = frame.tb_next
    place = f" at {frame.tb_frame.f_code.co_filename}:{frame.tb_lineno}" if frame else ""
    complain(
        "internal error: this is a bug in netdoctor",
        f"{type(error).__name__}: {error}{place}",
        "run it again with NETDOCTOR_TRACEBACK=1 and report what it prints",
    )
    return BROKEN
