"""A shell or a command in a lab, with the terminal of whoever asked for it."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Sequence

from netdoctor.lab.client import Lab
from netdoctor.lab.place import Place
from netdoctor.lab.tools import environment, tool


def run(lab: Lab, place: Place, command: Sequence[str], prompt: str) -> int:
    """Run a command there, or a shell where none is given; its exit code."""
    interactive = not command and sys.stdin.isatty()
    if interactive:
        signal.signal(signal.SIGTTOU, signal.SIG_IGN)  # to take the terminal back in the end
    words = list(command) or [_shell()]
    own = tool(words)
    process = lab.run(place, own or (lambda: _execute(words, prompt, foreground=interactive)))
    _, status = os.waitpid(process, 0)
    if interactive:
        os.tcsetpgrp(0, os.getpgrp())
    return os.waitstatus_to_exitcode(status)


def _shell() -> str:
    return shutil.which("bash") or "/bin/sh"


def _execute(words: list[str], prompt: str, *, foreground: bool) -> int:
    if foreground:  # job control needs a process group that the shell's own PID namespace knows
        os.setpgid(0, 0)
        signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        os.tcsetpgrp(0, os.getpgrp())
        signal.signal(signal.SIGTTOU, signal.SIG_DFL)
    variables = {**environment(), "PS1": f"[{prompt}] # "}
    for number in (signal.SIGINT, signal.SIGPIPE):  # which Python has set otherwise
        signal.signal(number, signal.SIG_DFL)
    if words[0].endswith("bash") and len(words) == 1:
        words = [words[0], "--norc", "--noprofile"]
    try:
        os.execvpe(words[0], words, variables)  # noqa: S606 - the user's own command
    except OSError as error:
        print(f"netdoctor: {words[0]}: {error.strerror}", file=sys.stderr)
        return 127
