"""Starts labs, finds those that are up, and changes them as a user at a node or with kubectl would."""

from __future__ import annotations

import os
import shlex
import socket
import subprocess
from collections.abc import Callable, Sequence

from netdoctor.lab import wire
from netdoctor.lab.client import Lab, checked, connect, listen
from netdoctor.lab.definition import Definition, define, node_names
from netdoctor.lab.faults.catalogue import parse, require_nodes
from netdoctor.lab.kubectl import kubectl
from netdoctor.lab.scenario import OUTSIDE, Step, with_nodes
from netdoctor.lab.tools import environment
from netdoctor.model.errors import AccessError

Ran = tuple[int, str, str]  # exit code, stdout, stderr


def start(definition: Definition, name: str | None = None, faults: Sequence[str] = ()) -> Lab:
    """Start a lab and let its faults in; it ends with this process, unless it is told to go on.

    Args:
        definition: what it is.
        name: by which others can reach it, if they may.
        faults: more of them, as `faults.catalogue` writes them.

    Raises:
        NetdoctorError: the name is taken, the kernel refuses, or a fault cannot be injected.
    """
    for fault in faults:
        require_nodes(parse(fault), [key[2] for key in definition.objects if key[0] == "Node"])
    listener = listen(name) if name else None
    shown = name or definition.name
    connection, process = _launched(shown, definition, listener)
    if listener is not None:
        listener.close()
    try:
        answer, _ = wire.receive(connection)
        checked(answer)
        lab = Lab(connection, process)
        for step in definition.inject:
            carry_out(step, lab)
        for fault in faults:
            lab.fault(fault)
    except BaseException as error:
        connection.close()  # the keeper ends with it
        os.waitpid(process, 0)
        if isinstance(error, wire.GoneError):
            raise AccessError("the lab ended while it was being started", str(error)) from error
        raise
    return lab


def _launched(name: str, definition: Definition, listener: socket.socket | None) -> tuple[socket.socket, int]:
    """What makes links takes long to load, and is for those only who start a lab."""
    from netdoctor.lab.launch import launch  # noqa: PLC0415
    from netdoctor.lab.world import World  # noqa: PLC0415

    def make() -> World:
        return World(name, definition.objects, definition.outside, overlay=definition.overlay)

    return launch(make, listener)


def open_lab(what: str) -> Lab:
    """The lab of that name if it is up; else one for this process alone. Raises NetdoctorError."""
    return connect(what) or start(define(what))


def carry_out(step: Step, lab: Lab) -> None:
    """One step of a scenario. Raises NetdoctorError where it fails."""
    names = node_names(len(lab.nodes))
    if step.fault:
        lab.fault(with_nodes(step.fault, names))
        return
    if step.kubectl:
        words = shlex.split(with_nodes(step.kubectl, names))
        code, _, complaint = run_kubectl(lab, words)
        shown = f"kubectl {step.kubectl}"
    else:
        code, complaint = on_node(lab, with_nodes(names.get(step.node, step.node), names), with_nodes(step.run, names))
        shown = f"{step.run} (on {step.node})"
    if code:
        raise AccessError(f"a step of the scenario fails: {shown}", complaint.strip() or f"exit code {code}")


def run_kubectl(lab: Lab, arguments: Sequence[str], stdin: str = "", read: Callable[[str], str] | None = None) -> Ran:
    """Carry out a kubectl command on the lab's objects. Raises NetdoctorError for what the lab does not know."""
    objects, revision = lab.objects()
    ran = kubectl(objects, arguments, stdin, *([read] if read else []))
    if ran.objects is not objects and ran.objects != objects:
        lab.update(ran.objects, revision)
    return ran.code, ran.stdout, ran.stderr


def on_node(lab: Lab, node: str, command: str) -> tuple[int, str]:
    """Run a shell command in the network namespace of a node, or `outside`; its exit code and output."""
    place = lab.place(OUTSIDE) if node == OUTSIDE else lab.place("node", name=node)
    read, write = os.pipe()

    def run() -> int:
        os.dup2(write, 1)
        os.dup2(write, 2)
        words = ["sh", "-c", command]
        return subprocess.run(words, stdin=subprocess.DEVNULL, env=environment(), check=False).returncode

    process = lab.run(place, run)
    os.close(write)
    with os.fdopen(read, encoding="utf-8", errors="replace") as output:
        said = output.read()
    _, status = os.waitpid(process, 0)
    os.close(place.network)
    return os.waitstatus_to_exitcode(status), said
