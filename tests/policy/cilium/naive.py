"""A second evaluator of Cilium's policies, which shares nothing with the first.

It reads the documents as they are written and thinks as Cilium does: every end has an identity, a set of labels with
sources, and every peer is a selector over these or a block of addresses.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Any

Document = Mapping[str, Any]
NAMESPACE = "io.kubernetes.pod.namespace"


@dataclass(frozen=True)
class End:
    """A pod (with a namespace), a node, or an address outside."""

    name: str
    ip: str
    namespace: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    namespace_labels: Mapping[str, str] = field(default_factory=dict)
    account: str = "default"
    node: str = ""
    ports: Mapping[str, tuple[int, str]] = field(default_factory=dict)

    def identity(self, seen_from: End) -> set[tuple[str, str, str]]:
        """(source, key, value) of every label that it has for the other end."""
        if self.namespace:
            found = {("k8s", key, value) for key, value in self.labels.items()}
            found |= {("k8s", f"io.cilium.k8s.namespace.labels.{k}", v) for k, v in self.namespace_labels.items()}
            found.add(("k8s", NAMESPACE, self.namespace))
            found.add(("k8s", "io.cilium.k8s.policy.serviceaccount", self.account))
            return found | {("k8s", "io.cilium.k8s.policy.cluster", "default")}
        if self.node:
            return {("reserved", "host" if self.node == seen_from.node else "remote-node", "")}
        return {("reserved", "world", "")}


def allowed(policies: Sequence[Document], source: End, destination: End, protocol: str, port: int) -> bool:
    """Whether both sides let the connection pass."""
    egress = _side(policies, source, destination, "egress", protocol, port, destination)
    return egress and _side(policies, destination, source, "ingress", protocol, port, destination)


def _side(
    policies: Sequence[Document], local: End, remote: End, way: str, protocol: str, port: int, server: End
) -> bool:
    if not local.namespace or (way == "ingress" and remote.node and not remote.namespace and remote.node == local.node):
        return True
    isolated = admitted = False
    for policy in policies:
        own = policy["metadata"].get("namespace", "")
        for spec in [policy.get("spec"), *(policy.get("specs") or [])]:
            if not spec or spec.get("endpointSelector") is None or not _subject(spec["endpointSelector"], own, local):
                continue
            default_deny = (spec.get("enableDefaultDeny") or {}).get(way)
            denials, rules = spec.get(f"{way}Deny") or [], spec.get(way) or []
            if (denials or rules) and default_deny is not False:
                isolated = True
            for rule in denials:
                if _rule(rule, own, local, remote, way, protocol, port, server):
                    return False
            admitted |= any(_rule(rule, own, local, remote, way, protocol, port, server) for rule in rules)
    return admitted or not isolated


def _subject(selector: Document, own: str, pod: End) -> bool:
    if own and pod.namespace != own:
        return False
    labels = {
        key: value for key, value in (selector.get("matchLabels") or {}).items() if not own or NAMESPACE not in key
    }
    return _selected({**selector, "matchLabels": labels}, pod.identity(pod))


def _rule(rule: Document, own: str, local: End, remote: End, way: str, protocol: str, port: int, server: End) -> bool:
    return _peer(rule, own, local, remote, "from" if way == "ingress" else "to") and _port(rule, protocol, port, server)


def _peer(rule: Document, own: str, local: End, remote: End, prefix: str) -> bool:
    given = {name: rule.get(f"{prefix}{name}") for name in ("Endpoints", "Entities", "CIDR", "CIDRSet")}
    if any(value == [] for value in given.values()):
        return False
    identity = remote.identity(local)
    if all(value is None for value in given.values()):
        return bool(rule.get("toPorts"))
    return (
        any(_selected(selector, identity, own) for selector in given["Endpoints"] or [])
        or any(_entity(entity, identity) for entity in given["Entities"] or [])
        or any(_block(cidr, [], identity, remote) for cidr in given["CIDR"] or [])
        or any(_block(one["cidr"], one.get("except") or [], identity, remote) for one in given["CIDRSet"] or [])
    )


def _entity(entity: str, identity: set[tuple[str, str, str]]) -> bool:
    world = ("reserved", "world", "") in identity
    if entity in ("world", "cluster"):
        return world is (entity == "world")
    return entity == "all" or ("reserved", entity, "") in identity


def _block(cidr: str, excepted: Sequence[str], identity: set[tuple[str, str, str]], remote: End) -> bool:
    address = ip_address(remote.ip)
    inside = ("reserved", "world", "") in identity and address in ip_network(cidr)
    return inside and not any(address in ip_network(one) for one in excepted)


def _requirements(selector: Document) -> Iterator[tuple[str, str, list[str]]]:
    for key, value in (selector.get("matchLabels") or {}).items():
        yield key, "In", [value]
    for one in selector.get("matchExpressions") or []:
        yield one["key"], one["operator"], one.get("values") or []


def _selected(selector: Document, identity: set[tuple[str, str, str]], own: str | None = None) -> bool:
    """`own` is the policy's namespace for a peer, and None for a subject."""
    wanted = list(_requirements(selector))
    keys = {key.split(":", 1)[-1] for key, _, _ in wanted}
    reserved = any(key.startswith("reserved:") for key, _, _ in wanted)
    if own is not None and not reserved and NAMESPACE not in keys:
        if own == "":
            wanted.append((f"k8s:{NAMESPACE}", "Exists", []))
        elif not any(key.startswith("io.cilium.k8s.namespace.labels.") for key in keys):
            wanted.append((f"k8s:{NAMESPACE}", "In", [own]))
    return all(_meets(one, identity) for one in wanted)


def _meets(wanted: tuple[str, str, list[str]], identity: set[tuple[str, str, str]]) -> bool:
    key, operator, values = wanted
    source, name = key.split(":", 1) if ":" in key else ("any", key)
    found = {value for s, k, value in identity if k == name and source in (s, "any")}
    if operator in ("In", "NotIn"):
        return bool(found & set(values)) is (operator == "In")
    return bool(found) is (operator == "Exists")


def _port(rule: Document, protocol: str, port: int, server: End) -> bool:
    if not rule.get("toPorts"):
        return not rule.get("icmps")
    for group in rule["toPorts"]:
        for one in group["ports"]:
            if (one.get("protocol") or "ANY").upper() not in ("ANY", protocol):
                continue
            if not one["port"].isdigit():
                named = server.ports.get(one["port"])
                if named == (port, protocol):
                    return True
            elif one["port"] == "0" or int(one["port"]) <= port <= max(int(one["port"]), one.get("endPort") or 0):
                return True
    return False
