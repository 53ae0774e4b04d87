"""Whether a container's probe passes, from what the lab's programs listen on and answer."""

from __future__ import annotations

import re
from collections.abc import Sequence

from netdoctor.cluster.addresses import host_and_port
from netdoctor.lab.control.commands import exit_code
from netdoctor.lab.control.numbers import whole_number
from netdoctor.lab.control.shapes import Container, Probe, ProbeAction
from netdoctor.lab.programs import Listening, is_testapp

LATER = 300  # seconds of initialDelaySeconds that nobody waits for

_ANSWERS = re.compile(r"/(status|delay)/(\d+(?:\.\d+)?)")
_ALL = {"", "0.0.0.0", "::"}  # noqa: S104 - compared, not bound


def failure(probe: Probe, container: Container, addresses: Sequence[str], opened: Sequence[Listening]) -> str | None:
    """What the kubelet says of a probe that does not pass.

    Args:
        probe: of the container.
        container: whose ports it may name.
        addresses: of the pod, the primary first.
        opened: all that listens in the pod.

    Returns:
        The text behind "Readiness probe"; None if it passes. Commands pass, unless they are trivial ones that fail.
    """
    action = probe.http_get or probe.tcp_socket or probe.grpc
    if action is None:
        return " failed: " if probe.exec is not None and exit_code(probe.exec.command) else None
    if action.host and action.host not in addresses:
        return None
    number = _number(action, container)
    if number is None:
        return f' errored and resulted in unknown state: strconv.Atoi: parsing "{action.port}": invalid syntax'
    there = next((o for o in opened if o.port == number and o.protocol == "TCP" and _open_at(o, addresses)), None)
    place = host_and_port(addresses[0] if addresses else "", number)
    if probe.http_get is not None:
        said = _http(probe.http_get, probe.timeout_seconds, place, there)
    elif probe.grpc is not None:
        said = f'timeout: failed to connect service "{place}" within 1s' if is_testapp(container.image) else None
    else:
        said = None if there else f"dial tcp {place}: connect: connection refused"
    return f" failed: {said}" if said else None


def _number(action: ProbeAction, container: Container) -> int | None:
    if isinstance(action.port, int):
        return action.port
    named = (port.container_port for port in container.ports if port.name == action.port)
    return whole_number(action.port) or next(named, None)


def _open_at(listening: Listening, addresses: Sequence[str]) -> bool:
    return listening.address in _ALL or listening.address in addresses


def _http(action: ProbeAction, timeout: int, place: str, there: Listening | None) -> str | None:
    asked = f'Get "{action.scheme.lower()}://{place}/{action.path.removeprefix("/")}"'
    secured = action.scheme.upper() == "HTTPS"
    if there is None:
        return f"{asked}: dial tcp {place}: connect: connection refused"
    match there.speaks:
        case "http" if secured:
            return f"{asked}: http: server gave HTTP response to HTTPS client"
        case "tls" if not secured:
            return f"{asked}: EOF"
        case "tcp" | "dns":
            return f"{asked}: net/http: HTTP/1.x transport connection broken: malformed HTTP response"
    return _answered(action.path, timeout, asked)


def _answered(path: str, timeout: int, asked: str) -> str | None:
    """What the test application answers: `/status/503` with that status, `/delay/5` after so many seconds."""
    told = _ANSWERS.fullmatch(path.partition("?")[0])
    if told is None:
        return None
    if told[1] == "delay":
        late = f"{asked}: context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
        return late if float(told[2]) >= timeout else None
    status = int(float(told[2]))
    return f"HTTP probe failed with statuscode: {status}" if 400 <= status <= 599 else None
