"""Pods that live long, each with a listener on several ports and a probe agent beside it, under changing policies."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from e2e.runner.access import Access, Kubectl
from e2e.tests.conftest import Document, Place, namespace
from netdoctor import __version__
from netdoctor_probe.wire import Observation, Outcome, Plan, Probe, ProbeKind, decode_line, encode_plan

LISTENERS = ("tcp:8080", "tcp:9090", "udp:5353", "udp:6060")
ON_HOST = ("tcp:18080", "udp:15353")
GATE = 20_000  # the first port of the gates; nothing listens there: a refusal says that the way is open
CONTROL_PLANE = "node-role.kubernetes.io/control-plane"
_GROUP = "networking.k8s.io"
_CALICO = "crd.projectcalico.org/v1"
_MINE = "netdoctor.dev/playground"  # a label of what is in no namespace
_CALICO_KINDS = tuple(f"{name}.crd.projectcalico.org" for name in ("networkpolicies", "networksets"))
_GLOBAL_KINDS = tuple(f"{name}.crd.projectcalico.org" for name in ("globalnetworkpolicies", "globalnetworksets"))
# By container port, what else a pod calls it; the same name means different ports of different pods.
_NAMES: Sequence[Mapping[str, str]] = (
    {"http": "tcp:8080", "metrics": "tcp:9090", "dns": "udp:5353"},
    {"http": "tcp:9090", "dns": "udp:6060", "echo": "udp:5353"},
    {"metrics": "tcp:8080", "echo": "tcp:9090"},
)
# Of each namespace its labels, and of its pods theirs. Every second pod runs on the other node.
SPACES: Sequence[tuple[Document, Sequence[Mapping[str, str]]]] = (
    ({"team": "red"}, ({"app": "web", "tier": "front"}, {"app": "db", "tier": "back"}, {})),
    ({"team": "blue", "env": "prod"}, ({"app": "web"}, {"app": "api", "tier": "back"}, {"app": "db", "tier": "front"})),
    ({}, ({"app": "db"}, {"tier": "front"})),
)


@dataclass(frozen=True, slots=True)
class Playground:
    """The namespaces with pods, the one with a pod on the host network of each worker, and the gates.

    A gate is a pod on each worker, behind policies that let one port each through. The network plugin takes changes of
    one kind of object in their order: where a gate's port has changed, all of its kind that was changed before it has
    come into force. With `calico` there are gates of Calico's kinds too.
    """

    places: Sequence[Place]
    hosts: Place
    gates: Place
    calico: bool = False

    @property
    def namespaces(self) -> list[str]:
        """Names of those with pods that policies select."""
        return [place.namespace for place in self.places]

    @property
    def _kubectl(self) -> Kubectl:
        """For all of them."""
        return Kubectl(self.hosts.access)

    def objects(self) -> Document:
        """All that verdicts depend on, as kubectl prints it."""
        kinds = ["nodes", "namespaces", "pods", f"networkpolicies.{_GROUP}", "services"]
        if self.calico:
            kinds += ["serviceaccounts", *_CALICO_KINDS, *_GLOBAL_KINDS]
        document: Document = json.loads(self._kubectl("get", ",".join(kinds), "--all-namespaces", "-o", "json"))
        return document

    def replace_policies(self, policies: Sequence[Document], number: int) -> None:
        """Only these, and wait until they are in force on every worker; `number` is a new one each time."""
        with ThreadPoolExecutor() as pool:
            list(pool.map(self._without_policies, self.places))
        if self.calico:
            self.without_global()
        if policies:
            items = [policy if "namespace" in policy["metadata"] else self._marked(policy) for policy in policies]
            self._kubectl("create", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
        self.set_gates(number)
        for port in self._open(number):
            seen = self.at_gates(port, attempts=300)
            assert set(seen) == {Outcome.REFUSED}, f"the policies did not come into force: {port} {seen}"

    def without_global(self) -> None:
        """Take away what is in no namespace."""
        self._kubectl("delete", ",".join(_GLOBAL_KINDS), "-l", f"{_MINE}={self.gates.namespace}")

    def set_gates(self, number: int) -> None:
        """Let one port of each kind of object through, those of before no more."""
        self.gates.apply(_gate_policy(GATE + number))
        if self.calico:
            watch = [
                f"{pod['status']['podIP']}/32"
                for pod in self.gates.items("pods", "-l", "watch")
                if "podIP" in pod["status"]
            ]
            everywhere = _global_gates(self.gates.namespace, number, watch)
            self.gates.apply(*_calico_gates(number, watch), *map(self._marked, everywhere))

    def _open(self, number: int) -> list[int]:
        """The ports of the gates, one for each kind of object."""
        mine = [GATE + number]
        if self.calico:
            mine += [GATE + 1000 + number, GATE + 2000 + number, GATE + 3000 + number % 2, GATE + 4000 + number % 2]
        return mine

    def _marked(self, document: Document) -> Document:
        """With the label by which it is taken away again."""
        metadata = document["metadata"]
        labels = {**metadata.get("labels", {}), _MINE: self.gates.namespace}
        return {**document, "metadata": {**metadata, "labels": labels}}

    def _without_policies(self, place: Place) -> None:
        place.kubectl("delete", f"networkpolicies.{_GROUP}", "--all")
        if self.calico:
            place.kubectl("delete", ",".join(_CALICO_KINDS), "--all")

    def at_gates(self, port: int, attempts: int) -> list[Outcome]:
        """What a probe of each gate sees at a port; silence is asked again, with a new connection."""
        pods = self.gates.items("pods", "-l", "gate")
        probes = [
            Probe(pod["metadata"]["name"], ProbeKind.TCP, pod["status"]["podIP"], port, 0.1, attempts) for pod in pods
        ]
        return [seen.outcome for seen in probe_from(self.gates, "watch", probes).values()]


def probe_from(place: Place, pod: str, probes: Sequence[Probe]) -> Mapping[str, Observation]:
    """What the agent in a pod sees, by the probes' ids."""
    agent = ("exec", "-i", pod, "-c", "probe", "--", "python3", "-m", "netdoctor_probe", "--plan", "-")
    printed = place.kubectl(*agent, stdin=encode_plan(Plan(tuple(probes))))
    lines = [decode_line(line) for line in printed.splitlines()]
    assert lines[-1] == len(probes), printed
    return {seen.id: seen for seen in lines if isinstance(seen, Observation)}


