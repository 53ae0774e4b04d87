"""What the commands of `netdoctor lab` do."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from netdoctor.cli.output import emit, note
from netdoctor.cluster.objects import Pod, Workload
from netdoctor.lab import terminal
from netdoctor.lab.client import Lab, connect, running
from netdoctor.lab.control.shape import Shape
from netdoctor.lab.definition import Definition, bundled, define
from netdoctor.lab.faults.catalogue import KINDS
from netdoctor.lab.objects import snapshot_of
from netdoctor.lab.place import Place
from netdoctor.lab.programs import stood_in
from netdoctor.lab.rules.unenforced import unenforced
from netdoctor.lab.scenario import load
from netdoctor.lab.session import run_kubectl, start
from netdoctor.lab.walk import Command, Prose, parse
from netdoctor.model.errors import InputError, NetdoctorError
from netdoctor.path.reference import parse_reference, require
from netdoctor.report.untrusted import printable
from netdoctor.scenarios.ask import ask
from netdoctor.scenarios.result import failures

_UNHEALTHY = 1
_FROM_STDIN = {"-", "-f-", "-f=-", "--filename=-"}


def shape_of(nodes: int | None, *, dual_stack: bool, policy: bool) -> Shape | None:
    """What was asked for; None where nothing was, and the lab itself decides. Raises InputError."""
    if nodes is None and not dual_stack and policy:
        return None
    return Shape(nodes or Shape().nodes, policy=policy, dual_stack=dual_stack)


def up(what: str, name: str | None, shape: Shape | None, faults: Sequence[str], *, overlay: bool) -> int:
    """Bring a lab up. Raises NetdoctorError."""
    begun = time.monotonic()
    definition = define(what, shape)
    definition = replace(definition, overlay=overlay or definition.overlay)
    name = name or definition.name
    lab = start(definition, name, faults)
    lab.keep()
    objects, _ = lab.objects()
    pods = sum(kind == "Pod" for kind, _, _ in objects)
    said = f"lab {name} is up: {len(lab.nodes)} nodes, {pods} pods, {time.monotonic() - begun:.1f} s"
    notes = [
        f"  {line}"
        for line in (
            *stood_in(objects),
            *unenforced(snapshot_of(objects, name)),
            *(f"fault {fault}" for fault in faults),
        )
    ]
    commands = _suggested(definition, name)
    emit(printable_lines([said, f"  {definition.title}", *notes, *commands]))
    return 0


def _suggested(definition: Definition, name: str) -> list[str]:
    checks = definition.scenario.spec.checks[:1] if definition.scenario else ()
    asked = [check.command for check in checks] or [f"check {_first_service(definition)}"]
    return [f"try: netdoctor {command}" for command in (*(f"{one} --lab {name}" for one in asked), f"lab down {name}")]


def _first_service(definition: Definition) -> str:
    """A Service of the user's as `check` takes it, or all Services."""
    own = [key for key in definition.objects if key[0] == "Service" and key[1:] != ("default", "kubernetes")]
    return next((f"svc/{name} -n {namespace}" for _, namespace, name in own if namespace != "kube-system"), "-A")


def show() -> int:
    """Say which labs and faults there are."""
    alive = running()
    titles = {name: load(directory).spec.title for name, directory in bundled().items()}
    width = max(map(len, (*titles, *alive, "")))
    lines = [f"{name:{width}}  {'up  ' if name in alive else '    '}{title}" for name, title in titles.items()]
    lines += [f"{name:{width}}  up" for name in alive if name not in titles]
    usages = {kind.usage: kind.title for kind in KINDS.values()}
    width = max(map(len, usages))
    lines += ["", "faults, for netdoctor lab up NAME --fault FAULT:"]
    lines += [f"{usage:{width}}  {title}" for usage, title in usages.items()]
    emit(printable_lines(lines))
    return 0


def down(names: Sequence[str], *, everything: bool) -> int:
    """End labs. Raises InputError where one is not up."""
    if bool(names) == everything:
        raise InputError("give the names of labs, or --all", hint="netdoctor lab list shows those that are up")
    for name in running() if everything else names:
        with _connected(name) as lab:
            lab.down()
        emit(f"lab {printable(name)} is down\n")
    return 0


def kubectl(name: str, arguments: Sequence[str]) -> int:
    """Carry out a kubectl command on a lab's objects. Raises NetdoctorError."""
    stdin = sys.stdin.read() if _FROM_STDIN.intersection(arguments) else ""
    with _connected(name) as lab:
        code, out, complaint = run_kubectl(lab, arguments, stdin)
    emit(out)
    if complaint:
        note(complaint.rstrip("\n"))
    return code


