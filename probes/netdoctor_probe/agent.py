"""Runs a plan: which probe starts when, and how many run at once."""

from __future__ import annotations

import importlib
import socket
import time
from collections.abc import Callable
from typing import Protocol, TypeAlias, cast

from netdoctor_probe.attempt import EndedError, Seen
from netdoctor_probe.doubts import Doubts
from netdoctor_probe.loop import Loop, Task
from netdoctor_probe.named import Named
from netdoctor_probe.sampling import Samples
from netdoctor_probe.wire import Observation, Outcome, Plan, Probe, ProbeKind

#: The module that runs each kind; loaded only if the plan has such a probe.
_MODULES = {
    ProbeKind.TCP: "tcp",
    ProbeKind.UDP: "udp",
    ProbeKind.HTTP: "http",
    ProbeKind.TLS: "tls",
    ProbeKind.HTTPS: "https",
    ProbeKind.DNS: "dns",
    ProbeKind.PAIR: "pair",
    ProbeKind.LOOKUP: "lookup",
    ProbeKind.RESOLV_CONF: "resolv_conf",
    ProbeKind.SOCKETS: "sockets",
    ProbeKind.TRACE: "trace",
    ProbeKind.PATH_MTU: "path_mtu",
    ProbeKind.WHO: "raw.who",
}

#: Kinds that look a name up where they have no host.
_NAMED = {ProbeKind.TCP, ProbeKind.UDP, ProbeKind.HTTP, ProbeKind.TLS, ProbeKind.HTTPS}


class Runner(Protocol):
    """What each of those modules has."""

    def run(self, probe: Probe) -> Task[Observation]:
        """Runs one probe. May raise EndedError."""
        ...


Runners: TypeAlias = dict[ProbeKind, Runner]


def run(plan: Plan, emit: Callable[[Observation], None]) -> None:
    """Runs every probe of the plan; `emit` gets one observation for each, in the order in which they end.

    At most `plan.parallel` run at once; those not ended after `plan.deadline` seconds are `error`, those not begun
    by then `skipped`. A timeout that ICMP rate limiting may have made is looked at again (see `doubts`); if it remains
    one, its detail has ``icmpLimited: true``.
    """
    runners = _load(plan.probes)  # before the first packet: an import takes its time
    start = time.monotonic()
    deadline = start + plan.deadline
    samples = Samples(emit)
    waiting = samples.queue(plan.probes)
    running: dict[str, tuple[Probe, float]] = {}
    doubts = Doubts()
    loop = Loop()

    def ended(observation: Observation) -> None:
        probe, _ = running.pop(observation.id)
        doubts.note(observation)
        if observation.id in samples or not (plan.limited and doubts.keeps(probe, observation)):
            samples.emit(observation)

    while (waiting or running) and (now := time.monotonic()) < deadline:
        while len(loop) < plan.parallel and (probe := samples.next(waiting, now - start)):
            running[probe.id] = probe, now
            loop.start(_guarded(probe, runners), ended)
        due = start + waiting[0].delay if waiting and len(loop) < plan.parallel else deadline
        if running or waiting:
            loop.step(min(deadline, due))

    because = f"the run's deadline of {plan.deadline:g} s came first"
    for probe, begun in running.values():
        samples.emit(Observation(probe.id, Outcome.ERROR, time.monotonic() - begun, detail={"because": because}))
    for probe in waiting:
        samples.emit(Observation(probe.id, Outcome.SKIPPED, 0.0, detail={"because": because}))
    for observation in doubts.settled(lambda probe: _alone(probe, runners), deadline):
        emit(observation)


def _alone(probe: Probe, runners: Runners) -> Observation:
    seen: list[Observation] = []
    loop = Loop()
    loop.start(_guarded(probe, runners), seen.append)
    while loop:
        loop.step(time.monotonic() + probe.timeout)
    return seen[0]


def _by_name(probe: Probe) -> bool:
    return probe.kind in _NAMED and not probe.host


def _load(probes: tuple[Probe, ...]) -> Runners:
    """The runners that these probes need; one that cannot work here says so for each of its probes."""
    runners: Runners = {}
    for kind in {probe.kind for probe in probes} | {ProbeKind.LOOKUP for probe in probes if _by_name(probe)}:
        if kind is ProbeKind.WHO and not _may_send_raw():
            runners[kind] = _Unavailable("NET_RAW is not granted here")
            continue
        try:
            module = importlib.import_module(f"netdoctor_probe.{_MODULES[kind]}")
        except ModuleNotFoundError as error:
            runners[kind] = _Unavailable(f"{error.name} is not installed here")
        else:
            runners[kind] = cast("Runner", module)
    return runners


def _may_send_raw() -> bool:
    """Asked before scapy is loaded, which takes half a second."""
    try:
        socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP).close()
    except OSError:
        return False
    return True


class _Unavailable:
    def __init__(self, because: str) -> None:
        self._because = because

    def run(self, probe: Probe) -> Task[Observation]:
        yield from ()
        return Observation(probe.id, Outcome.SKIPPED, 0.0, detail={"because": self._because})


def _guarded(probe: Probe, runners: Runners) -> Task[Observation]:
    start = time.monotonic()
    runner = runners[probe.kind]
    if _by_name(probe):
        runner = Named(runner, runners[ProbeKind.LOOKUP])
    try:
        return (yield from runner.run(probe))
    except EndedError as ended:
        seen = ended.seen
    except Exception as error:  # noqa: BLE001  one probe's fault must not take the others with it
        seen = Seen(Outcome.ERROR, detail={"because": f"{type(error).__name__}: {error}"})
    return Observation(probe.id, seen.outcome, time.monotonic() - start, seen.answered_by, seen.detail)