@contextmanager
def playground(access: Access, *, calico: bool = False) -> Iterator[Playground]:
    """All pods Ready, all gates closed."""
    with ExitStack() as stack:
        places = [stack.enter_context(namespace(access)) for _ in SPACES]
        hosts, watched = stack.enter_context(namespace(access)), stack.enter_context(namespace(access))
        ground = Playground(places, hosts, watched, calico)
        if calico:
            stack.callback(ground.without_global)
        ground.set_gates(-1)
        workers = [node["metadata"]["name"] for node in ground.hosts.items("nodes", "-l", f"!{CONTROL_PLANE}")]
        for place, (labels, pods) in zip(places, SPACES, strict=True):
            marks = [f"{key}={value}" for key, value in labels.items()]
            if marks:
                place.kubectl("label", "namespace", place.namespace, *marks)
            place.apply(*(_pod(n, mine, workers[n % len(workers)]) for n, mine in enumerate(pods)))
        ground.hosts.apply(*(_on_host(n, worker) for n, worker in enumerate(workers)))
        gates = [_named(f"gate-{n}", {"gate": ""}, worker, [_probe()]) for n, worker in enumerate(workers)]
        ground.gates.apply(*gates, _named("watch", {"watch": ""}, workers[0], [_probe()]))
        for place in (*places, ground.hosts, ground.gates):
            place.kubectl("wait", "pods", "--all", "--for=condition=Ready", "--timeout=100s")
        assert set(ground.at_gates(GATE, attempts=5)) == {Outcome.TIMEOUT}, "the gates are open: nothing is enforced"
        yield ground


