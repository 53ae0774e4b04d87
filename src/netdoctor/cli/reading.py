"""The cluster that a command is about: read from the API server, from files, or from a lab."""

from __future__ import annotations

import atexit
import sys
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from netdoctor.cli.output import note
from netdoctor.cluster.files import load_recorded
from netdoctor.cluster.objects import Pod
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.model.errors import InputError
from netdoctor.model.refs import ObjectRef
from netdoctor.probing.kube.options import ProbeOptions
from netdoctor.probing.prober import Prober

if TYPE_CHECKING:  # files need no client, which takes long to load, and no lab
    from netdoctor.cluster.client import Client
    from netdoctor.lab.client import Lab
    from netdoctor.probing.recorded import RecordedCheck

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Access:
    """How to reach the cluster. `request_timeout` is in seconds; `lab` names a lab to be used instead."""

    kubeconfig: str | None
    context: str | None
    request_timeout: float
    lab: str | None = None

    def __post_init__(self) -> None:
        if self.lab and (self.kubeconfig or self.context):
            raise InputError(f"--lab {self.lab}: a lab needs no --context and no --kubeconfig")


@dataclass(frozen=True, slots=True)
class Cluster:
    """What was read, and the connection to where it came from, if that can be probed; or the checks that were made."""

    snapshot: Snapshot
    client: Client | None = None
    lab: Lab | None = None
    recorded: tuple[RecordedCheck, ...] = ()

    @property
    def namespace(self) -> str:
        """Where names are looked up that say no namespace."""
        if self.recorded:
            return self.recorded[0].namespace
        return self.client.namespace if self.client else "default"

    def prober(self, options: ProbeOptions, *, outside: bool = False) -> Prober | None:
        """What sends probes there; None where only files were read. From outside a cluster, it is this machine."""
        if self.lab is not None:
            from netdoctor.probing.lab import LabProber  # noqa: PLC0415

            return LabProber(self.lab)
        if self.client is not None and outside:
            from netdoctor.probing.local import LocalProber  # noqa: PLC0415

            return LocalProber()
        if self.client is not None:
            from netdoctor.probing.kube.prober import KubeProber  # noqa: PLC0415

            return KubeProber(self.client, self.snapshot, options)
        return None

    def with_tls_secrets(self, refs: Collection[ObjectRef]) -> Cluster:
        """The cluster with Secrets for TLS, which are read only when a check needs them. Raises NetdoctorError.

        Where one is missing, what is to make it is read too.
        """
        from netdoctor.cluster.issuing import with_issuing  # noqa: PLC0415
        from netdoctor.cluster.tls_secrets import all_there, with_tls_secrets  # noqa: PLC0415

        if self.lab is not None:
            return replace(self, snapshot=all_there(self.snapshot, refs))
        if self.client is not None and refs:
            snapshot = with_tls_secrets(self.snapshot, self.client, refs)
            return replace(self, snapshot=with_issuing(snapshot, self.client, refs))
        return self

    def logs(self, pods: Iterable[Pod]) -> Mapping[ObjectRef, str]:
        """What some pods have said, as far as it can be read."""
        if self.lab is not None:
            said = {pod.ref: "\n".join(self.lab.output(pod.namespace, pod.name).values()) for pod in pods}
            return {ref: text for ref, text in said.items() if text}
        if self.client is not None:
            from netdoctor.cluster.logs import read_logs  # noqa: PLC0415

            return read_logs(self.client, pods)
        return {}


def read_cluster(
    files: Sequence[str], access: Access, namespace: str | None, names: Sequence[str], progress: Progress
) -> Cluster:
    """The cluster's objects, and the connection where they came from one.

    Args:
        files: what to read instead of a live cluster, if anything.
        access: how to reach the live cluster, or the lab.
        namespace: that was asked for.
        names: objects that were asked for; their namespaces matter where the whole cluster may not be read.
        progress: is told, in words, how far this is.

    Raises:
        NetdoctorError: as the doors do.
    """
    if files and access.lab:
        raise InputError(f"--lab {access.lab}: a lab needs no --snapshot; it can replay one: --lab {files[0]}")
    if files:
        return _from_files(files)
    if access.lab:
        return _from_lab(access.lab, progress)
    return _from_api_server(access, namespace, names, progress)


def _from_files(files: Sequence[str]) -> Cluster:
    loaded = load_recorded(files)
    if not loaded.checks:
        return Cluster(loaded.snapshot)
    from netdoctor.probing.recorded import read_checks  # noqa: PLC0415

    return Cluster(loaded.snapshot, recorded=read_checks(loaded.checks, files[0]))


def _from_lab(name: str, progress: Progress) -> Cluster:
    """A lab that only this process uses ends with it."""
    from netdoctor.lab.needs import require_lab  # noqa: PLC0415

    require_lab()
    from netdoctor.lab.objects import snapshot_of  # noqa: PLC0415
    from netdoctor.lab.programs import stood_in  # noqa: PLC0415
    from netdoctor.lab.session import open_lab  # noqa: PLC0415

    progress(f"opening lab {name}")
    lab = open_lab(name)
    atexit.register(lab.close)
    objects, _ = lab.objects()
    for line in stood_in(objects):
        note(line)
    return Cluster(snapshot_of(objects, f"lab {lab.name}"), lab=lab)


def _from_api_server(access: Access, namespace: str | None, names: Sequence[str], progress: Progress) -> Cluster:
    from netdoctor.cluster.live import connect  # noqa: PLC0415
    from netdoctor.cluster.read import read  # noqa: PLC0415

    client = connect(access.kubeconfig, access.context, access.request_timeout)
    progress(f"reading the objects of {client.context}")
    return Cluster(read(client, _namespaces(namespace or client.namespace, names), progress), client)


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
