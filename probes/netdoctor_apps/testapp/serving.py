"""What every program does: serve each socket in a thread of its own until SIGTERM or SIGINT."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterable
from typing import NoReturn

_STACK = 256 * 1024  # bytes for each connection's thread; the default would be 8 MiB of address space
_STOP = {signal.SIGTERM, signal.SIGINT}

Serve = Callable[[socket.socket], None]


def hold_signals() -> None:
    """Keeps the signals that stop a program for `serve`; to be called before any thread is started."""
    threading.stack_size(_STACK)
    signal.pthread_sigmask(signal.SIG_BLOCK, _STOP)


def serve(program: str, opened: Iterable[tuple[object, socket.socket, Serve]]) -> NoReturn:
    """Serves what is open, each with its name for stderr, until stopped; the process ends with exit code 0."""
    names = []
    for name, sock, server in opened:
        threading.Thread(target=server, args=(sock,), daemon=True).start()
        names.append(name)
        say(program, f"listening on {name}")
    if not names:
        say(program, "listening nowhere")
    signal.sigwait(_STOP)
    os._exit(0)  # at once: connections in progress are not waited for


def fail(program: str, code: int, text: str) -> int:
    """Says why the program does not start; returns its exit code."""
    say(program, text)
    return code


def say(program: str, text: str) -> None:
    """One line on stderr, where containers log."""
    print(f"{program}: {text}", file=sys.stderr, flush=True)