def _gate_policy(port: int) -> Document:
    spec = {
        "podSelector": {"matchExpressions": [{"key": "gate", "operator": "Exists"}]},
        "ingress": [{"ports": [{"port": port}]}],
    }
    return {"apiVersion": f"{_GROUP}/v1", "kind": "NetworkPolicy", "metadata": {"name": "gate"}, "spec": spec}


def _calico_gates(number: int, watch: Sequence[str]) -> list[Document]:
    """Calico's NetworkPolicy, and a NetworkSet of who watches; which rule is about it its label says."""
    rules = [_calico_rule(GATE + 1000 + number), *(_calico_rule(GATE + 3000 + n, f"gate == 'n{n}'") for n in range(2))]
    spec = {"order": 1, "selector": "has(gate)", "types": ["Ingress"], "ingress": rules}
    return [
        _calico_object("NetworkPolicy", "default.gate", spec),
        _calico_object("NetworkSet", "gate", {"nets": watch}, {"gate": f"n{number % 2}"}),
    ]


def _global_gates(name: str, number: int, watch: Sequence[str]) -> list[Document]:
    """The same of the kinds without a namespace; `name` is that of the gates' own."""
    rules = [
        _calico_rule(GATE + 2000 + number),
        *(_calico_rule(GATE + 4000 + n, f"gate == '{name}{n}'") for n in (0, 1)),
    ]
    selector = f"projectcalico.org/namespace == '{name}' && has(gate)"
    spec = {"order": 2, "selector": selector, "types": ["Ingress"], "ingress": rules}
    return [
        _calico_object("GlobalNetworkPolicy", f"default.{name}", spec),
        _calico_object("GlobalNetworkSet", name, {"nets": watch}, {"gate": f"{name}{number % 2}"}),
    ]


def _calico_rule(port: int, source: str = "") -> Document:
    rule: Document = {"action": "Allow", "protocol": "TCP", "destination": {"ports": [port]}}
    return {**rule, "source": {"selector": source}} if source else rule


def _calico_object(kind: str, name: str, spec: Document, labels: Mapping[str, str] | None = None) -> Document:
    metadata = {"name": name, "labels": dict(labels or {})}
    return {"apiVersion": _CALICO, "kind": kind, "metadata": metadata, "spec": spec}


def _pod(number: int, labels: Mapping[str, str], node: str) -> Document:
    names = _NAMES[number % len(_NAMES)]
    ports = [_port(listener, name) for name, listener in names.items()]
    return _named(f"pod-{number}", labels, node, [_app(LISTENERS, ports), _probe()])


def _on_host(number: int, node: str) -> Document:
    pod = _named(f"host-{number}", {"app": "web"}, node, [_app(ON_HOST, []), _probe()])
    pod["spec"]["hostNetwork"] = True
    return pod


def _port(listener: str, name: str) -> Document:
    protocol, _, number = listener.partition(":")
    return {"name": name, "containerPort": int(number), "protocol": protocol.upper()}


def _named(name: str, labels: Mapping[str, str], node: str, containers: list[Document]) -> Document:
    spec: dict[str, Any] = {"nodeName": node, "terminationGracePeriodSeconds": 0, "containers": containers}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": dict(labels)}, "spec": spec}


def _app(listeners: Sequence[str], ports: Sequence[Document]) -> Document:
    container = {"name": "app", "image": "netdoctor.dev/testapp:1", "args": list(listeners), "ports": list(ports)}
    ready = {"tcpSocket": {"port": int(listeners[0].partition(":")[2])}, "periodSeconds": 1}
    return {**container, "readinessProbe": ready}


def _probe() -> Document:
    """An agent's image in which plans can be run one after the other."""
    waiting = ["python3", "-c", "import signal; signal.pause()"]
    image = f"netdoctor.dev/probe:{__version__}"
    return {"name": "probe", "image": image, "command": waiting, "env": [{"name": "PYTHONPATH", "value": "/app"}]}
