"""Runs commands, and turns their failures into errors that say what to do."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence

from .errors import ClusterError

_SHOWN_LINES = 4


def run(
    argv: Sequence[str],
    *,
    advice: str,
    env: Mapping[str, str] | None = None,
    stdin: bytes | None = None,
    timeout: float | None = None,
) -> str:
    """Runs a command to its end and returns its standard output.

    ``env`` is added to this process's environment; ``timeout`` is in seconds.
    Raises ClusterError with the last lines of its standard error, and ``advice``, if it fails.
    """
    try:
        ended = subprocess.run(
            argv,
            input=stdin if stdin is not None else b"",
            capture_output=True,
            env={**os.environ, **env} if env else None,  # threads may not read what pytest changes
            timeout=timeout,
            check=False,
        )
    except FileNotFoundError as missing:
        raise ClusterError(f"cannot run {argv[0]}", "there is no such command", advice) from missing
    except subprocess.TimeoutExpired as late:
        raise ClusterError(f"{shown(argv)} did not end", f"it ran for {timeout} s", advice) from late
    if ended.returncode != 0:
        raise ClusterError(f"{shown(argv)} failed", _reason(ended), advice)
    return ended.stdout.decode()


def succeeds(argv: Sequence[str], env: Mapping[str, str] | None = None) -> bool:
    """Whether a command ends with exit code 0."""
    try:
        run(argv, advice="", env=env)
    except ClusterError:
        return False
    return True


def shown(argv: Sequence[str]) -> str:
    """A command as an error names it: its first words that say what it does, without `nsenter` and `env`."""
    words = [word for word in argv if "=" not in word and word not in ("nsenter", "env", "--")]
    return " ".join(words[:5])


def _reason(ended: subprocess.CompletedProcess[bytes]) -> str:
    output = (ended.stderr or ended.stdout).decode(errors="replace").strip().splitlines()
    complaints = [line for line in output if line.lower().startswith(("error", "fatal", "panic"))]
    return " | ".join((complaints or output)[-_SHOWN_LINES:]) or f"it ended with exit code {ended.returncode}"
