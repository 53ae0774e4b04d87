"""Probes in the embedded lab: the agent runs in namespaces that stand for its pods. A `Prober`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from netdoctor.lab.client import Lab, StandIn
from netdoctor.lab.served import OUTSIDE_ROOTS
from netdoctor.model.probe import NotTested, Observed, Position, Probe, ProbePod, Role
from netdoctor.probing.heard import Heard
from netdoctor.probing.lab_agents import Agent, Agents, follow
from netdoctor.probing.prober import ProbeRun
from netdoctor_probe.wire import Plan, encode_plan

_LOADED = ("netdoctor_probe.tcp", "netdoctor_probe.udp", "netdoctor_probe.dns", "netdoctor_probe.lookup")
_END_SECONDS = 10.0  # beyond the plan's own deadline


@dataclass(slots=True)
class _UnderWay:
    """One pod's agent, and what was heard of it."""

    pod: ProbePod
    place: StandIn
    agent: Agent
    heard: Heard = field(default_factory=Heard)


class LabProber:
    """Runs plans in a lab."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    def run(self, pods: Sequence[ProbePod], progress: Callable[[str], None]) -> ProbeRun:
        """Run all pods, as `Prober.run` says."""
        progress(f"probing in lab {self._lab.name}")
        entered = {pod.position.id: pod for pod in pods if pod.position.attach_to is not None or pod.position.outside}
        made = {pod.position.id: pod for pod in pods if pod.position.id not in entered}
        with Agents(self._lab, _LOADED) as agents:
            places = self._lab.stand_in({name: _manifest(pod.position) for name, pod in made.items()}) if made else {}
            places |= {name: self._inside(pod.position) for name, pod in entered.items()}
            under_way = [_start(agents, pod, places[pod.position.id]) for pod in pods]
            deadline = max(_plan(pod.probes).deadline for pod in pods)
            follow([one.agent for one in under_way], deadline + _END_SECONDS)
        for one in under_way:
            for line in one.agent.said.decode(errors="replace").split("\n"):
                one.heard.take(line)
        return ProbeRun(tuple(_observed(under_way)), tuple(_not_tested(under_way)))

    def _inside(self, position: Position) -> StandIn:
        if position.outside:
            return StandIn(self._lab.place("outside"), "", None)
        assert position.attach_to is not None
        pod = position.attach_to
        return StandIn(self._lab.place("pod", pod.namespace, pod.name), position.node or "", None)


def _start(agents: Agents, pod: ProbePod, stand_in: StandIn) -> _UnderWay:
    names = {"NETDOCTOR_PLAN": encode_plan(_plan(pod.probes)), "SSL_CERT_FILE": str(OUTSIDE_ROOTS)}
    return _UnderWay(pod, stand_in, agents.start(stand_in.place, (), names))


def _plan(probes: Sequence[Probe]) -> Plan:
    """Without the delays that give a CNI the time to learn of a new pod: in a lab its rules are there before it.

    And no kernel in a lab limits its ICMP errors.
    """
    return Plan(tuple(replace(probe, delay=0.0) for probe in probes), limited=False)


def _observed(under_way: Iterable[_UnderWay]) -> Iterator[Observed]:
    for one in under_way:
        yield from one.heard.observed(one.pod.probes, one.pod.position, one.place.node or None, one.place.ip)


def _not_tested(under_way: Iterable[_UnderWay]) -> Iterator[NotTested]:
    for one in under_way:
        if missing := one.heard.missing(one.pod.probes):
            what = f"{missing} of {len(one.pod.probes)} probes from {one.pod.position.id}"
            contrast = one.pod.position.role is Role.NODE
            yield NotTested(what, f"the probe agent gave no complete answer{one.heard.last_words}", contrast)


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
