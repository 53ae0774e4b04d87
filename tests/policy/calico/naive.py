"""A second evaluator for Calico's policies, slow and plain, on manifests as the reference describes them.

It shares no code with the engine: as Felix does, it gives every endpoint all its labels in one map, with those of its
namespace under ``pcns.``, and makes one selector of each entity; selectors become expressions of Python.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Any

from tests.policy.naive import Question, labels_match, network_policies_say, policy_types

Manifest = dict[str, Any]
_PIECE = re.compile(
    r"(?P<has>has\((?P<of>[\w./-]+)\))|(?P<all>all\(\))|(?P<global>global\(\))|(?P<word>&&|\|\||!(?!=)|[()])"
    r"|(?P<key>[\w./-]+) (?P<op>==|!=|not in|in|contains|starts with|ends with) (?P<value>'[^']*'|\{[^}]*\})|\s+"
)
_ABSENT = "\0"


def holds(selector: str, labels: dict[str, str]) -> bool:
    def python(piece: re.Match[str]) -> str:
        if piece["has"]:
            return repr(piece["of"] in labels)
        if piece["all"] or piece["global"]:
            return repr(bool(piece["all"]) or "projectcalico.org/namespace" not in labels)
        if piece["key"]:
            return repr(compare(labels.get(piece["key"], _ABSENT), piece["op"], piece["value"]))
        return {"&&": " and ", "||": " or ", "!": " not "}.get(piece["word"] or "", piece["word"] or " ")

    return bool(eval(_PIECE.sub(python, selector) or "True"))


def compare(value: str, operator: str, written: str) -> bool:
    wanted = re.findall(r"'([^']*)'", written)
    if operator in ("!=", "not in"):
        return value not in wanted
    if value == _ABSENT:
        return False
    if operator == "contains":
        return wanted[0] in value
    if operator == "starts with":
        return value.startswith(wanted[0])
    return value.endswith(wanted[0]) if operator == "ends with" else value in wanted


def prefixed(selector: str) -> str:
    """A namespaceSelector as one of endpoints."""

    def of_endpoint(piece: re.Match[str]) -> str:
        if piece["has"]:
            return f"has(pcns.{piece['of']})"
        if piece["all"] or piece["global"]:
            return f"{'' if piece['all'] else '!'}has(projectcalico.org/namespace)"
        return f"pcns.{piece[0]}" if piece["key"] else piece[0]

    return _PIECE.sub(of_endpoint, selector)


def labels_of_namespace(name: str, asked: Question) -> dict[str, str]:
    return {"projectcalico.org/namespace": name, "pcns.projectcalico.org/name": name} | {
        f"pcns.{key}": value for key, value in asked.namespaces[name].items()
    }


def labels_of_pod(end: Manifest, asked: Question) -> dict[str, str]:
    return {**labels_of_namespace(end["namespace"], asked), **end["labels"], "projectcalico.org/orchestrator": "k8s"}


def bearers(end: Manifest, asked: Question) -> list[dict[str, str]]:
    """The labels of all that have the address of an end: a pod, and sets."""
    found = [labels_of_pod(end, asked)] if "namespace" in end else []
    for one in asked.policies:
        if one["kind"] in ("NetworkSet", "GlobalNetworkSet") and in_nets(end, one["spec"]["nets"]):
            where = one["metadata"].get("namespace")
            found.append({**(labels_of_namespace(where, asked) if where else {}), **one["metadata"]["labels"]})
    return found


def in_nets(end: Manifest, nets: list[str]) -> bool:
    return any(ipaddress.ip_address(end["ip"]) in ipaddress.ip_network(net, strict=False) for net in nets)


def entity_matches(entity: Manifest, end: Manifest, namespace: str, asked: Question) -> bool:
    parts = []
    if "namespaceSelector" in entity:
        parts.append(prefixed(entity["namespaceSelector"]))
    elif namespace and ("selector" in entity or "notSelector" in entity):
        parts.append(f"projectcalico.org/namespace == '{namespace}'")
    parts += [entity["selector"]] if "selector" in entity else []
    whole = " && ".join(f"({part or 'all()'})" for part in parts)
    excluded = [
        labels for labels in bearers(end, asked) if "notSelector" in entity and holds(entity["notSelector"], labels)
    ]
    if parts and not any(holds(whole, labels) for labels in bearers(end, asked) if labels not in excluded):
        return False
    if excluded and not parts:
        return False
    if "nets" in entity and not in_nets(end, entity["nets"]):
        return False
    return not ("notNets" in entity and in_nets(end, entity["notNets"]))


def number_matches(ports: list[Any], asked: Question) -> bool:
    for port in ports:
        first, _, last = str(port).partition(":")
        if first.isdigit():
            if int(first) <= asked.port <= int(last or first):
                return True
            continue
        for declared in asked.destination.get("ports", []):
            if (declared["name"], declared["protocol"]) == (port, asked.protocol) and (
                declared["containerPort"] == asked.port
            ):
                return True
    return False


def rule_matches(rule: Manifest, namespace: str, asked: Question) -> bool:
    version = ipaddress.ip_address(asked.source["ip"]).version
    if rule.get("ipVersion", version) != version:
        return False
    if rule.get("protocol", asked.protocol) != asked.protocol or rule.get("notProtocol") == asked.protocol:
        return False
    target = rule.get("destination", {})
    if "ports" in target and not number_matches(target["ports"], asked):
        return False
    if "notPorts" in target and number_matches(target["notPorts"], asked):
        return False
    return entity_matches(rule.get("source", {}), asked.source, namespace, asked) and entity_matches(
        target, asked.destination, namespace, asked
    )


def types_of(policy: Manifest) -> list[str]:
    spec = policy["spec"]
    if spec.get("types"):
        return list(spec["types"])
    if not spec.get("egress"):
        return ["Ingress"]
    return ["Ingress", "Egress"] if spec.get("ingress") else ["Egress"]


def calico_says(policy: Manifest, direction: str, asked: Question) -> str:
    """An action; `` where no rule matches, `none` where the policy does not apply."""
    local, _ = asked.ends(direction)
    namespace, spec = policy["metadata"].get("namespace", ""), policy["spec"]
    labels = labels_of_pod(local, asked)
    if direction not in types_of(policy) or (namespace and namespace != local["namespace"]):
        return "none"
    if not holds(spec.get("selector", ""), labels) or not holds(prefixed(spec.get("namespaceSelector", "")), labels):
        return "none"
    for rule in spec.get(direction.lower(), []):
        if rule["action"] != "Log" and rule_matches(rule, namespace, asked):
            return str(rule["action"])
    return ""


def kubernetes_says(policy: Manifest, direction: str, asked: Question) -> str:
    local, _ = asked.ends(direction)
    if policy["metadata"]["namespace"] != local["namespace"] or direction not in policy_types(policy):
        return "none"
    if not labels_match(policy["spec"].get("podSelector", {}), local["labels"]):
        return "none"
    alone = Question([policy], asked.namespaces, asked.source, asked.destination, asked.protocol, asked.port)
    return "Allow" if network_policies_say(direction, alone) == "Allow" else ""


def position(policy: Manifest) -> tuple[float, str]:
    if policy["kind"] == "NetworkPolicy" and "apiVersion" not in policy:
        return 1000, f"knp.default.{policy['metadata']['name']}"
    order = policy["spec"].get("order")
    return float("inf") if order is None else order, policy["metadata"]["name"]


def side_allows(direction: str, asked: Question) -> bool | None:
    """None where it is open, as towards the pod's own node."""
    local, other = asked.ends(direction)
    if "namespace" not in local:
        return True
    own_node = "node" in other and other["node"] == local.get("on")
    if own_node and direction == "Ingress":
        return True
    verdict = through_tiers(direction, asked)
    return None if own_node and not verdict else verdict


def through_tiers(direction: str, asked: Question) -> bool:
    tiers = {"default": (1_000_000.0, "default", "Deny")}
    for one in asked.policies:
        if one["kind"] == "Tier":
            name, order = one["metadata"]["name"], one["spec"]["order"]
            tiers[name] = (float("inf") if order is None else order, name, one["spec"]["defaultAction"])
    policies = sorted((one for one in asked.policies if one["kind"].endswith("NetworkPolicy")), key=position)
    for _, name, default in sorted(tiers.values()):
        said = [
            (calico_says if "apiVersion" in one else kubernetes_says)(one, direction, asked)
            for one in policies
            if one["spec"].get("tier", "default") == name
        ]
        applying = [action for action in said if action != "none"]
        decided = next((action for action in applying if action), default if applying else "Pass")
        if decided != "Pass":
            return decided == "Allow"
    return True


def allowed(asked: Question) -> tuple[bool | None, bool | None]:
    """Verdicts of (egress, ingress)."""
    return side_allows("Egress", asked), side_allows("Ingress", asked)
