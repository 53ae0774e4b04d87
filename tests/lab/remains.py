"""What is left of labs: processes, by a mark in their environment, mounts and listeners."""

from __future__ import annotations

import os
import secrets
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from netdoctor.lab.client import running

MARK = "NETDOCTOR_TEST_MARK"
_PATIENCE = 20.0  # seconds for the kernel to end processes of a machine that is busy


def marked() -> dict[str, str]:
    """An environment that nobody else's processes have."""
    return {**os.environ, MARK: secrets.token_hex(8)}


def processes(environment: Mapping[str, str]) -> Iterator[int]:
    """Those that were started, however indirectly, with an environment of `marked`; zombies have none any more."""
    mark = f"{MARK}={environment[MARK]}".encode()
    for directory in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if mark in (directory / "environ").read_bytes().split(b"\0"):
                yield int(directory.name)


def keeper(environment: Mapping[str, str]) -> int | None:
    """The process that is the lab."""
    for process in processes(environment):
        with suppress(OSError):
            if Path(f"/proc/{process}/comm").read_text(encoding="ascii") == "netdoctor-lab\n":
                return process
    return None


def mounts() -> list[str]:
    """Those of this process's mount namespace where labs mount in theirs; others come and go by other programs."""
    targets = {"/run", "/proc", *(os.path.realpath(file) for file in ("/etc/hosts", "/etc/resolv.conf"))}
    lines = Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()
    return sorted(line for line in lines if line.split(" ")[1] in targets)


def gone(environment: Mapping[str, str], name: str = "") -> bool:
    """Whether, soon, no process with the mark is left and no lab of that name is up."""
    until = time.monotonic() + _PATIENCE
    while any(processes(environment)) or name in running():
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def end(environment: Mapping[str, str]) -> None:
    """For tests that have failed: leave nothing."""
    for process in processes(environment):
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
