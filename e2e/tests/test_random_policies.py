"""Verdicts beside packets: random policies on a cluster that enforces them, and every flow between its pods.

NETDOCTOR_RANDOM_POLICIES is how many policies there are at least, NETDOCTOR_SEED which.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from random import Random

import pytest

from e2e.runner.access import Access, Kubectl
from e2e.tests.conftest import Place
from e2e.tests.playground import CONTROL_PLANE, Playground, playground, probe_from
from e2e.tests.random_calico import random_calico
from e2e.tests.random_policies import Document, World, random_policies
from netdoctor.cluster.cni import cni
from netdoctor.cluster.files import load
from netdoctor.cluster.objects import Pod
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.policy.compile import compile_policies
from netdoctor.policy.decide import decide
from netdoctor.policy.flow import Flow, ip_endpoint, pod_endpoint
from netdoctor.policy.profile import profile_for
from netdoctor.policy.rules import Protocol
from netdoctor.policy.verdict import FlowVerdict
from netdoctor_probe.wire import Outcome, Probe, ProbeKind

CALICO = "globalnetworkpolicies.crd.projectcalico.org"
AT_LEAST = os.environ.get("NETDOCTOR_RANDOM_POLICIES")
SEED = int(os.environ.get("NETDOCTOR_SEED", "1"))
EACH_ROUND = (3, 30)  # policies
LOOKS = 3  # at a flow whose packets and verdict differ, each with a new connection: single packets may be lost

# Nothing listens on 7070: a refusal comes from the pod, so the packet has reached it.
PORTS: Sequence[tuple[Protocol, int]] = (("TCP", 8080), ("TCP", 9090), ("TCP", 7070), ("UDP", 5353), ("UDP", 6060))
HOST_PORTS: Sequence[tuple[Protocol, int]] = (("TCP", 18080), ("UDP", 15353))
# Any other outcome is one that neither policies nor the pods here can bring about.
PASSED = {Outcome.OK: True, Outcome.REFUSED: True, Outcome.TIMEOUT: False}


@dataclass(frozen=True, slots=True)
class Compared:
    """A flow, what policies make of it, and what became of its packet."""

    place: Place
    verdict: FlowVerdict
    outcome: Outcome

    @property
    def differs(self) -> bool:
        """Where the policies leave it open, nothing can differ."""
        return self.verdict.allowed not in (None, PASSED.get(self.outcome))

    @property
    def explained(self) -> str:
        """By what network plugins do differently; empty if by nothing."""
        return "; ".join(text for text in self.verdict.assumptions if "depends on the network plugin" in text)

    def __str__(self) -> str:
        return f"{self.verdict.flow}: allowed={self.verdict.allowed}, packet={self.outcome} {self.verdict.assumptions}"


def test_packets_do_what_verdicts_say(access: Access, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Round by round: new policies, and a new connection for every flow."""
    with playground(access) as ground:
        _compare(ground, random_policies, int(AT_LEAST or 300), tmp_path, capsys)


