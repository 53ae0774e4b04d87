"""Random policies of Calico, and sets of networks that they select, each with something to say about the pods here.

They are valid as Calico's own API server would have them, in the form in which a cluster without it stores them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from e2e.tests.random_policies import NAMESPACE_LABELS, POD_LABELS, Document, World

API = "crd.projectcalico.org/v1"
SET_LABELS = {"zone": ("east", "west"), "app": ("web", "db")}  # one key that pods have too
PORTS: Sequence[int | str] = ("http", "metrics", "dns", 8080, 9090, 7070, 5353, "5000:6060", "8000:8999", "1:65535")
_OPERATORS = ("==", "!=", "in", "not in", "has", "!has", "contains", "starts with", "ends with")


def random_calico(dice: Random, world: World, count: int) -> list[Document]:
    """So many policies, with the sets of networks that they are about. The same dice give the same ones."""
    sets = [_set(dice, world, number) for number in range(dice.randint(1, 4))]
    return [*sets, *(_policy(dice, world, number) for number in range(count))]


def _set(dice: Random, world: World, number: int) -> Document:
    labels = {key: dice.choice(values) for key, values in SET_LABELS.items() if dice.random() < 0.7}
    metadata: Document = {"name": f"random-{number}", "labels": labels}
    kind = dice.choice(["NetworkSet", "GlobalNetworkSet"])
    if kind == "NetworkSet":
        metadata["namespace"] = dice.choice(world.namespaces)
    return {"apiVersion": API, "kind": kind, "metadata": metadata, "spec": {"nets": _nets(dice, world)}}


def _policy(dice: Random, world: World, number: int) -> Document:
    everywhere = dice.random() < 0.4
    metadata: Document = {"name": f"default.random-{number}"}
    spec: Document = {"selector": _selector(dice, POD_LABELS)}
    if everywhere:  # else it would be about the pods of the whole cluster
        spec["selector"] = f"projectcalico.org/namespace in {_braced(world.namespaces)} && ({spec['selector']})"
        if dice.random() < 0.3:
            spec["namespaceSelector"] = _namespace_selector(dice, world)
    else:
        metadata["namespace"] = dice.choice(world.namespaces)
    if dice.random() < 0.8:
        spec["order"] = dice.choice([1, 10.5, 100, 999, 1001, 2000]) + number / 1000  # no two alike
    sections = dice.choice([("ingress",), ("egress",), ("ingress", "egress")])
    for section in sections:
        spec[section] = [_rule(dice, world, everywhere) for _ in range(dice.choice([0, 1, 1, 2, 3]))]
    spec["types"] = [section.capitalize() for section in sections]
    kind = "GlobalNetworkPolicy" if everywhere else "NetworkPolicy"
    return {"apiVersion": API, "kind": kind, "metadata": metadata, "spec": spec}


def _rule(dice: Random, world: World, everywhere: bool) -> Document:
    rule: Document = {"action": dice.choice(["Allow", "Allow", "Allow", "Deny", "Deny", "Pass", "Log"])}
    if dice.random() < 0.6:
        rule["protocol"] = dice.choice(["TCP", "TCP", "UDP", 6, "ICMP", "SCTP"])
    elif dice.random() < 0.3:
        rule["notProtocol"] = dice.choice(["TCP", "UDP"])
    if dice.random() < 0.1:
        rule["ipVersion"] = dice.choice([4, 4, 6])
    has_ports = rule.get("protocol") in ("TCP", "UDP", 6, "SCTP")
    v4 = rule.get("ipVersion", 4) == 4
    for side, likely in (("source", 0.6), ("destination", 0.5)):
        if entity := _entity(dice, world if v4 else World(world.namespaces, {}), everywhere, likely):
            rule[side] = entity
    if has_ports and dice.random() < 0.8:
        rule.setdefault("destination", {}).update(_ports(dice))
    return rule


def _entity(dice: Random, world: World, everywhere: bool, likely: float) -> Document:
    entity: Document = {}
    if dice.random() > likely:
        return entity
    if dice.random() < 0.6:
        entity["selector"] = _selector(dice, {**POD_LABELS, **SET_LABELS})
    if dice.random() < 0.2:
        entity["notSelector"] = _selector(dice, POD_LABELS)
    if dice.random() < 0.35:
        entity["namespaceSelector"] = _namespace_selector(dice, world)
        if dice.random() < 0.2:
            entity["namespaceSelector"] = "global()"
    if world.networks and dice.random() < 0.3:
        entity["nets"] = _nets(dice, world)
    if world.networks and dice.random() < 0.2:
        # Not 0.0.0.0/0: Felix asks for "! --source 0.0.0.0/0" then, which iptables refuses, and ends.
        entity["notNets"] = dice.sample([net for net in sorted(world.networks) if not net.endswith("/0")], 1)
    if dice.random() < 0.1:
        entity["serviceAccounts"] = {"names": [dice.choice(["default", "nobody"])]}
    if everywhere and not entity:
        entity["selector"] = "all()"
    return entity


def _ports(dice: Random) -> Document:
    field = "ports" if dice.random() < 0.8 else "notPorts"
    return {field: dice.sample(PORTS, dice.randint(1, 2))}


def _nets(dice: Random, world: World) -> list[str]:
    return dice.sample(sorted(world.networks), dice.randint(1, 2))


def _namespace_selector(dice: Random, world: World) -> str:
    if dice.random() < 0.3:
        return f"kubernetes.io/metadata.name == '{dice.choice(world.namespaces)}'"
    return _selector(dice, NAMESPACE_LABELS)


def _selector(dice: Random, labels: Mapping[str, Sequence[str]], depth: int = 0) -> str:
    kind = dice.random()
    if kind < 0.15:
        return "all()"
    if kind < 0.7 or depth == 2:
        return _comparison(dice, labels)
    if kind < 0.78:
        return f"!({_selector(dice, labels, depth + 1)})"
    joint = dice.choice([" && ", " || "])
    return joint.join(f"({_selector(dice, labels, depth + 1)})" for _ in range(2))


def _comparison(dice: Random, labels: Mapping[str, Sequence[str]]) -> str:
    key, operator = dice.choice(sorted(labels)), dice.choice(_OPERATORS)
    value = dice.choice(labels[key])
    match operator:
        case "has" | "!has":
            return f"{operator}({key})"
        case "in" | "not in":
            return f"{key} {operator} {_braced(dice.sample(list(labels[key]), dice.randint(1, len(labels[key]))))}"
        case "contains" | "starts with" | "ends with":
            part: Any = {"contains": value[1:2], "starts with": value[:2], "ends with": value[-1:]}[operator]
            return f'{key} {operator} "{part}"'
    return f"{key} {operator} '{value}'"


def _braced(values: Sequence[str]) -> str:
    return "{" + ", ".join(f"'{value}'" for value in values) + "}"
