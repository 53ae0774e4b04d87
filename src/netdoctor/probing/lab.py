"""Probes in the embedded lab: the agent runs in namespaces that stand for its pods. A `Prober`."""

from __future__ import annotations

import importlib
import os
import selectors
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from netdoctor.lab import kernel
from netdoctor.lab.client import Lab, StandIn
from netdoctor.lab.served import OUTSIDE_ROOTS
from netdoctor.model.probe import NotTested, Observation, Observed, Position, Probe, ProbePod, Role
from netdoctor.probing.prober import ProbeRun
from netdoctor_probe.wire import Plan, WireError, decode_line, encode_plan

_AGENT = "netdoctor_probe.__main__"
_LOADED = (_AGENT, "netdoctor_probe.tcp", "netdoctor_probe.udp", "netdoctor_probe.dns", "netdoctor_probe.lookup")
_END_SECONDS = 10.0  # beyond the plan's own deadline


@dataclass(slots=True)
class _Agent:
    """One agent under way; `said` is what is not a whole line yet."""

    pod: ProbePod
    place: StandIn
    pipe: int
    process: int
    said: bytes = b""
    seen: dict[str, Observation] = field(default_factory=dict)
    words: str = ""

    def read(self) -> bool:
        """Take what it says; whether it may say more."""
        part = os.read(self.pipe, 1 << 16)
        *lines, self.said = (self.said + part).split(b"\n")
        for line in lines:
            text = line.decode(errors="replace")
            try:
                decoded = decode_line(text)
            except WireError:
                self.words = text.strip() or self.words
                continue
            if isinstance(decoded, Observation):
                self.seen[decoded.id] = decoded
        return bool(part)


class LabProber:
    """Runs plans in a lab."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    def run(self, pods: Sequence[ProbePod], progress: Callable[[str], None]) -> ProbeRun:
        """Run all pods, as `Prober.run` says."""
        for module in _LOADED:
            importlib.import_module(module)
        progress(f"probing in lab {self._lab.name}")
        entered = {pod.position.id: pod for pod in pods if pod.position.attach_to is not None or pod.position.outside}
        made = {pod.position.id: pod for pod in pods if pod.position.id not in entered}
        agents: list[_Agent] = []
        try:
            places = self._lab.stand_in({name: _manifest(pod.position) for name, pod in made.items()}) if made else {}
            places |= {name: self._inside(pod.position) for name, pod in entered.items()}
            agents = [self._start(pod, places[pod.position.id]) for pod in pods]
            _follow(agents, max(_plan(pod.probes).deadline for pod in pods) + _END_SECONDS)
        finally:
            for agent in agents:
                _end(agent)
            self._lab.release()
        return ProbeRun(tuple(_observed(agents)), tuple(_not_tested(agents)))

    def _inside(self, position: Position) -> StandIn:
        if position.outside:
            return StandIn(self._lab.place("outside"), "", None)
        assert position.attach_to is not None
        pod = position.attach_to
        return StandIn(self._lab.place("pod", pod.namespace, pod.name), position.node or "", None)

    def _start(self, pod: ProbePod, stand_in: StandIn) -> _Agent:
        read, write = os.pipe()
        plan = encode_plan(_plan(pod.probes))

        def run() -> int:
            for standard in (1, 2):
                os.dup2(write, standard)
            kernel.close_files()
            os.environ["NETDOCTOR_PLAN"] = plan
            os.environ["SSL_CERT_FILE"] = str(OUTSIDE_ROOTS)
            return int(importlib.import_module(_AGENT).main([]))

        process = self._lab.run(stand_in.place, run)
        os.close(write)
        os.close(stand_in.place.network)
        return _Agent(pod, stand_in, read, process)


def _plan(probes: Sequence[Probe]) -> Plan:
    """Without the delays that give a CNI the time to learn of a new pod: in a lab its rules are there before it.

    And no kernel in a lab limits its ICMP errors.
    """
    return Plan(tuple(replace(probe, delay=0.0) for probe in probes), limited=False)


def _follow(agents: Sequence[_Agent], seconds: float) -> None:
    """Read what all agents say until the last has ended; at most so many seconds."""
    until = time.monotonic() + seconds
    with selectors.DefaultSelector() as selector:
        for agent in agents:
            selector.register(agent.pipe, selectors.EVENT_READ, agent)
        while selector.get_map() and (left := until - time.monotonic()) > 0:
            for key, _ in selector.select(left):
                if not key.data.read():
                    selector.unregister(key.fd)


def _end(agent: _Agent) -> None:
    """End an agent, if it has not ended: its last process dies with the one that is killed."""
    os.close(agent.pipe)
    ended, _ = os.waitpid(agent.process, os.WNOHANG)
    if not ended:
        os.kill(agent.process, 9)
        os.waitpid(agent.process, 0)


def _observed(agents: Sequence[_Agent]) -> Iterator[Observed]:
    for agent in agents:
        for probe in agent.pod.probes:
            if observation := agent.seen.get(probe.id):
                yield Observed(probe, agent.pod.position, observation, agent.place.node or None, agent.place.ip)


def _not_tested(agents: Sequence[_Agent]) -> Iterator[NotTested]:
    for agent in agents:
        missing = [probe for probe in agent.pod.probes if probe.id not in agent.seen]
        if missing:
            said = f"; its last words: {agent.words}" if agent.words else ""
            what = f"{len(missing)} of {len(agent.pod.probes)} probes from {agent.pod.position.id}"
            contrast = agent.pod.position.role is Role.NODE
            yield NotTested(what, f"the probe agent gave no complete answer{said}", contrast)


def _manifest(position: Position) -> dict[str, Any]:
    """The pod for a position."""
    spec: dict[str, Any] = {
        "dnsPolicy": position.dns_policy,
        "hostNetwork": position.host_network,
        "hostAliases": [dict(alias) for alias in position.host_aliases],
        "containers": [{"name": "netdoctor"}],
    }
    spec |= {"nodeName": position.node} if position.node else {}
    spec |= {"dnsConfig": dict(position.dns_config)} if position.dns_config else {}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": f"netdoctor-{position.id}",
            "namespace": position.namespace,
            "labels": dict(position.labels),
        },
        "spec": spec,
    }