def test_packets_do_what_verdicts_on_policies_of_calico_say(
    access: Access, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same of Calico's own policies, between those of Kubernetes."""
    if CALICO not in Kubectl(access)("api-resources", "--api-group=crd.projectcalico.org", "-o", "name"):
        pytest.skip("this cluster has no policies of Calico")
    with playground(access, calico=True) as ground:
        _compare(ground, _of_both, int(AT_LEAST or 400), tmp_path, capsys)


def _of_both(dice: Random, world: World, count: int) -> list[Document]:
    of_calico = (count + 1) // 2
    return [*random_calico(dice, world, of_calico), *random_policies(dice, world, count - of_calico)]


def _compare(
    ground: Playground,
    generate: Callable[[Random, World, int], list[Document]],
    at_least: int,
    directory: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    dice = Random(SEED)
    world = _world(ground)
    counts: Counter[str] = Counter()
    explained: list[str] = []
    for number in range(1000):
        policies = generate(dice, world, dice.randint(*EACH_ROUND))
        ground.replace_policies(policies, number)
        compared = _round(ground, directory / f"round-{number}.json")
        counts.update({"rounds": 1, "policies": sum(map(_is_policy, policies)), "flows": len(compared)})
        counts.update(Counter(text for policy in policies for text in _features(policy)))
        counts.update(_WORDS[each.verdict.allowed] for each in compared)
        differing = [each for each in compared if each.differs]
        explained += [f"round {number}: {each}" for each in differing if each.explained]
        wrong = [str(each) for each in differing if not each.explained]
        assert not wrong, "\n".join([f"seed {SEED}, round {number}:", *wrong, json.dumps(policies)])
        if counts["policies"] >= at_least:
            break
    with capsys.disabled():
        print(f"\nrandom policies, seed {SEED}: {_text(counts)}; packets that differ, as the CNI profile explains:")
        print(*explained or ["none"], sep="\n")
    assert counts["allowed"] > counts["flows"] / 20
    assert counts["denied"] > counts["flows"] / 20


def _is_policy(document: Document) -> bool:
    return str(document["kind"]).endswith("NetworkPolicy")


def _features(document: Document) -> Iterator[str]:
    """The kind of an object, and what its rules do; of Calico's alone, as all of Kubernetes' are alike."""
    if "calico" in document["apiVersion"]:
        yield document["kind"]
        yield from (rule["action"] for section in ("ingress", "egress") for rule in document["spec"].get(section, ()))


_WORDS = {True: "allowed", False: "denied", None: "undefined"}


def _text(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{what}: {count}" for what, count in counts.items())


def _world(ground: Playground) -> World:
    pods = [item["status"]["podIP"] for item in ground.objects()["items"] if item["kind"] == "Pod"]
    nodes = {item["status"]["hostIP"] for item in ground.hosts.items("pods")}
    inside = sorted(set(pods) - nodes)
    single = [f"{ip}/32" for ip in inside]
    some = sorted({str(ip_network(f"{ip}/30", strict=False)) for ip in inside})
    by_node = sorted({str(ip_network(f"{ip}/24", strict=False)) for ip in inside})
    around = {network: [s for s in (*single, *some) if _within(s, network)] for network in by_node}
    on_nodes = [f"{ip}/32" for ip in sorted(nodes)]
    everything = {"0.0.0.0/0": [*single, *by_node, *on_nodes], "172.16.0.0/12": on_nodes}
    return World(ground.namespaces, {**everything, **around, **{one: [] for one in (*some, *single[::2], *on_nodes)}})


def _within(inner: str, outer: str) -> bool:
    return ip_network(inner).subnet_of(ip_network(outer))  # type: ignore[arg-type]  # both are IPv4


def _round(ground: Playground, file: Path) -> list[Compared]:
    """Every flow under the present policies. What differs is looked at again."""
    file.write_text(json.dumps(ground.objects()))
    snapshot = load([str(file)])
    name = "calico" if ground.calico else cni(snapshot).name
    policies, profile = compile_policies(snapshot, cni=name), profile_for(name)
    places = {place.namespace: place for place in (*ground.places, ground.hosts)}
    pods = [pod for pod in snapshot.pods if pod.namespace in places]
    verdicts = [decide(policies, flow, profile) for flow in _flows(snapshot, pods)]
    return _looked_at([Compared(places[v.flow.source.namespace], v, Outcome.SKIPPED) for v in verdicts])


def _flows(snapshot: Snapshot, pods: Sequence[Pod]) -> Iterator[Flow]:
    """Between all pods, and to a node."""
    ends = {pod.ref: pod_endpoint(pod, snapshot) for pod in pods}
    server = next(n for n in snapshot.nodes if CONTROL_PLANE in n.labels)
    address = next(a.address for a in server.status.addresses if a.type == "InternalIP")
    for source in pods:
        yield Flow(ends[source.ref], ip_endpoint(address, snapshot), "TCP", 6443)
        for other in pods:
            if other.ref != source.ref:
                for protocol, port in HOST_PORTS if other.spec.host_network else PORTS:
                    yield Flow(ends[source.ref], ends[other.ref], protocol, port)


def _looked_at(compared: Sequence[Compared]) -> list[Compared]:
    done = _sent(compared)
    for _ in range(1, LOOKS):
        again = [number for number, each in enumerate(done) if each.differs]
        for number, each in zip(again, _sent([done[n] for n in again]), strict=True):
            done[number] = each
    return done


def _sent(flows: Sequence[Compared]) -> list[Compared]:
    """The same flows with the outcomes of new probes; each source sends all of its own at once."""
    by_source: dict[tuple[str, str], list[int]] = {}
    for number, each in enumerate(flows):
        source = each.verdict.flow.source
        by_source.setdefault((source.namespace, source.name), []).append(number)

    def ask(numbers: list[int]) -> list[tuple[int, Compared]]:
        first = flows[numbers[0]]
        probes = [_probe(str(number), flows[number].verdict.flow) for number in numbers]
        seen = probe_from(first.place, first.verdict.flow.source.name, probes)
        return [(n, Compared(flows[n].place, flows[n].verdict, seen[str(n)].outcome)) for n in numbers]

    with ThreadPoolExecutor(len(by_source) or 1) as pool:
        found = dict(pair for pairs in pool.map(ask, by_source.values()) for pair in pairs)
    return [found[number] for number in range(len(flows))]


def _probe(name: str, flow: Flow) -> Probe:
    kind = ProbeKind.UDP if flow.protocol == "UDP" else ProbeKind.TCP
    return Probe(name, kind, flow.destination.ips[0], flow.port, attempts=1)
