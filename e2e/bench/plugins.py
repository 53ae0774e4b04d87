"""NetworkPolicies said in a network plugin's own language, so that a cluster has policies of both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Manifest = dict[str, Any]


def of_plugin(policy: Manifest, plugin: str, number: int) -> Manifest:
    """A NetworkPolicy as a policy of Calico or Cilium; `number` varies what only those have."""
    return _of_calico(policy, number) if plugin == "calico" else _of_cilium(policy, number)


def _sections(policy: Manifest) -> Iterator[tuple[str, str, list[Manifest]]]:
    """Field, field of its peers, and rules of each direction that is isolated."""
    for section, peers in (("ingress", "from"), ("egress", "to")):
        if section.capitalize() in policy["spec"]["policyTypes"]:
            yield section, peers, policy["spec"].get(section, [])


# Calico ----------------------------------------------------------------------------------------------------------


def _of_calico(policy: Manifest, number: int) -> Manifest:
    """With an order for most, and a rule that denies for some."""
    spec: Manifest = {"selector": _expression(policy["spec"]["podSelector"]), "types": policy["spec"]["policyTypes"]}
    if number % 4:
        spec["order"] = 10 * (number % 300)
    for section, peers, rules in _sections(policy):
        spec[section] = [made for rule in rules for made in _calico_rules(rule, section, peers)]
        if number % 6 == 0:
            denied = {"action": "Deny", "protocol": "TCP", "destination": {"ports": [9000]}}
            spec[section].insert(0, {**denied, "source": {"selector": "role == 'edge' && !has(audited)"}})
    metadata = {**policy["metadata"], "name": f"default.{policy['metadata']['name']}"}
    return {"apiVersion": "projectcalico.org/v3", "kind": "NetworkPolicy", "metadata": metadata, "spec": spec}


def _calico_rules(rule: Manifest, section: str, peers: str) -> Iterator[Manifest]:
    """One for each peer and protocol."""
    side = "source" if section == "ingress" else "destination"
    by_protocol: dict[str, list[str | int]] = {}
    for port in rule.get("ports", ()):
        by_protocol.setdefault(port.get("protocol", "TCP"), []).extend(_calico_ports(port))
    for peer in rule.get(peers) or [{}]:
        for protocol, ports in by_protocol.items() or [("", [])]:
            made: Manifest = {"action": "Allow", side: _calico_entity(peer)}
            if protocol:
                made["protocol"] = protocol
            if ports:
                made["destination"] = {**made.get("destination", {}), "ports": ports}
            yield made


def _calico_ports(port: Manifest) -> list[str | int]:
    if "port" not in port:
        return []
    return [f"{port['port']}:{port['endPort']}" if "endPort" in port else port["port"]]


def _calico_entity(peer: Manifest) -> Manifest:
    if block := peer.get("ipBlock"):
        return {"nets": [block["cidr"]], "notNets": block.get("except", [])}
    entity = {}
    if "podSelector" in peer:
        entity["selector"] = _expression(peer["podSelector"])
    if "namespaceSelector" in peer:
        entity["namespaceSelector"] = _expression(peer["namespaceSelector"])
    return entity


def _expression(selector: Manifest) -> str:
    terms = [f"{key} == '{value}'" for key, value in selector.get("matchLabels", {}).items()]
    for one in selector.get("matchExpressions", ()):
        values = ", ".join(f"'{value}'" for value in one.get("values", ()))
        terms.append(_EXPRESSIONS[one["operator"]].format(key=one["key"], values=f"{{{values}}}"))
    return " && ".join(terms) or "all()"


_EXPRESSIONS: Mapping[str, str] = {
    "In": "{key} in {values}",
    "NotIn": "{key} not in {values}",
    "Exists": "has({key})",
    "DoesNotExist": "!has({key})",
}


# Cilium ----------------------------------------------------------------------------------------------------------


def _of_cilium(policy: Manifest, number: int) -> Manifest:
    """With a section that denies for some."""
    spec: Manifest = {"endpointSelector": policy["spec"]["podSelector"]}
    for section, peers, rules in _sections(policy):
        spec[section] = [made for rule in rules for made in _cilium_rules(rule, peers)] or [{}]
        if number % 6 == 0:
            denied = {"matchLabels": {"role": "edge"}, "matchExpressions": [{"key": "audited", "operator": "Exists"}]}
            to_ports = [{"ports": [{"port": "9000", "protocol": "TCP"}]}]
            spec[f"{section}Deny"] = [{f"{peers}Endpoints": [denied], "toPorts": to_ports}]
    return {"apiVersion": "cilium.io/v2", "kind": "CiliumNetworkPolicy", "metadata": policy["metadata"], "spec": spec}


def _cilium_rules(rule: Manifest, peers: str) -> Iterator[Manifest]:
    """One for each peer: pods and addresses cannot stand in one."""
    to_ports = [{"ports": [_cilium_port(port) for port in rule["ports"]]}] if rule.get("ports") else []
    for peer in rule.get(peers) or [{"everyone": True}]:
        yield {**_cilium_peer(peer, peers), **({"toPorts": to_ports} if to_ports else {})}


def _cilium_peer(peer: Manifest, peers: str) -> Manifest:
    if "everyone" in peer:
        return {f"{peers}Entities": ["all"]}
    if block := peer.get("ipBlock"):
        return {f"{peers}CIDRSet": [block]}
    labels, expressions = dict(peer.get("podSelector", {}).get("matchLabels", {})), []
    expressions += peer.get("podSelector", {}).get("matchExpressions", [])
    if "namespaceSelector" in peer:
        prefix = "io.cilium.k8s.namespace.labels."
        wanted = peer["namespaceSelector"]
        labels |= {f"{prefix}{key}": value for key, value in wanted.get("matchLabels", {}).items()}
        expressions += [{**one, "key": prefix + one["key"]} for one in wanted.get("matchExpressions", [])]
        if not wanted:
            expressions.append({"key": "io.kubernetes.pod.namespace", "operator": "Exists"})
    return {f"{peers}Endpoints": [{"matchLabels": labels, "matchExpressions": expressions}]}


def _cilium_port(port: Manifest) -> Manifest:
    made: Manifest = {"port": str(port.get("port", 1)), "protocol": port.get("protocol", "TCP")}
    if "endPort" in port or "port" not in port:
        made["endPort"] = port.get("endPort", 65535)
    return made
