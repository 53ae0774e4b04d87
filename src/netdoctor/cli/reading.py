"""The cluster that a command is about: read from the API server, or from files."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from netdoctor.cli.output import note
from netdoctor.cluster.files import load
from netdoctor.cluster.snapshot import Snapshot

if TYPE_CHECKING:  # files need no client, which takes long to load
    from netdoctor.cluster.client import Client

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Access:
    """How to reach the cluster. `request_timeout` is in seconds."""

    kubeconfig: str | None
    context: str | None
    request_timeout: float


def read_cluster(
    files: Sequence[str], access: Access, namespace: str | None, names: Sequence[str], progress: Progress
) -> tuple[Snapshot, Client | None]:
    """The cluster's objects, and the connection where they came from one.

    Args:
        files: what to read instead of a live cluster, if anything.
        access: how to reach the live cluster.
        namespace: that was asked for.
        names: objects that were asked for; their namespaces matter where the whole cluster may not be read.
        progress: is told, in words, how far this is.

    Raises:
        NetdoctorError: as the two doors do.
    """
    if files:
        return load(files), None
    from netdoctor.cluster.live import connect  # noqa: PLC0415
    from netdoctor.cluster.read import read  # noqa: PLC0415

    client = connect(access.kubeconfig, access.context, access.request_timeout)
    progress(f"reading the objects of {client.context}")
    return read(client, _namespaces(namespace or client.namespace, names), progress), client


def progress_at_terminal(*, quiet: bool) -> Progress:
    """Progress is for a person who waits at a terminal."""
    if quiet or not sys.stderr.isatty():
        return lambda _: None
    return note


def _namespaces(namespace: str, names: Sequence[str]) -> list[str]:
    """Namespaces that matter where the whole cluster may not be read: each suffix of a name may be one."""
    found = [namespace]
    for name in names:
        kind, slash, rest = name.partition("/")
        if slash and kind in ("ns", "namespace", "namespaces"):
            found.append(rest)
        found += (rest if slash else name).partition(":")[0].split(".")[1:]
    return [name for name in dict.fromkeys(found) if name]
