"""Programs as processes, once they listen."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def running(name: str, *arguments: str, listeners: int = 1, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """``python -m netdoctor_apps.NAME``; it says a line for each of its listeners."""
    command = [sys.executable, "-m", f"netdoctor_apps.{name}", *arguments]
    env = {"PATH": "/usr/bin:/bin"} | environment
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=env) as process:
        try:
            assert process.stderr is not None
            for _ in range(listeners):
                assert " listening " in process.stderr.readline()
            yield process
        finally:
            process.kill()


def ended(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """What a program said that has ended by itself."""
    command = [sys.executable, "-m", f"netdoctor_apps.{name}", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
