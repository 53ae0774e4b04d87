"""A lab as the command line sees it: one that it has started for itself, or one that is up already."""

from __future__ import annotations

import os
import re
import signal
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from netdoctor.lab import kernel, wire
from netdoctor.lab.kernel import Clone
from netdoctor.lab.objects import Manifest, Objects, key_of
from netdoctor.lab.place import Place
from netdoctor.lab.processes import child
from netdoctor.model.errors import AccessError, InputError, NetdoctorError

_PREFIX = f"netdoctor-lab.{os.getuid()}."
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_LISTENERS = Path("/proc/net/unix")  # proc_net_unix: the abstract ones begin with @


@dataclass(frozen=True, slots=True)
class StandIn:
    """A probe pod in the lab: where it runs, and as whom."""

    place: Place
    node: str
    ip: str | None


class Lab:
    """A connection to a keeper. As a context manager it ends, and with it a lab that nobody else keeps."""

    def __init__(self, connection: socket.socket, process: int | None = None) -> None:
        """Greet the keeper.

        Args:
            connection: to it.
            process: to wait for at the end, if this process has started it.
        """
        self._connection = connection
        self._process = process
        hello, self._spaces = self._ask("hello")
        self.name: str = hello["name"]
        self.nodes: tuple[str, ...] = tuple(hello["nodes"])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the connection; returns when a lab that lived by it is gone."""
        self._connection.close()
        for descriptor in self._spaces:
            os.close(descriptor)
        if self._process is not None:
            os.waitpid(self._process, 0)

    def keep(self) -> None:
        """Let the lab go on without this process."""
        self._ask("keep")
        self._process = None

    def down(self) -> None:
        """End the lab."""
        self._ask("down")
        with suppress(wire.GoneError):
            wire.receive(self._connection)  # its end

    def objects(self) -> tuple[Objects, int]:
        """All objects, and their revision."""
        answer, _ = self._ask("objects")
        return {key_of(manifest): manifest for manifest in answer["objects"]}, answer["revision"]

    def update(self, objects: Objects, revision: int) -> None:
        """Put others in the place of the objects of a revision. Raises AccessError, if they have changed meanwhile."""
        self._ask("update", revision=revision, objects=list(objects.values()))

    def fault(self, fault: str) -> None:
        """Let a fault in, as `faults.catalogue` writes it. Raises NetdoctorError."""
        self._ask("fault", fault=fault)

    def stand_in(self, pods: Mapping[str, Manifest]) -> dict[str, StandIn]:
        """Make probe pods, by the names of their positions."""
        stand_ins = {}
        for some in _batches(pods, wire.MAX_DESCRIPTORS):
            answer, networks = self._ask("stand_in", pods=some)
            for (position, made), network in zip(answer["places"].items(), networks, strict=True):
                stand_ins[position] = StandIn(_place(made, network), made["node"], made["ip"])
        return stand_ins

    def release(self) -> None:
        """Remove the probe pods of this connection."""
        self._ask("release")

    def place(self, kind: str, namespace: str = "", name: str = "") -> Place:
        """Where a ``pod`` or a ``node`` is, or the ``outside``. Raises AccessError."""
        answer, (network,) = self._ask("place", kind=kind, namespace=namespace, name=name)
        return _place(answer, network)

    def output(self, namespace: str, name: str) -> Mapping[str, str]:
        """What a pod's programs have said last, by container. Untrusted text."""
        answer, _ = self._ask("output", namespace=namespace, name=name)
        return dict(answer)

    def run(self, place: Place, program: Callable[[], int]) -> int:
        """Run something in a place, as a child of this process and in the lab; the child's id.

        It ends with the lab, and with this process.
        """
        return child(lambda: self._inside(place, program))

    def _inside(self, place: Place, program: Callable[[], int]) -> int:
        """A PID namespace begins with the next child; this one only waits for it, and hands signals on."""
        kernel.die_with_parent()
        self._connection.close()  # else the keeper would think that its client is still there
        for descriptor, kind in zip(self._spaces, (Clone.USER, Clone.PID, Clone.MOUNT), strict=True):
            try:
                kernel.enter(descriptor, kind)
            except OSError:
                if kind is not Clone.USER:  # a lab of root's may have none of its own
                    raise
        place.enter()

        def innermost() -> int:
            kernel.die_with_parent()
            return program()

        try:
            pid = child(innermost)
        except OSError:  # the lab has just ended: in its PID namespace nothing begins any more
            return 128 + signal.SIGKILL
        for number in (signal.SIGINT, signal.SIGQUIT):
            signal.signal(number, signal.SIG_IGN)  # the terminal sends them to the program too
        _, status = os.waitpid(pid, 0)
        return os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)

    def _ask(self, do: str, **arguments: Any) -> tuple[Any, list[int]]:
        try:
            wire.send(self._connection, {"do": do, **arguments})
            answer, descriptors = wire.receive(self._connection)
        except wire.GoneError as error:
            raise AccessError("the lab has ended", str(error), "netdoctor lab up NAME") from error
        return checked(answer), descriptors


def checked(answer: Any) -> Any:
    """An answer that is no error. Raises what the keeper says."""
    if not isinstance(answer, dict) or "error" not in answer:
        return answer
    error = answer["error"]
    if "bug" in error:
        raise RuntimeError(error["bug"])
    kinds: dict[int, type[NetdoctorError]] = {2: InputError, 3: AccessError}
    raise kinds.get(error["exit"], NetdoctorError)(error["what"], error["why"], error["hint"])


def _batches(pods: Mapping[str, Manifest], size: int) -> Iterator[dict[str, Manifest]]:
    rest = iter(pods.items())
    while some := dict(islice(rest, size)):
        yield some


def _place(described: Mapping[str, str], network: int) -> Place:
    return Place(described["name"], network, Path(described["directory"]))


# Labs that are up ----------------------------------------------------------------------------------------------


def listen(name: str) -> socket.socket:
    """Take a name for a lab of this user.

    Raises:
        InputError: it is no name, or there is a lab of that name.
    """
    if not _NAME.fullmatch(name):
        raise InputError(f"{name}: a lab's name consists of a-z, 0-9 and -")
    listener = socket.socket(socket.AF_UNIX)
    try:
        listener.bind(f"\0{_PREFIX}{name}")
    except OSError as error:
        listener.close()
        raise InputError(f"lab {name} is up already", hint=f"netdoctor lab down {name}") from error
    listener.listen()
    return listener


def running() -> tuple[str, ...]:
    """Names of this user's labs that are up."""
    lines = _LISTENERS.read_text(encoding="utf-8", errors="replace").splitlines()
    names = {line.rpartition(f"@{_PREFIX}")[2] for line in lines if f"@{_PREFIX}" in line}
    return tuple(sorted(name for name in names if _NAME.fullmatch(name)))


def connect(name: str) -> Lab | None:
    """The lab of that name; None if none of this user's is up. Raises NetdoctorError."""
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.connect(f"\0{_PREFIX}{name}")
        own = wire.peer(connection) == os.getuid()  # anybody may listen at any abstract address
    except OSError:
        own = False
    if not own:
        connection.close()
        return None
    return Lab(connection)
