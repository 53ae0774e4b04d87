"""The system calls that make and enter namespaces, which Python names only from 3.12 on, or not at all.

Sources: namespaces(7), user_namespaces(7), unshare(2), setns(2), mount(2), prctl(2).
"""

from __future__ import annotations

import ctypes
import os
import signal
from collections.abc import Iterable
from enum import IntFlag
from pathlib import Path


class Clone(IntFlag):
    """Kinds of namespaces, as in sched.h."""

    MOUNT = 0x20000
    UTS = 0x4000000
    IPC = 0x8000000
    USER = 0x10000000
    PID = 0x20000000
    NET = 0x40000000


_MS_BIND, _MS_REC, _MS_PRIVATE, _MS_NOSUID, _MS_NODEV = 0x1000, 0x4000, 0x40000, 0x2, 0x4
_MOST_FILES = 1 << 16
_PR_SET_PDEATHSIG, _PR_SET_NAME = 1, 15
_libc = ctypes.CDLL(None, use_errno=True)


def unshare(kinds: Clone) -> None:
    """Move this process into new namespaces; its children, for PID. Raises OSError."""
    _checked(_libc.unshare(ctypes.c_int(kinds)), "unshare")


def enter(namespace: int, kind: Clone) -> None:
    """Move this process into the namespace of an open file descriptor. Raises OSError."""
    _checked(_libc.setns(ctypes.c_int(namespace), ctypes.c_int(kind)), "setns")


def own_namespace(kind: Clone) -> int:
    """A file descriptor that keeps this process's own namespace alive. Raises OSError."""
    name = "mnt" if kind is Clone.MOUNT else kind.name.lower() if kind.name else ""
    return os.open(f"/proc/self/ns/{name}", os.O_RDONLY | os.O_CLOEXEC)


def map_root(uid: int, gid: int) -> None:
    """Make the user root of the user namespace that this process has just made. Raises OSError."""
    Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
    Path("/proc/self/uid_map").write_text(f"0 {uid} 1", encoding="ascii")
    Path("/proc/self/gid_map").write_text(f"0 {gid} 1", encoding="ascii")


def own_mounts() -> None:
    """A mount namespace of this process's own, from which nothing leaks to others. Raises OSError."""
    unshare(Clone.MOUNT)
    private_mounts()


def private_mounts() -> None:
    """Let no mount of this mount namespace reach another. Raises OSError."""
    _mount("", "/", "", _MS_REC | _MS_PRIVATE)


def mount(kind: str, target: str) -> None:
    """Mount a new file system of a kind, such as tmpfs. Raises OSError."""
    _mount(kind, target, kind, _MS_NOSUID | _MS_NODEV)


def bind(source: str, target: str) -> None:
    """Let one file stand in another's place. Raises OSError."""
    _mount(source, target, "", _MS_BIND)


def _mount(source: str, target: str, kind: str, flags: int) -> None:
    arguments = [text.encode() or None for text in (source, target, kind)]
    _checked(_libc.mount(*arguments, ctypes.c_ulong(flags), None), f"mount {target}")


def die_with_parent() -> None:
    """Have the kernel kill this process when its parent ends, however it ends."""
    parent = os.getppid()
    _checked(_libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "prctl")
    if os.getppid() != parent:  # it has ended before it could be asked for
        os._exit(1)


def close_files(kept: Iterable[int] = ()) -> None:
    """Close every open file but the standard ones and these: a reader of somebody's output waits for its end only."""
    low = 3
    for descriptor in sorted(kept):
        os.closerange(low, descriptor)
        low = descriptor + 1
    os.closerange(low, _MOST_FILES)


def name_process(name: str) -> None:
    """What `ps` shows of this process; at most 15 bytes of it."""
    _checked(_libc.prctl(_PR_SET_NAME, name.encode(), 0, 0, 0), "prctl")


def _checked(result: int, call: str) -> None:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{call}: {os.strerror(number)}")
