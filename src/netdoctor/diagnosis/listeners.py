"""What listens inside a pod, as its sockets, its logs or its command line tell."""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from ipaddress import ip_address

from netdoctor.cluster.addresses import host_and_port
from netdoctor.cluster.objects import Container, Pod
from netdoctor.diagnosis.case import Case, Seen
from netdoctor.model.probe import Outcome, Role
from netdoctor.model.report import Evidence
from netdoctor.path.backends import Backend
from netdoctor.path.path import Route
from netdoctor.probing.plan import Aim

_LOOPBACK = r"(?:127(?:\.\d{1,3}){3}|localhost|\[?::1\]?)"
_OTHERS = re.compile(r"upstream|target|backend|proxy|connect|remote|url|endpoint|forward|peer|join|dest", re.IGNORECASE)
_BINDS = re.compile(r"listen|bind", re.IGNORECASE)
_HOST_FLAG = re.compile(r"host|bind|addr|interface|listen|^-b$|^-H$|^-i$")
_PORT_FLAG = re.compile(r"port|^-p$|^-P$")
_SAYS_SO = re.compile(r"\b(listen|bind|bound|serv|running|start)", re.IGNORECASE)
_SAYS_OTHERWISE = re.compile(r"refused|fail|error|dial|connect(ing|ed)? to|upstream|proxy", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Loopback:
    """A listener on loopback alone: how it is known, and the pod's field that says so (empty where none does)."""

    evidence: Evidence
    certain: bool
    path: str = ""


@dataclass(frozen=True, slots=True)
class Socket:
    """A listening socket of a pod's network namespace."""

    protocol: str
    address: str
    port: int
    probe_id: str

    @property
    def loopback(self) -> bool:
        """Whether only the pod itself reaches it."""
        return ip_address(self.address).is_loopback

    @property
    def shown(self) -> str:
        """ADDRESS:PORT."""
        return host_and_port(self.address, self.port)


def sockets_of(case: Case, pod: Pod) -> tuple[Socket, ...] | None:
    """The listening sockets seen inside a pod; None where nobody looked."""
    for seen in case.of(Aim.SOCKETS, role=Role.ENDPOINT):
        if seen.observed.position.attach_to == pod.ref and seen.ok:
            listed = seen.observed.observation.detail.get("listening", ())
            return tuple(Socket(str(s["protocol"]).upper(), str(s["address"]), int(s["port"]), seen.id) for s in listed)
    return None


def reachable_sockets(case: Case, pod: Pod, protocol: str) -> tuple[Socket, ...]:
    """Sockets seen inside a pod that listen on more than loopback."""
    return tuple(s for s in sockets_of(case, pod) or () if s.protocol == protocol and not s.loopback)


def socket_evidence(pod: Pod, socket: Socket) -> Evidence:
    """A socket of a pod as evidence, in words."""
    return Evidence(socket.probe_id, f"inside {pod.ref}: listens on {socket.shown}")


def refused_backends(case: Case, route: Route) -> tuple[Backend, ...]:
    """Endpoints whose own address refused each connection: a RST (UDP: a port unreachable) from the pod itself."""
    return tuple(b for b in (*route.ready, *route.unready, *route.intended) if refused(case, route, b))


def refused(case: Case, route: Route, backend: Backend) -> bool:
    """Whether each probe sent to a backend's own address was refused."""
    seen = [s for s in case.to_backend(route, backend) if s.tried]
    return bool(seen) and all(s.outcome is Outcome.REFUSED for s in seen)


def failed_directly(case: Case, route: Route, backends: Collection[Backend]) -> list[Seen]:
    """What failed that was sent to these endpoints at their own addresses."""
    return [s for b in backends for s in case.to_backend(route, b) if s.tried and not s.ok]


def failed_behind(case: Case, route: Route, backends: Collection[Backend]) -> list[Seen]:
    """Failed probes that follow where these endpoints do not answer: their own, and what the Service leads to them."""
    return [
        s
        for s in case.failed
        if s.aimed.route == route
        and (s.aimed.backend in backends or (s.aimed.aim in (Aim.VIP, Aim.HOST) and s.outcome is not Outcome.REJECTED))
        and s.aimed.aim is not Aim.HEADLESS_PORT
    ]


def loopback(case: Case, pod: Pod, port: int, protocol: str) -> Loopback | None:
    """How it is known that a pod's application listens on loopback only; None where it is not known."""
    sockets = sockets_of(case, pod)
    if sockets is not None:
        here = [s for s in sockets if s.port == port and s.protocol == protocol]
        if here and all(s.loopback for s in here):
            return Loopback(Evidence(here[0].probe_id, f"inside {pod.ref}: listens on {here[0].address}:{port}"), True)
        return None
    for number, container in enumerate(pod.spec.containers):
        if (words := _binds_loopback(container, port)) is not None:
            path = f"spec.containers[{number}].{'args' if container.args else 'command'}"
            return Loopback(Evidence(str(pod.ref.at(path)), words), False, path)
    line = _logged(case.logs.get(pod.ref, ""), port)
    if line is None:
        return None
    path = "spec.containers[0]" if len(pod.spec.containers) == 1 else ""
    return Loopback(Evidence(f"logs of {pod.ref}", line), False, path)


def _logged(text: str, port: int) -> str | None:
    """The line of a log that says that the port is bound to loopback, where none says more."""
    if re.search(rf"(?:0\.0\.0\.0|\[?::\]?(?!1)|\*):{port}(?!\d)", text):
        return None
    lines = (line.strip() for line in text.splitlines() if _mentions(line, port))
    return next((line for line in lines if _SAYS_SO.search(line) and not _SAYS_OTHERWISE.search(line)), None)


def _mentions(text: str, port: int) -> bool:
    pattern = rf"(?<![\w.]){_LOOPBACK}:{port}(?!\d)|(?<!\d){port}@{_LOOPBACK}"
    return re.search(pattern, text, re.IGNORECASE) is not None


def _binds_loopback(container: Container, port: int) -> str | None:
    """The words of a command line that bind a port to loopback: `--bind 127.0.0.1:80`, `--host=::1 --port=80`."""
    hosts, ports = [], []
    for flag, value in _options(container):
        if _OTHERS.search(flag) and not _BINDS.search(flag):
            continue  # where it connects to, not where it listens
        if _mentions(value, port) and ("//" not in value or _BINDS.search(flag)):
            return f"{flag} {value}".strip()
        if re.fullmatch(_LOOPBACK, value, re.IGNORECASE) and _HOST_FLAG.search(flag):
            hosts.append(f"{flag} {value}")
        if value == str(port) and (not flag or _PORT_FLAG.search(flag)):
            ports.append(f"{flag} {value}".strip())
    return f"{hosts[0]} {ports[0]}" if hosts and ports else None


def _options(container: Container) -> Iterator[tuple[str, str]]:
    """(flag, value) of each word of a command line; the flag is empty for a word that follows none."""
    flag = ""
    for word in _words(container):
        if word.startswith("-") and "=" not in word:
            flag = word
            continue
        name, equals, value = word.partition("=")
        yield (name, value) if equals else (flag, word)
        flag = ""


def _words(container: Container) -> Iterator[str]:
    """The words of a command line, those of a shell script (`sh -c "…"`) too."""
    for argument in (*container.command, *container.args):
        try:
            yield from shlex.split(argument)
        except ValueError:  # quotes that do not match
            yield from argument.split()
