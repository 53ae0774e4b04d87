"""Names, a resolv.conf and what its servers say: played to the machine's own glibc, and to the lookup probe.

``python -m tests.probes.resolver_cases`` plays every case to both, each in a network namespace of its own with the
servers 127.0.0.1 and 127.0.0.2 (port 53), and prints what each asked and was told, as JSON.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import socket
import subprocess
import tempfile
import threading
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from netdoctor_probe import agent
from netdoctor_probe.wire import Observation, Plan, Probe, ProbeKind
from tests.probes.fake_dns import Answer, Asked, serving

_NAMESPACES = 0x00020000 | 0x40000000  # CLONE_NEWNS | CLONE_NEWNET
ONE = "nameserver 127.0.0.1\n"
TWO = f"{ONE}nameserver 127.0.0.2\n"
QUICK = "options timeout:2 attempts:1\n"
LIST = "search ns.svc svc lan\noptions ndots:5\n"
Answers: TypeAlias = Mapping[str, Answer]  # by type
A: Answers = {"A": ["A 10.0.0.1"], "AAAA": []}
BOTH: Answers = {"A": ["A 10.0.0.1"], "AAAA": ["AAAA fd00::1"]}
TC: Answers = {"A": "TC", "AAAA": "TC"}


def same(answer: Answer) -> Answers:
    """The same answer to A and AAAA."""
    return {"A": answer, "AAAA": answer}


SILENT, SERVFAIL, REFUSED, NODATA = same(None), same("SERVFAIL"), same("REFUSED"), same([])


@dataclass(frozen=True, slots=True)
class Case:
    """`answers` are by server and name, then type; NXDOMAIN for every other name."""

    conf: str
    name: str
    answers: Mapping[str, Answers]
    servers: tuple[str, ...] = ("127.0.0.1", "127.0.0.2")
    tcp: bool = True

    def answer(self, server: str, name: str, qtype: str, transport: str) -> Answer:
        """What a server says; a truncated answer is whole over TCP."""
        found = self.answers.get(f"{server} {name}", self.answers.get(name, same("NXDOMAIN")))[qtype]
        return BOTH[qtype] if found == "TC" and transport == "tcp" else found


CASES = {
    "second domain": Case(ONE + LIST, "db.prod", {"db.prod.svc": BOTH}),
    "as it is last": Case(ONE + LIST, "example.com", {"example.com": A}),
    "as it is first": Case(ONE + LIST, "a.b.c.d.e.f", {"a.b.c.d.e.f": A}),
    "as it is first, then the list": Case(ONE + LIST, "a.b.c.d.e.f", {"a.b.c.d.e.f.svc": A}),
    "trailing dot": Case(ONE + LIST, "db.", {"db.ns.svc": A}),
    "nowhere": Case(ONE + LIST, "db", {}),
    "no data in a domain": Case(ONE + LIST, "db", {"db.ns.svc": NODATA}),
    "no data only as it is": Case(ONE + LIST, "a.b.c.d.e.f", {"a.b.c.d.e.f": NODATA}),
    "alias to nowhere ends the list": Case(ONE + LIST, "db", {"db.ns.svc": same(["CNAME gone.lan."]), "db.svc": A}),
    "AAAA only": Case(ONE + LIST, "db", {"db.ns.svc": {"A": [], "AAAA": ["AAAA fd00::1"]}}),
    "SERVFAIL goes on": Case(ONE + LIST, "db", {"db.ns.svc": SERVFAIL, "db.svc": A}),
    "SERVFAIL for good": Case(ONE + LIST, "db", {"db.ns.svc": SERVFAIL}),
    "SERVFAIL of one of two": Case(TWO + LIST, "db", {"127.0.0.1 db.ns.svc": SERVFAIL, "127.0.0.2 db.ns.svc": A}),
    "SERVFAIL for AAAA": Case(ONE + LIST, "db", {"db.ns.svc": {"A": ["A 10.0.0.1"], "AAAA": "SERVFAIL"}}),
    "REFUSED ends the list": Case(ONE + LIST, "db", {"db.ns.svc": REFUSED, "db.svc": A, "db": A}),
    "lame server": Case(TWO + LIST, "db", {"127.0.0.1 db.ns.svc": same("LAME"), "127.0.0.2 db.ns.svc": A}),
    "first server silent": Case(TWO + LIST + QUICK, "db", {"127.0.0.1 db.ns.svc": SILENT, "db.ns.svc": A}),
    "silence ends the list": Case(ONE + LIST + QUICK, "db", {"db.ns.svc": SILENT, "db.svc": A, "db": A}),
    "silence twice": Case(ONE + LIST + "options timeout:2 attempts:2\n", "db", {"db.ns.svc": SILENT}),
    "AAAA is lost": Case(ONE + LIST + QUICK, "db", {"db.ns.svc": {"A": ["A 10.0.0.1"], "AAAA": None}}),
    "no server": Case(ONE + LIST, "db", {"db.ns.svc": A}, servers=()),
    "first server is not there": Case(TWO + LIST, "db", {"db.svc": A}, servers=("127.0.0.2",)),
    "truncated": Case(ONE + LIST, "db", {"db.ns.svc": TC}),
    "truncated, no TCP": Case(ONE + LIST, "db", {"db.ns.svc": TC}, tcp=False),
    "always TCP": Case(f"{ONE}{LIST}options use-vc\n", "db", {"db.svc": A}),
    "root in the list": Case(f"{ONE}search . lan\n", "db", {}),
    "domain": Case(f"{ONE}search lan\ndomain svc\n", "db", {"db.svc": A}),
}


def main() -> None:
    """Plays every case, side by side, in processes of their own."""
    with tempfile.TemporaryDirectory() as directory:
        for name, case in CASES.items():
            if os.fork() == 0:
                target = Path(directory, name)
                threading.excepthook = _fail  # a server that fails is not a silent one
                try:
                    target.write_text(json.dumps(_played(case, Path(directory, f"{name} resolv.conf"))))
                except BaseException as error:  # noqa: BLE001  the parent tells
                    _fail(error)
                os._exit(0)
        for _ in CASES:
            os.wait()
        print(json.dumps({name: json.loads(Path(directory, name).read_text()) for name in CASES}))


def _fail(error: BaseException | threading.ExceptHookArgs) -> None:
    raised = error if isinstance(error, BaseException) else error.exc_value
    traceback.print_exception(raised)
    os._exit(1)


def _played(case: Case, conf: Path) -> dict[str, Any]:
    if ctypes.CDLL(None, use_errno=True).unshare(_NAMESPACES):
        raise OSError(ctypes.get_errno(), "unshare")
    conf.write_text(case.conf)
    for command in ("ip link set lo up", "mount --make-rprivate /"):
        subprocess.run(command.split(), check=True)
    subprocess.run(["mount", "--bind", conf, "/etc/resolv.conf"], check=True)
    return {"glibc": _asked(case, _getaddrinfo), "probe": _asked(case, _lookup)}


def _asked(case: Case, resolve: Callable[[str], dict[str, Any]]) -> dict[str, Any]:
    with contextlib.ExitStack() as stack:
        logs: list[list[Asked]] = []
        for server in case.servers:

            def table(name: str, qtype: str, transport: str, server: str = server) -> Answer:
                return case.answer(server, name, qtype, transport)

            logs.append(stack.enter_context(serving(table, server, 53, tcp=case.tcp))[1])
        told: list[dict[str, Any]] = []
        thread = threading.Thread(target=lambda: told.append(resolve(case.name)))  # glibc keeps state by thread
        thread.start()
        thread.join()
        return told[0] | {"asked": logs}


def _getaddrinfo(name: str) -> dict[str, Any]:
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        return {"outcome": {v: k for k, v in vars(socket).items() if k.startswith("EAI_")}[error.errno], "answers": []}
    return {"outcome": "ok", "answers": sorted(str(address[4][0]) for address in found)}


def _lookup(name: str) -> dict[str, Any]:
    seen: list[Observation] = []
    agent.run(Plan((Probe("l", ProbeKind.LOOKUP, name=name, timeout=5.0),)), seen.append)
    return {"outcome": seen[0].outcome, "answers": sorted(seen[0].detail["answers"]), "detail": seen[0].detail}


if __name__ == "__main__":
    main()
