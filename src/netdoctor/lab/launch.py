"""Starts a lab's keeper: a process in namespaces of its own, root of no more than these."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress

from netdoctor.lab import kernel, wire
from netdoctor.lab.keeper import Keeper, said
from netdoctor.lab.kernel import Clone
from netdoctor.lab.place import prepare_mounts
from netdoctor.lab.processes import child
from netdoctor.lab.tools import install
from netdoctor.lab.world import World
from netdoctor.model.errors import AccessError

_SPACES = Clone.PID | Clone.MOUNT | Clone.NET | Clone.UTS | Clone.IPC


def launch(make: Callable[[], World], listener: socket.socket | None) -> tuple[socket.socket, int]:
    """Start a keeper for the World that `make` makes inside the new namespaces.

    Everything ends with this process, however it ends, unless the keeper is told to go on without it.

    Args:
        make: called in the keeper.
        listener: where others may ask it, if anywhere.

    Returns:
        The owner's end of a socket, on which the keeper will say that it is ready or why it is not; and the process
        to wait for after the end.
    """
    ours, theirs = socket.socketpair()
    sys.stdout.flush()
    sys.stderr.flush()
    pid = child(lambda: _launch(make, theirs, listener))
    theirs.close()
    return ours, pid


def _launch(make: Callable[[], World], owner: socket.socket, listener: socket.socket | None) -> int:
    """The keeper's parent, which only waits: a PID namespace begins with the next child."""
    _detach((owner, *([listener] if listener else [])))
    os.setpgid(0, 0)  # Ctrl-C is for whoever started the lab
    uid, gid = os.getuid(), os.getgid()
    try:
        _isolate(uid, gid)
    except OSError as error:
        _tell(owner, _forbidden(error))
        return 1
    if listener is None:
        kernel.die_with_parent()
    pid = child(lambda: _keep(make, owner, listener))
    owner.close()
    if listener is not None:
        listener.close()
    os.waitpid(pid, 0)
    return 0


def _isolate(uid: int, gid: int) -> None:
    """New namespaces, in a user namespace of which the user is root; root itself needs none where it gets none."""
    try:
        kernel.unshare(Clone.USER)
    except OSError:
        if uid != 0:
            raise
    else:
        kernel.map_root(uid, gid)
    kernel.unshare(_SPACES)


def _keep(make: Callable[[], World], owner: socket.socket, listener: socket.socket | None) -> int:
    kernel.die_with_parent()
    kernel.name_process("netdoctor-lab")
    try:
        _more_files()
        prepare_mounts()
        install()
        with suppress(OSError):  # inside some containers a second /proc is forbidden; the first one will do
            kernel.mount("proc", "/proc")
        world = make()
    except Exception as error:  # noqa: BLE001 - whatever it is, the one who waits must hear of it
        _tell(owner, said(error))
        return 1
    Keeper(world, owner, listener).run()
    return 0


def _detach(kept: Sequence[socket.socket]) -> None:
    """No terminal, and no open file of whoever started it, but these."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in range(3):
        os.dup2(nothing, standard)
    kernel.close_files(one.fileno() for one in kept)


def _more_files() -> None:
    """Each pod takes a few file descriptors."""
    import resource  # noqa: PLC0415 - only the keeper needs it

    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _tell(owner: socket.socket, message: object) -> None:
    with suppress(wire.GoneError):
        wire.send(owner, message)


def _forbidden(error: OSError) -> dict[str, object]:
    return said(
        AccessError(
            "this kernel does not let you make the namespaces that a lab consists of",
            str(error),
            "as root: sysctl -w kernel.unprivileged_userns_clone=1 user.max_user_namespaces=10000 "
            "kernel.apparmor_restrict_unprivileged_userns=0 (those that exist); or run netdoctor itself as root",
        )
    )
