"""Hosts outside a cluster of the project's own: the web at their addresses, and the nameserver that knows them.

They live in the network namespace of its engine, to which the nodes' default route leads.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryDirectory

from e2e.cluster import NAME_SERVER, ClusterError
from e2e.cluster.process import run
from netdoctor.lab.objects import snapshot_of
from netdoctor.lab.programs import DNS, Program
from netdoctor.lab.served import outside_programs
from netdoctor.lab.zone import zone

_START_SECONDS = 20.0
_END_SECONDS = 10.0
_TICK = 0.05

Wrap = Callable[[Sequence[str]], list[str]]


@contextmanager
def hosts_outside(names: Mapping[str, Sequence[str]], wrap: Wrap) -> Iterator[None]:
    """Have hosts outside while this is entered: `names` are their addresses by name, `wrap` runs a command out there.

    Raises ClusterError.
    """
    with ExitStack() as undo:
        if names:
            for address in sorted({NAME_SERVER, *(a for given in names.values() for a in given)}):
                _ip(wrap, "replace", address)  # a run that was killed has left its own
                undo.callback(_ip, wrap, "del", address)
            directory = Path(undo.enter_context(TemporaryDirectory(prefix="netdoctor-outside-")))
            file = directory / "zone.json"
            file.write_text(json.dumps(zone(snapshot_of({}, "outside"), names)))
            name_server = Program("dns", DNS, ("--zone", str(file), "--listen", f"53@{NAME_SERVER}"), {}, ())
            for program in (name_server, *outside_programs(names)):
                undo.enter_context(running(program, wrap, directory))
        yield


def _ip(wrap: Wrap, verb: str, address: str) -> None:
    run(wrap(["ip", "address", verb, f"{address}/32", "dev", "lo"]), advice="run this as root, one run at a time")


@contextmanager
def running(program: Program, wrap: Wrap, directory: Path) -> Iterator[None]:
    """The program, from when it listens. What it says goes to a file: nobody reads a pipe until it would block.

    Raises ClusterError: it does not start.
    """
    with NamedTemporaryFile(dir=directory, prefix=f"{program.container}-") as said:
        process = subprocess.Popen(
            wrap([sys.executable, "-m", program.module, *program.arguments]),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
            env={**os.environ, **program.environment},
        )
        try:
            _wait_until_it_listens(process, Path(said.name), program.module)
            yield
        finally:
            _end(process)


def _wait_until_it_listens(process: subprocess.Popen[bytes], said: Path, module: str) -> None:
    until = time.monotonic() + _START_SECONDS
    while b"listening" not in (text := said.read_bytes()):
        if process.poll() is not None or time.monotonic() > until:
            because = text.decode(errors="replace").strip().rpartition("\n")[2]
            raise ClusterError(f"{module} does not start", because or "it said nothing", "run it by hand")
        time.sleep(_TICK)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
