"""Random NetworkPolicies with every feature of the API, made so that each has something to say about the pods here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

Document = dict[str, Any]

POD_LABELS = {"app": ("web", "db", "api"), "tier": ("front", "back")}
NAMESPACE_LABELS = {"team": ("red", "blue"), "env": ("prod",)}
PORTS = ("http", "metrics", "dns", "echo", 8080, 9090, 7070, 5353, 6060, 18080)


@dataclass(frozen=True, slots=True)
class World:
    """What policies can be about: namespaces, and networks with the smaller ones that may be cut out of each."""

    namespaces: Sequence[str]
    networks: Mapping[str, Sequence[str]]


def random_policies(dice: Random, world: World, count: int) -> list[Document]:
    """So many policies. The same dice give the same ones."""
    return [_policy(dice, world, f"random-{number}") for number in range(count)]


def _policy(dice: Random, world: World, name: str) -> Document:
    spec: Document = {"podSelector": _selector(dice, POD_LABELS)}
    sections = dice.choice([("ingress",), ("egress",), ("ingress", "egress")])
    for section in sections:
        peers = "from" if section == "ingress" else "to"
        spec[section] = [_rule(dice, world, peers) for _ in range(dice.choice([0, 1, 1, 2, 3]))]
    if dice.random() < 0.7:  # else the API server's defaults say what is isolated
        types = [section.capitalize() for section in sections]
        spec["policyTypes"] = types if dice.random() < 0.9 else ["Ingress", "Egress"]
    metadata = {"name": name, "namespace": dice.choice(world.namespaces)}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": spec}


def _rule(dice: Random, world: World, peers: str) -> Document:
    rule: Document = {}
    if dice.random() < 0.9:
        rule[peers] = [_peer(dice, world) for _ in range(dice.randint(1, 3))]
    if dice.random() < 0.75:
        rule["ports"] = [_port(dice) for _ in range(dice.randint(1, 2))]
    return rule


def _peer(dice: Random, world: World) -> Document:
    kind = dice.random()
    if kind < 0.3:
        return {"ipBlock": _block(dice, world)}
    peer: Document = {}
    if kind < 0.75:
        peer["podSelector"] = _selector(dice, POD_LABELS)
    if kind > 0.5:
        peer["namespaceSelector"] = _namespace_selector(dice, world)
    return peer


def _block(dice: Random, world: World) -> Document:
    cidr = dice.choice(list(world.networks))
    inner = world.networks[cidr]
    if inner and dice.random() < 0.6:
        return {"cidr": cidr, "except": dice.sample(inner, dice.randint(1, min(3, len(inner))))}
    return {"cidr": cidr}


def _namespace_selector(dice: Random, world: World) -> Document:
    if dice.random() < 0.3:
        return {"matchLabels": {"kubernetes.io/metadata.name": dice.choice(world.namespaces)}}
    return _selector(dice, NAMESPACE_LABELS)


def _selector(dice: Random, labels: Mapping[str, Sequence[str]]) -> Document:
    """One or two requirements, or none: everything."""
    selector: Document = {}
    for _ in range(dice.choice([0, 1, 1, 1, 2])):
        key = dice.choice(list(labels))
        if dice.random() < 0.5:
            selector.setdefault("matchLabels", {})[key] = dice.choice(labels[key])
        else:
            selector.setdefault("matchExpressions", []).append(_expression(dice, key, labels[key]))
    return selector


def _expression(dice: Random, key: str, values: Sequence[str]) -> Document:
    operator = dice.choice(["In", "NotIn", "Exists", "DoesNotExist"])
    if operator in ("Exists", "DoesNotExist"):
        return {"key": key, "operator": operator}
    return {"key": key, "operator": operator, "values": dice.sample(values, dice.randint(1, len(values)))}


def _port(dice: Random) -> Document:
    port: Document = {}
    if dice.random() < 0.9:
        port["protocol"] = dice.choice(["TCP", "TCP", "TCP", "UDP", "UDP", "SCTP"])
    if dice.random() < 0.9:
        port["port"] = dice.choice(PORTS)
        if isinstance(port["port"], int) and dice.random() < 0.4:
            port["endPort"] = port["port"] + dice.choice([0, 1, 1500, 4000])
    return port
