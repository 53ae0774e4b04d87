"""The Docker engine: a dockerd of our own in a network namespace without uplink, or the one that is installed.

Nothing that runs in that namespace, the engine's containers included, can reach any address outside it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .errors import ClusterError
from .paths import CACHE, NODE_SOURCES, RUNTIME
from .process import run, succeeds
from .progress import note, step
from .versions import KUBERNETES

NAMESPACE = "netdoctor-e2e"

#: Whom the nodes ask for names outside the cluster (RFC 5737: an address that nobody has).
NAME_SERVER = "192.0.2.53"

_NAMESPACE_FILE = Path("/run/netns") / NAMESPACE
_SOCKET = RUNTIME / "docker.sock"
_PID_FILE = RUNTIME / "docker.pid"
_LOG = CACHE / "dockerd.log"
_INOTIFY_INSTANCES = Path("/proc/sys/fs/inotify/max_user_instances")
_WANTED_INSTANCES = 1024
_CAP_SYS_RESOURCE = 24  # linux/capability.h
_PATIENCE_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Engine:
    """How to reach a Docker engine, and the network namespace of its clusters' API servers."""

    namespace: str | None = None  #: None is the machine's own
    environment: Mapping[str, str] = field(default_factory=dict)

    def inside(self, argv: Sequence[str], **environment: str) -> list[str]:
        """The command that runs ``argv`` in the namespace, with the engine's environment and more."""
        settings = [f"{name}={value}" for name, value in {**self.environment, **environment}.items()]
        # Not `ip netns exec`, which mounts a /sys of its own and so hides the cgroups.
        enter = ["nsenter", f"--net=/run/netns/{self.namespace}", "--"] if self.namespace else []
        return [*enter, "env", *settings, *argv]

    def docker(self, *arguments: str, stdin: bytes | None = None, timeout: float | None = None) -> str:
        """Runs the docker client and returns what it writes. Raises ClusterError if it fails."""
        advice = f"see {_LOG}" if self.namespace else "see the logs of the Docker engine"
        return run(["docker", *arguments], env=self.environment, advice=advice, stdin=stdin, timeout=timeout)

    def answers(self) -> bool:
        """Whether the engine is up."""
        return succeeds(["docker", "version"], env=self.environment)


def isolated_engine() -> Engine:
    """Our own engine in its namespace; it need not run yet."""
    path = os.pathsep.join([str(KUBERNETES.directory), os.environ.get("PATH", os.defpath)])  # our kubectl first
    settings = {"DOCKER_HOST": f"unix://{_SOCKET}", "DOCKER_BUILDKIT": "0", "PATH": path}
    return Engine(NAMESPACE, settings)


def start(engine: Engine) -> None:
    """Starts our own engine and its namespace, unless they run; clears what a crash or reboot left."""
    RUNTIME.mkdir(parents=True, exist_ok=True)
    _make_namespace(engine)
    pid = _running_pid()
    if pid is not None and _is_inside(pid) and engine.answers():
        return
    with step("starting dockerd"):
        stop()
        _raise_inotify_limit()
        _launch(engine)


def stop() -> None:
    """Stops our own engine, if it runs, and waits until it has ended."""
    pid = _running_pid()
    if pid is not None:
        os.kill(pid, signal.SIGTERM)
        if not _happens(lambda: _running_pid() is None):
            raise ClusterError("dockerd did not stop", f"process {pid} still runs", f"read {_LOG}, or kill {pid}")
    for stale in (_PID_FILE, _SOCKET):
        stale.unlink(missing_ok=True)


def remove_namespace() -> None:
    """Removes the network namespace, if there is one."""
    if _NAMESPACE_FILE.exists():
        run(["ip", "netns", "delete", NAMESPACE], advice="run this as root")


def _make_namespace(engine: Engine) -> None:
    if succeeds(["nsenter", f"--net={_NAMESPACE_FILE}", "true"]):
        return
    remove_namespace()  # a reboot may leave the file without its namespace
    run(["ip", "netns", "add", NAMESPACE], advice="run this as root")
    run(engine.inside(["ip", "link", "set", "lo", "up"]), advice="run this as root")


def _raise_inotify_limit() -> None:
    """Lets this machine hold the inotify instances of several clusters, of which each takes about 60.

    Without this the third cluster's kubelets do not start (kind's known issue "too many open files").
    """
    if int(_INOTIFY_INSTANCES.read_text()) < _WANTED_INSTANCES:
        note(f"raising {_INOTIFY_INSTANCES} to {_WANTED_INSTANCES}")
        _INOTIFY_INSTANCES.write_text(str(_WANTED_INSTANCES))


def _launch(engine: Engine) -> None:
    dockerd = ["dockerd", "--host", f"unix://{_SOCKET}", "--pidfile", str(_PID_FILE)]
    dockerd += ["--data-root", str(CACHE / "docker"), "--exec-root", str(RUNTIME / "exec")]
    dockerd += ["--exec-opt", "native.cgroupdriver=cgroupfs", "--storage-driver", "overlay2"]
    # Nobody has that address but while tests put a name server there: outside names fail at once, without a timeout.
    dockerd += ["--dns", NAME_SERVER]
    if not _may_have_all_capabilities():
        runtime = NODE_SOURCES / "runc-without-sys-resource"
        dockerd += ["--add-runtime", f"limited={runtime}", "--default-runtime", "limited"]
    with _LOG.open("wb") as log:
        started = subprocess.Popen(
            engine.inside(dockerd), stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    if not _happens(lambda: started.poll() is not None or engine.answers()) or started.poll() is not None:
        reason = " | ".join(_LOG.read_text(errors="replace").splitlines()[-2:])
        raise ClusterError("dockerd did not start", reason, f"read {_LOG}; it must run as root")


def _may_have_all_capabilities() -> bool:
    status = Path("/proc/self/status").read_text()
    bounding = next(line.split()[1] for line in status.splitlines() if line.startswith("CapBnd:"))
    return bool(int(bounding, 16) >> _CAP_SYS_RESOURCE & 1)


def _running_pid() -> int | None:
    """The process id of our dockerd. Its pid file may be stale, and the id another process's by now."""
    try:
        pid = int(_PID_FILE.read_text())
        words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    except (FileNotFoundError, ProcessLookupError, ValueError):
        return None
    return pid if str(_PID_FILE) in words else None


def _is_inside(pid: int) -> bool:
    return Path(f"/proc/{pid}/ns/net").stat().st_ino == _NAMESPACE_FILE.stat().st_ino


def _happens(condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + _PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.2)
    return True
