"""A second evaluator, slow and plain, that follows the NetworkPolicy API reference sentence by sentence.

It works on manifests, as a reader of the documentation would, and shares no code with the engine.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Any

Manifest = dict[str, Any]


def labels_match(selector: Manifest, labels: dict[str, str]) -> bool:
    for key, value in selector.get("matchLabels", {}).items():
        if key not in labels or labels[key] != value:
            return False
    for expression in selector.get("matchExpressions", []):
        key, operator = expression["key"], expression["operator"]
        if operator == "In" and (key not in labels or labels[key] not in expression["values"]):
            return False
        if operator == "NotIn" and key in labels and labels[key] in expression["values"]:
            return False
        if operator == "Exists" and key not in labels:
            return False
        if operator == "DoesNotExist" and key in labels:
            return False
    return True


def policy_types(policy: Manifest) -> list[str]:
    """ "If this field is not specified, it will default based on the existence of ingress or egress rules."""
    if "policyTypes" in policy["spec"]:
        return list(policy["spec"]["policyTypes"])
    return ["Ingress", "Egress"] if policy["spec"].get("egress") else ["Ingress"]


def peer_matches(peer: Manifest, policy: Manifest, other: Manifest, namespaces: dict[str, dict[str, str]]) -> bool:
    if "ipBlock" in peer:
        address = ipaddress.ip_address(other["ip"])
        if address not in ipaddress.ip_network(peer["ipBlock"]["cidr"], strict=False):
            return False
        return not any(address in ipaddress.ip_network(c, strict=False) for c in peer["ipBlock"].get("except", []))
    if "namespace" not in other:
        return False  # outside the cluster there are no pods
    if "namespaceSelector" in peer:
        if not labels_match(peer["namespaceSelector"], namespaces[other["namespace"]]):
            return False
    elif other["namespace"] != policy["metadata"]["namespace"]:
        return False
    return labels_match(peer.get("podSelector", {}), other.get("labels", {}))


def port_matches(entry: Manifest, protocol: str, port: int, destination: Manifest) -> bool:
    if entry.get("protocol", "TCP") != protocol:
        return False
    if "port" not in entry:
        return True
    if isinstance(entry["port"], str):
        named = [p for p in destination.get("ports", []) if p["name"] == entry["port"]]
        return any(p["containerPort"] == port and p["protocol"] == protocol for p in named)
    first = int(entry["port"])
    return first <= port <= int(entry.get("endPort", first))


@dataclass(frozen=True)
class Question:
    """Ends are {ip, namespace, labels, ports}, outside the cluster only {ip}."""

    policies: list[Manifest]
    namespaces: dict[str, dict[str, str]]
    source: Manifest
    destination: Manifest
    protocol: str
    port: int


def side_allows(direction: str, asked: Question) -> bool:
    egress = direction == "Egress"
    local, other = (asked.source, asked.destination) if egress else (asked.destination, asked.source)
    if "namespace" not in local:
        return True
    isolated = False
    for policy in asked.policies:
        if policy["metadata"]["namespace"] != local["namespace"] or direction not in policy_types(policy):
            continue
        if not labels_match(policy["spec"].get("podSelector", {}), local.get("labels", {})):
            continue
        isolated = True
        for rule in policy["spec"].get(direction.lower(), []):
            peers, ports = rule.get("to" if egress else "from", []), rule.get("ports", [])
            if peers and not any(peer_matches(peer, policy, other, asked.namespaces) for peer in peers):
                continue
            if ports and not any(port_matches(p, asked.protocol, asked.port, asked.destination) for p in ports):
                continue
            return True
    return not isolated


def allowed(asked: Question) -> tuple[bool, bool]:
    """Verdicts of (egress, ingress)."""
    return side_allows("Egress", asked), side_allows("Ingress", asked)
