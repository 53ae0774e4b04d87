"""A second evaluator, slow and plain, that follows the API references sentence by sentence.

It works on manifests, as a reader of the documentation would, and shares no code with the engine.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, replace
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
    """Policies of all kinds, and the ends of a flow.

    Ends are {ip, namespace, labels, ports, on}, nodes and pods on their host network {ip, node, labels}, and outside
    the cluster only {ip}. `resolves` is whether domain names have the address of an end outside.
    """

    policies: list[Manifest]
    namespaces: dict[str, dict[str, str]]
    source: Manifest
    destination: Manifest
    protocol: str
    port: int
    resolves: bool = False

    def ends(self, direction: str) -> tuple[Manifest, Manifest]:
        """The end whose policies apply, and the other."""
        return (self.source, self.destination) if direction == "Egress" else (self.destination, self.source)


# NetworkPolicy -----------------------------------------------------------------------------------------------


def network_policies_say(direction: str, asked: Question) -> str:
    """`Allow`, `Deny`, or `` where none selects the pod."""
    local, other = asked.ends(direction)
    isolated = False
    for policy in asked.policies:
        if policy["kind"] != "NetworkPolicy" or policy["metadata"]["namespace"] != local["namespace"]:
            continue
        if direction not in policy_types(policy):
            continue
        if not labels_match(policy["spec"].get("podSelector", {}), local.get("labels", {})):
            continue
        isolated = True
        for rule in policy["spec"].get(direction.lower(), []):
            peers, ports = rule.get("to" if direction == "Egress" else "from", []), rule.get("ports", [])
            if peers and not any(peer_matches(peer, policy, other, asked.namespaces) for peer in peers):
                continue
            if ports and not any(port_matches(p, asked.protocol, asked.port, asked.destination) for p in ports):
                continue
            return "Allow"
    return "Deny" if isolated else ""


# AdminNetworkPolicy, BaselineAdminNetworkPolicy, ClusterNetworkPolicy ----------------------------------------


def is_in_tier(policy: Manifest, tier: str) -> bool:
    if policy["kind"] == "ClusterNetworkPolicy":
        return bool(policy["spec"]["tier"] == tier)
    return bool(policy["kind"] == ("AdminNetworkPolicy" if tier == "Admin" else "BaselineAdminNetworkPolicy"))


def pods_match(chosen: Manifest, end: Manifest, asked: Question) -> bool:
    """Of a subject or a peer with `namespaces` or `pods`: "host-networked pods are not included"."""
    if "namespace" not in end:
        return False
    namespace = asked.namespaces[end["namespace"]]
    if "namespaces" in chosen:
        return labels_match(chosen["namespaces"], namespace)
    pods = chosen["pods"]
    return labels_match(pods["namespaceSelector"], namespace) and labels_match(pods["podSelector"], end["labels"])


def wide_peer_matches(peer: Manifest, other: Manifest, asked: Question) -> bool:
    if "nodes" in peer:
        return "node" in other and labels_match(peer["nodes"], other["labels"])
    if "networks" in peer:
        address = ipaddress.ip_address(other["ip"])
        return any(address in ipaddress.ip_network(cidr, strict=False) for cidr in peer["networks"])
    if "domainNames" in peer:
        return asked.resolves and "node" not in other and "namespace" not in other
    return pods_match(peer, other, asked)


def wide_port_matches(entry: Manifest, asked: Question) -> bool:
    name = entry.get("namedPort") or entry.get("destinationNamedPort")
    if name:
        declared = [(p["name"], p["containerPort"], p["protocol"]) for p in asked.destination.get("ports", [])]
        return (name, asked.port, asked.protocol) in declared
    if "portNumber" in entry:
        return (entry["portNumber"]["protocol"], entry["portNumber"]["port"]) == (asked.protocol, asked.port)
    if "portRange" in entry:
        ports = entry["portRange"]
        return bool(ports["protocol"] == asked.protocol and ports["start"] <= asked.port <= ports["end"])
    if asked.protocol.lower() not in entry:
        return False
    port = entry[asked.protocol.lower()]["destinationPort"]
    if "number" in port:
        return bool(port["number"] == asked.port)
    return bool(port["range"]["start"] <= asked.port <= port["range"]["end"])


def first_action(policy: Manifest, direction: str, asked: Question) -> str:
    """The action of the first rule of a policy that matches; `` if none does."""
    other = asked.ends(direction)[1]
    for rule in policy["spec"].get(direction.lower(), []):
        peers = rule["to" if direction == "Egress" else "from"]
        if {} in peers:
            # "For Allow rules, fail closed means: treat the rule as matching no traffic. For Deny and Pass rules,
            # fail closed means: treat the rule as a Deny all rule."
            if rule["action"] in ("Allow", "Accept"):
                continue
            return "Deny"
        ports = rule.get("ports", rule.get("protocols"))
        if not any(wide_peer_matches(peer, other, asked) for peer in peers):
            continue
        if ports is not None and not any(wide_port_matches(port, asked) for port in ports):
            continue
        return "Allow" if rule["action"] == "Accept" else str(rule["action"])
    return ""


def tier_says(tier: str, direction: str, asked: Question) -> str:
    """`Allow`, `Deny`, `Pass`, `` where no rule matches, `?` where policies of the same priority disagree."""
    local = asked.ends(direction)[0]
    mine = [p for p in asked.policies if is_in_tier(p, tier) and pods_match(p["spec"]["subject"], local, asked)]
    for priority in sorted({policy["spec"].get("priority", 0) for policy in mine}):
        same = [policy for policy in mine if policy["spec"].get("priority", 0) == priority]
        actions = {first_action(policy, direction, asked) for policy in same} - {""}
        if actions:
            return actions.pop() if len(actions) == 1 else "?"
    return ""


# All together ------------------------------------------------------------------------------------------------


def side_allows(direction: str, asked: Question) -> bool | None:
    """None where it is undefined."""
    local, other = asked.ends(direction)
    if "namespace" not in local:
        return True
    own_node = "node" in other and other["node"] == local.get("on")
    if own_node and direction == "Ingress":
        return True
    said = tier_says("Admin", direction, asked)
    if said in ("", "Pass"):
        said = network_policies_say(direction, asked)
    if said == "":
        said = tier_says("Baseline", direction, asked)
    if said == "?":
        return None
    if said == "Deny" and own_node:
        return None
    return said != "Deny"


def allowed(asked: Question) -> tuple[bool | None, bool | None]:
    """Verdicts of (egress, ingress); None where they depend on what names resolve to, too."""
    resolved = replace(asked, resolves=True)
    egress, ingress = (
        said if (said := side_allows(direction, asked)) is side_allows(direction, resolved) else None
        for direction in ("Egress", "Ingress")
    )
    return egress, ingress
