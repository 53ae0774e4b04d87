"""Hosts outside a cluster of the project's own: the web at their addresses, and the nameserver that knows them.

They live in the network namespace of its engine, to which the nodes' default route leads.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from e2e.cluster import NAME_SERVER, ClusterError
from e2e.cluster.process import run
from netdoctor.lab.objects import snapshot_of
from netdoctor.lab.programs import DNS, Program
from netdoctor.lab.served import outside_programs
from netdoctor.lab.zone import zone

_START_SECONDS = 20.0
_END_SECONDS = 10.0

Wrap = Callable[[Sequence[str]], list[str]]


@contextmanager
def hosts_outside(names: Mapping[str, Sequence[str]], wrap: Wrap) -> Iterator[None]:
    """Have hosts outside while this is entered: `names` are their addresses by name, `wrap` runs a command out there.

    Raises ClusterError.
    """
    with ExitStack() as undo:
        if names:
            for address in sorted({NAME_SERVER, *(a for given in names.values() for a in given)}):
                _ip(wrap, "add", address)
                undo.callback(_ip, wrap, "del", address)
            directory = Path(undo.enter_context(TemporaryDirectory(prefix="netdoctor-outside-")))
            file = directory / "zone.json"
            file.write_text(json.dumps(zone(snapshot_of({}, "outside"), names)))
            name_server = Program("dns", DNS, ("--zone", str(file), "--listen", f"53@{NAME_SERVER}"), {}, ())
            for program in (name_server, *outside_programs(names)):
                undo.enter_context(_running(program, wrap))
        yield


def _ip(wrap: Wrap, verb: str, address: str) -> None:
    run(wrap(["ip", "address", verb, f"{address}/32", "dev", "lo"]), advice="run this as root, one run at a time")


@contextmanager
def _running(program: Program, wrap: Wrap) -> Iterator[None]:
    """The program, from its first line on (it writes one for each listener)."""
    process = subprocess.Popen(
        wrap([sys.executable, "-m", program.module, *program.arguments]),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **program.environment},
    )
    stalled = threading.Timer(_START_SECONDS, process.kill)
    stalled.start()
    try:
        assert process.stderr is not None
        line = process.stderr.readline()
        stalled.cancel()
        if "listening" not in line:
            raise ClusterError(f"{program.module} does not start", line.strip() or "it said nothing", "run it by hand")
        yield
    finally:
        stalled.cancel()
        process.terminate()
        try:
            process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
