"""Synthetic clusters: teams with a namespace for each stage, applications of chained components, policies of all kinds.

The same seed gives the same cluster. Objects are as `kubectl get` prints them from a running cluster: pods have owners
and addresses.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from e2e.bench.plugins import of_plugin

Manifest = dict[str, Any]
_STAGES = ("live", "canary", "trial")
_ROLES = {  # components of an application, each a client of the next, with their ports
    "edge": [("http", 8080, "TCP"), ("admin", 9000, "TCP")],
    "logic": [("rpc", 7000, "TCP"), ("admin", 9000, "TCP")],
    "queue": [("amqp", 5672, "TCP"), ("gossip", 4369, "UDP")],
    "store": [("sql", 5432, "TCP")],
}
_PODS_OF_NAMESPACE = 40  # on average
_ONE_IN = 12  # pods to a node


@dataclass(frozen=True)
class Shape:
    """How big a cluster is; `wide` is the share of policies that are for the whole cluster.

    With a `plugin` (calico, cilium) a third of the NetworkPolicies are of that network plugin's own kind instead.
    """

    pods: int
    policies: int
    wide: float = 0.01
    seed: int = 1
    plugin: str = ""


@dataclass(frozen=True)
class Component:
    """A Deployment and its Service."""

    namespace: str
    app: str
    role: str
    replicas: int
    labels: dict[str, str]

    @property
    def name(self) -> str:
        return f"{self.app}-{self.role}"


@dataclass
class Cluster:
    """The objects, and a flow that is denied at the destination: (source, destination) as `can` takes them."""

    manifests: list[Manifest] = field(default_factory=list)
    denied: tuple[str, str] = ("", "")


def cluster(shape: Shape) -> Cluster:
    """A cluster of some shape."""
    chance = random.Random(shape.seed)
    count = max(3, shape.pods // _PODS_OF_NAMESPACE)
    namespaces = [f"team{n // 3}-{_STAGES[n % 3]}" for n in range(count)]
    components = list(_components(chance, namespaces, shape.pods))
    found = Cluster(denied=_denied(components))
    for number, name in enumerate(namespaces):
        labels = {"team": f"team{number // 3}", "stage": _STAGES[number % 3], "zone": chance.choice("abc")}
        found.manifests.append(_object("v1", "Namespace", name, labels=labels))
    found.manifests += (_node(number) for number in range(shape.pods // _ONE_IN + 1))
    found.manifests += _workloads(components)
    for number, policy in enumerate(_Policies(chance, namespaces, components).some(shape)):
        other = shape.plugin and policy["kind"] == "NetworkPolicy" and number % 3 == 1
        found.manifests.append(of_plugin(policy, shape.plugin, number) if other else policy)
    return found


def _components(chance: random.Random, namespaces: list[str], pods: int) -> Iterator[Component]:
    """Applications until there are as many pods as wanted."""
    number, left = 0, pods
    while left > 0:
        namespace = namespaces[number % len(namespaces)]
        for role in list(_ROLES)[: chance.randint(2, 4)]:
            replicas = min(left, chance.choice((1, 2, 2, 3, 4, 6)))
            if replicas:
                labels = {"app": f"app{number}", "role": role, "tier": chance.choice(("gold", "iron"))}
                labels |= {"audited": "true"} if chance.random() < 0.25 else {}
                yield Component(namespace, f"app{number}", role, replicas, labels)
                left -= replicas
        number += 1


def _denied(components: list[Component]) -> tuple[str, str]:
    """From another namespace to the first component, which gets a policy without rules."""
    sealed = components[0]
    source = next(one for one in components if one.namespace != sealed.namespace)
    port = _ROLES[sealed.role][0][1]
    return f"deploy/{source.name}.{source.namespace}", f"deploy/{sealed.name}.{sealed.namespace}:{port}"


# Workloads -------------------------------------------------------------------------------------------------------


def _object(version: str, kind: str, name: str, namespace: str = "", **more: Any) -> Manifest:
    metadata = {"name": name, "uid": f"{kind}-{namespace}-{name}", "labels": more.pop("labels", {})}
    metadata |= {"namespace": namespace} if namespace else {}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **more}


def _node(number: int) -> Manifest:
    address = {"type": "InternalIP", "address": f"172.20.{number >> 8}.{number & 255}"}
    return _object("v1", "Node", f"node{number}", labels={"pool": "ab"[number % 2]}, status={"addresses": [address]})


def _workloads(components: list[Component]) -> Iterator[Manifest]:
    number = 0
    for one in components:
        ports = [{"name": n, "containerPort": port, "protocol": protocol} for n, port, protocol in _ROLES[one.role]]
        spec = {"containers": [{"name": "main", "image": f"example/{one.role}:1", "ports": ports}]}
        selector = {"app": one.app, "role": one.role}
        template = {"metadata": {"labels": one.labels}, "spec": spec}
        yield _object(
            "apps/v1",
            "Deployment",
            one.name,
            one.namespace,
            spec={"replicas": one.replicas, "selector": {"matchLabels": selector}, "template": template},
        )
        served = [{"name": n, "port": port, "targetPort": n, "protocol": p} for n, port, p in _ROLES[one.role]]
        yield _object("v1", "Service", one.name, one.namespace, spec={"selector": selector, "ports": served})
        for _ in range(one.replicas):
            yield _pod(one, number, spec)
            number += 1


def _pod(of: Component, number: int, spec: Manifest) -> Manifest:
    template = f"{number % 9973:04x}"
    made = _object(
        "v1",
        "Pod",
        f"{of.name}-{template}-{number}",
        of.namespace,
        labels={**of.labels, "pod-template-hash": template},
        spec={**spec, "nodeName": f"node{number // _ONE_IN}"},
        status={"phase": "Running", "podIPs": [{"ip": f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"}]},
    )
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": f"{of.name}-{template}", "controller": True}
    made["metadata"]["ownerReferences"] = [{**owner, "uid": owner["name"]}]
    return made


# Policies --------------------------------------------------------------------------------------------------------


class _Policies:
    def __init__(self, chance: random.Random, namespaces: list[str], components: list[Component]) -> None:
        self._chance, self._namespaces, self._components = chance, namespaces, components

    def some(self, shape: Shape) -> Iterator[Manifest]:
        """Default denies for a third of the namespaces, one for the sealed component, then any kind."""
        wide = round(shape.policies * shape.wide)
        sealed = self._components[0]
        yield _policy(sealed.namespace, "sealed", _of(sealed), ["Ingress"])
        denied = self._chance.sample(self._namespaces, min(len(self._namespaces) // 3, shape.policies // 5))
        for name in denied:
            yield _policy(name, "default-deny", {}, self._chance.choice((["Ingress"], ["Ingress", "Egress"])))
        kinds: Sequence[Callable[[Component], Manifest]] = (self._ingress, self._egress)
        for number in range(max(shape.policies - wide - len(denied) - 1, 0)):
            one = self._chance.choice(self._components[1:])
            directions = self._chance.choices(kinds, weights=(5, 3))[0](one)
            selector = _of(one) if self._chance.random() < 0.8 else {"matchLabels": {"role": one.role}}
            types = [direction.capitalize() for direction in directions]
            yield _policy(one.namespace, f"policy{number}", selector, types, **directions)
        for number in range(wide):
            yield self._wide(number)

    def _ingress(self, one: Component) -> Manifest:
        rules = [{"from": self._peers(one), "ports": self._ports(one)} for _ in range(self._chance.choice((1, 1, 2)))]
        return {"ingress": rules if self._chance.random() < 0.97 else [{}]}

    def _egress(self, one: Component) -> Manifest:
        other = self._chance.choice(self._components)
        dns = {"to": [{"namespaceSelector": {}}], "ports": [{"port": 53, "protocol": p} for p in ("UDP", "TCP")]}
        return {"egress": [{"to": self._peers(one), "ports": self._ports(other)}, dns]}

    def _peers(self, one: Component) -> list[Manifest]:
        """One to three of any kind."""
        other = self._chance.choice(self._components)
        office = self._chance.randrange(32)
        kinds: list[Manifest] = [
            {"podSelector": {"matchLabels": {"app": one.app}}},
            {"podSelector": {}},
            {"podSelector": _of(other), "namespaceSelector": _by_name(other.namespace)},
            {"namespaceSelector": {"matchLabels": {"team": self._chance.choice(self._namespaces).partition("-")[0]}}},
            {"namespaceSelector": {"matchExpressions": [_expression("stage", "In", "live", "canary")]}},
            {
                "podSelector": {
                    "matchExpressions": [_expression("audited", "Exists"), _expression("role", "NotIn", "edge")]
                }
            },
            {"ipBlock": {"cidr": f"198.18.{office}.0/24", "except": [f"198.18.{office}.128/25"]}},
            {"ipBlock": {"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8", "172.16.0.0/12"]}},
        ]
        return self._chance.choices(kinds, weights=(6, 3, 5, 2, 1, 2, 2, 1), k=self._chance.choice((1, 1, 2, 3)))

    def _ports(self, of: Component) -> list[Manifest]:
        """By number, by name, a range, a whole protocol."""
        name, number, protocol = self._chance.choice(_ROLES[of.role])
        low = self._chance.choice((7000, 8000, 30000))
        kinds: list[Manifest] = [
            {"port": number, "protocol": protocol},
            {"port": name, "protocol": protocol},
            {"port": low, "endPort": low + self._chance.choice((9, 99, 2767))},
            {"protocol": "SCTP"},
        ]
        return self._chance.choices(kinds, weights=(8, 4, 2, 1), k=self._chance.choice((1, 1, 2)))

    def _wide(self, number: int) -> Manifest:
        """An AdminNetworkPolicy about one team."""
        team = self._chance.choice(self._namespaces).partition("-")[0]
        peer = {"namespaces": {"matchLabels": {"stage": self._chance.choice(_STAGES)}}}
        port = {"portNumber": {"port": self._chance.choice((5432, 7000, 9000)), "protocol": "TCP"}}
        rules = [
            {"action": self._chance.choice(("Allow", "Deny", "Pass")), "from": [peer], "ports": [port]},
            {"action": "Deny", "from": [{"namespaces": {"matchLabels": {"zone": "c"}}}], "ports": [port]},
        ]
        subject = {"namespaces": {"matchLabels": {"team": team}}}
        spec = {"priority": number % 1000, "subject": subject, "ingress": rules}
        return _object("policy.networking.k8s.io/v1alpha1", "AdminNetworkPolicy", f"admin{number}", spec=spec)


def _policy(namespace: str, name: str, selector: Manifest, types: list[str], **rules: Any) -> Manifest:
    spec = {"podSelector": selector, "policyTypes": types, **rules}
    return _object("networking.k8s.io/v1", "NetworkPolicy", name, namespace, spec=spec)


def _of(one: Component) -> Manifest:
    return {"matchLabels": {"app": one.app, "role": one.role}}


def _by_name(namespace: str) -> Manifest:
    return {"matchLabels": {"kubernetes.io/metadata.name": namespace}}


def _expression(key: str, operator: str, *values: str) -> Manifest:
    return {"key": key, "operator": operator, **({"values": list(values)} if values else {})}
