"""The commands that a lab brings along, since a machine need not have curl, dig or iproute2."""

from __future__ import annotations

import importlib
import os
import shlex
import sys
from collections.abc import Callable, Mapping, Sequence

from netdoctor.lab.place import ROOT

DIRECTORY = ROOT / "bin"  # where a shell in the lab finds them
_PROGRAMS: Mapping[str, str] = {name: f"netdoctor_apps.{name}.__main__" for name in ("dig", "get", "net")}


def install() -> None:
    """Put the commands where shells find them, in the lab's own memory. Raises OSError."""
    DIRECTORY.mkdir()
    for name, module in _PROGRAMS.items():
        file = DIRECTORY / name
        package = module.removesuffix(".__main__")
        file.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m {package} "$@"\n', encoding="utf-8")
        file.chmod(0o755)


def environment() -> dict[str, str]:
    """The environment of a shell in the lab: it finds these commands, and those for administrators."""
    return {**os.environ, "PATH": f"{DIRECTORY}:{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"}


def tool(words: Sequence[str]) -> Callable[[], int] | None:
    """What runs a command line of the lab's own; its result is the exit code. None for any other command.

    The program is loaded at once: after entering a place of the lab it may be out of reach.
    """
    if not words or words[0] not in _PROGRAMS:
        return None
    main: Callable[[list[str]], int] = importlib.import_module(_PROGRAMS[words[0]]).main
    return lambda: main(list(words[1:]))