def check(what: str, arguments: Sequence[str]) -> int:
    """`netdoctor check` in a lab. Raises NetdoctorError."""
    if arguments:
        from netdoctor.cli.main import main  # noqa: PLC0415 - which imports this module's commands

        return main(["check", *arguments, "--lab", what])
    lab = connect(what)
    definition = define(what) if lab is None or what in bundled() else None
    if definition is None or definition.scenario is None:
        raise InputError(f"{what}: it says no checks of its own", hint=f"netdoctor lab check {what} svc/NAME")
    from netdoctor.cli.checking import worst  # noqa: PLC0415 - of the checks that are made elsewhere

    with lab or start(definition, _own_name()) as used:
        commands = [shlex.split(check.command) for check in definition.scenario.spec.checks]
        return worst(
            subprocess.run([*_NETDOCTOR, *one, "--lab", used.name], check=False).returncode for one in commands
        )


_NETDOCTOR = (sys.executable, "-m", "netdoctor")


def _own_name() -> str:
    """A name for a lab that only this process, and what it starts, are meant to use."""
    return f"run-{os.getpid()}"


def run(what: str, *, yes: bool) -> int:
    """Walk through a lab. Raises NetdoctorError."""
    definition = define(what)
    if definition.page is not None:
        return _walk(definition, parse(definition.page.read_text(encoding="utf-8")), yes=yes)
    if definition.scenario is None:
        raise InputError(f"{what}: there is neither a page to walk through nor a check to make")
    with start(definition, _own_name()) as lab:
        names = {name: name for name in lab.nodes}
        found = failures(definition.scenario, "lab", names, lambda c: ask(c, ["--lab", lab.name], wrap=list))
    emit("".join(f"{text}\n" for text in found) or f"{definition.name}: as expected\n")
    return _UNHEALTHY if found else 0


def _walk(definition: Definition, steps: Sequence[Prose | Command], *, yes: bool) -> int:
    """Say what the page says, and do what it does. Ends at the first command whose exit code is another."""
    name = definition.name
    with start(definition, name):
        for step in steps:
            if isinstance(step, Prose):
                emit(f"{printable_lines(step.text.splitlines())}\n")
                continue
            emit(f"$ {printable(step.text)}\n")
            if not yes and sys.stdin.isatty():
                with suppress(EOFError):
                    input("  (Enter runs it) ")
            code = _do(step, name, definition)
            emit("\n")
            if code != step.exit:
                raise NetdoctorError(f"exit code {code}, and the page expects {step.exit}: {step.text}")
    return 0


def _do(step: Command, name: str, definition: Definition) -> int:
    words = list(step.words)
    before = ["lab", "kubectl", name] if words[0] == "kubectl" else []
    words = [*_NETDOCTOR, *before, *words[1:]]
    directory = definition.page.parent if definition.page else None
    environment = {**os.environ, "NETDOCTOR_LAB": name}
    return subprocess.run(words, cwd=directory, env=environment, check=False).returncode


def shell(name: str, where: str, namespace: str, command: Sequence[str]) -> int:
    """A shell, or a command, somewhere in a lab. Raises NetdoctorError."""
    with _connected(name) as lab:
        return terminal.run(lab, _place(lab, where, namespace), command, where)


def _place(lab: Lab, where: str, namespace: str) -> Place:
    if where == "outside":
        return lab.place("outside")
    snapshot = snapshot_of(lab.objects()[0], f"lab {lab.name}")
    found = require(snapshot, parse_reference(where, "WHERE"), namespace, where)
    if isinstance(found, Workload):
        pods = [pod for pod in snapshot.pods_of(found) if pod.ips]
        if not pods:
            raise InputError(f"{where}: it has no pod that runs")
        found = pods[0]
    if isinstance(found, Pod):
        return lab.place("pod", found.namespace, found.name)
    if found.ref.kind == "Node":
        return lab.place("node", name=found.name)
    raise InputError(f"{where}: give pod/NAME, a workload, node/NAME or outside")


def _connected(name: str) -> Lab:
    lab = connect(name)
    if lab is None:
        alive = ", ".join(running()) or "none"
        raise InputError(f"no lab {name} is up (up: {alive})", hint=f"netdoctor lab up {name}")
    return lab


def printable_lines(lines: Sequence[str]) -> str:
    """Lines with nothing in them that a terminal would act on."""
    return "".join(f"{printable(line)}\n" for line in lines)
