"""The process that is the lab: the first of its PID namespace. When it ends, the kernel ends everything else.

It does one thing after the other, for whoever asks: the one that started it, over a socket that both have from the
beginning, and others over an abstract UNIX socket, which leaves no file behind (unix(7)).
"""

from __future__ import annotations

import os
import selectors
import signal
import socket
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pyroute2.netlink.exceptions import NetlinkError

from netdoctor.lab import kernel, wire
from netdoctor.lab.faults.catalogue import parse
from netdoctor.lab.faults.letting_in import let_in
from netdoctor.lab.kernel import Clone
from netdoctor.lab.objects import key_of
from netdoctor.lab.place import Place
from netdoctor.lab.stand_in import stand_in
from netdoctor.lab.world import World
from netdoctor.model.errors import AccessError, NetdoctorError
from netdoctor.model.refs import ObjectRef

_LOOK_SECONDS = 5.0  # how often programs are asked what they have said, so that none waits to be heard


@dataclass(slots=True)
class _Connection:
    """A client; its stand-ins go when it goes."""

    socket: socket.socket
    stand_ins: dict[str, str] = field(default_factory=dict)  # by position, the names in the World


Answer = tuple[Mapping[str, Any], Sequence[int]]


class Keeper:
    """Serves a World until nobody needs it any more."""

    def __init__(self, world: World, owner: socket.socket, listener: socket.socket | None) -> None:
        self._world = world
        self._owner = owner
        self._listener = listener
        self._kept = False
        self._ending = False
        self._leaving: list[str] = []  # stand-ins to be removed when the client has its answer
        self._revision = 0
        self._number = 0
        self._selector = selectors.DefaultSelector()

    def run(self) -> None:
        """Serve until the end: the owner has gone, or somebody has asked for it."""
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks how a program ended
        self._welcome(self._owner)
        if self._listener is not None:
            self._selector.register(self._listener, selectors.EVENT_READ, self._accept)
        wire.send(self._owner, {"ready": True})
        while not self._ending:
            for key, _ in self._selector.select(_LOOK_SECONDS):
                key.data()
            for process in self._world.processes:
                process.read()

    def _accept(self) -> None:
        assert self._listener is not None
        client, _ = self._listener.accept()
        if wire.peer(client) == os.getuid():
            self._welcome(client)
        else:  # abstract sockets have no permissions: another user's process
            client.close()

    def _welcome(self, client: socket.socket) -> None:
        connection = _Connection(client)
        self._selector.register(client, selectors.EVENT_READ, lambda: self._serve(connection))

    def _serve(self, connection: _Connection) -> None:
        try:
            request, _ = wire.receive(connection.socket)
            answer, descriptors = self._answered(connection, request)
            wire.send(connection.socket, answer, descriptors)
            self._world.remove_stand_ins(self._leaving)  # nobody need wait for the kernel, which takes its time
            self._leaving = []
        except wire.GoneError:
            self._selector.unregister(connection.socket)
            connection.socket.close()
            self._world.remove_stand_ins(connection.stand_ins.values())
            self._ending = self._ending or (connection.socket is self._owner and not self._kept)

    def _answered(self, connection: _Connection, request: Mapping[str, Any]) -> Answer:
        try:
            do: Callable[..., Answer] = getattr(self, f"do_{request.pop('do')}")  # type: ignore[attr-defined]
            return do(connection, **request)
        except Exception as error:  # noqa: BLE001 - the client is told, and the lab goes on
            return said(error), ()

    # What can be asked ---------------------------------------------------------------------------------------

    def do_hello(self, _: _Connection) -> Answer:
        """What the lab is, and the namespaces that a client enters first: user (if any), PID, mounts."""
        descriptors = [kernel.own_namespace(kind) for kind in (Clone.USER, Clone.PID, Clone.MOUNT)]
        return {"name": self._world.name, "nodes": list(self._world.node_places)}, descriptors

    def do_objects(self, _: _Connection) -> Answer:
        """All objects as they are now."""
        return {"revision": self._revision, "objects": list(self._world.objects.values())}, ()

    def do_update(self, _: _Connection, revision: int, objects: list[dict[str, Any]]) -> Answer:
        """Other objects in the place of those of a revision."""
        if revision != self._revision:
            raise AccessError("the lab's objects have changed meanwhile", hint="run the command again")
        self._revision += 1
        self._world.follow({key_of(manifest): manifest for manifest in objects})
        return {"revision": self._revision}, ()

    def do_fault(self, _: _Connection, fault: str) -> Answer:
        """Let a fault in; its objects, if it changes any, are those of another revision."""
        before = self._world.objects
        let_in(parse(fault), self._world)
        self._revision += self._world.objects is not before
        return {}, ()

    def do_stand_in(self, connection: _Connection, pods: Mapping[str, dict[str, Any]]) -> Answer:
        """Pods for probes, by their positions: where each has come to be."""
        for position, manifest in pods.items():
            self._number += 1
            name = f"{position}-{self._number}"
            self._world.add_stand_in(name, stand_in(manifest, self._world))
            connection.stand_ins[position] = name
        self._world.filter()
        living = {position: self._world.stand_ins[connection.stand_ins[position]] for position in pods}
        places = {
            position: {"node": live.pod.spec.node_name, "ip": next(iter(live.pod.ips), None), **_described(live.place)}
            for position, live in living.items()
        }
        return {"places": places}, [live.place.network for live in living.values()]

    def do_release(self, connection: _Connection) -> Answer:
        """Take the client's stand-ins away."""
        self._leaving += connection.stand_ins.values()
        connection.stand_ins = {}
        return {}, ()

    def do_place(self, _: _Connection, kind: str, namespace: str = "", name: str = "") -> Answer:
        """Where a pod, a node or the outside is."""
        if kind == "pod":
            live = self._world.pods.get(ObjectRef("Pod", name, namespace))
            place = live.place if live else None
        else:
            place = self._world.outside_place if kind == "outside" else self._world.node_places.get(name)
        if place is None:
            what = f"pod {namespace}/{name}" if kind == "pod" else f"{kind} {name}"
            raise AccessError(f"the lab has no running {what}", hint="netdoctor lab kubectl NAME get pods -A")
        return _described(place), [place.network]

    def do_output(self, _: _Connection, namespace: str, name: str) -> Answer:
        """What a pod's programs have said last."""
        live = self._world.pods.get(ObjectRef("Pod", name, namespace))
        processes = live.processes if live else {}
        return {container: bytes(p.output).decode(errors="replace") for container, p in processes.items()}, ()

    def do_keep(self, _: _Connection) -> Answer:
        """Go on when the one that started the lab has gone."""
        self._kept = True
        return {}, ()

    def do_down(self, _: _Connection) -> Answer:
        """The end."""
        self._ending = True
        return {}, ()


def _described(place: Place) -> dict[str, str]:
    return {"name": place.name, "directory": str(place.directory)}


def said(error: Exception) -> dict[str, Any]:
    """An error as the client raises it again."""
    if isinstance(error, NetdoctorError):
        return {"error": {"what": error.what, "why": error.why, "hint": error.hint, "exit": error.exit_code}}
    if isinstance(error, OSError | NetlinkError):
        return {"error": {"what": "the lab cannot do that", "why": str(error), "hint": "", "exit": 3}}
    return {"error": {"bug": "".join(traceback.format_exception(error))}}
