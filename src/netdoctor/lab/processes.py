"""The programs that the lab's pods run, as children of the keeper, which has loaded what they need."""

from __future__ import annotations

import contextlib
import importlib
import os
import selectors
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from netdoctor.lab import kernel
from netdoctor.lab.place import Place
from netdoctor.lab.programs import Program

START_SECONDS = 10.0  # that programs may take until they listen
_LOG_BYTES = 16 * 1024  # the last words of each


@dataclass(slots=True)
class Process:
    """A program under way. Its first line of output says that it listens; `output` is the end of what it said."""

    program: Program
    pid: int
    pipe: int
    output: bytearray = field(default_factory=bytearray)
    ended: bool = False

    @property
    def begun(self) -> bool:
        """Whether it listens, or has ended."""
        return self.ended or b"\n" in self.output

    def read(self) -> None:
        """Take what it has said."""
        try:
            said = os.read(self.pipe, 65536)
        except BlockingIOError:
            return
        self.output += said
        del self.output[:-_LOG_BYTES]
        self.ended = self.ended or not said

    def stop(self) -> None:
        """End it at once."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        os.close(self.pipe)


def load(programs: Iterable[Program]) -> None:
    """Load the programs' modules, so that no process has to."""
    for module in {program.module for program in programs}:
        importlib.import_module(f"{module}.__main__")


def start(program: Program, place: Place) -> Process:
    """Run a program in a place. Raises OSError where no process can be made."""
    read, write = os.pipe()
    pid = child(lambda: _become(program, place, write))
    os.close(write)
    os.set_blocking(read, False)
    return Process(program, pid, read)


def child(run: Callable[[], int]) -> int:
    """A new process that runs this, and nothing of its parent's; its id. Raises OSError."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        _fresh_streams()
        code = run()
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else 1
    except BaseException:  # noqa: BLE001 - whatever it is must not unwind into the parent's code
        traceback.print_exc()
    finally:
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
        os._exit(code)


def _fresh_streams() -> None:
    """Print where descriptors 1 and 2 lead, whatever the parent prints to, and nothing that it has still to print."""
    sys.stdout = os.fdopen(1, "w", buffering=1, errors="replace", closefd=False)
    sys.stderr = os.fdopen(2, "w", buffering=1, errors="replace", closefd=False)


def _become(program: Program, place: Place, output: int) -> int:
    for standard in (1, 2):
        os.dup2(output, standard)
    place.enter()
    kernel.close_files()
    kernel.name_process(program.module.rpartition(".")[2])
    os.environ.update(program.environment)
    module = importlib.import_module(f"{program.module}.__main__")
    return int(module.main(list(program.arguments)))


def wait_until_begun(processes: Iterable[Process]) -> tuple[Process, ...]:
    """Wait until all listen or have ended; returns those that do not after START_SECONDS."""
    until = time.monotonic() + START_SECONDS
    waiting = {process.pipe: process for process in processes if not process.begun}
    with selectors.DefaultSelector() as selector:
        for pipe in waiting:
            selector.register(pipe, selectors.EVENT_READ)
        while waiting and (left := until - time.monotonic()) > 0:
            for key, _ in selector.select(left):
                process = waiting[key.fd]
                process.read()
                if process.begun:
                    selector.unregister(key.fd)
                    del waiting[key.fd]
    return tuple(waiting.values())
