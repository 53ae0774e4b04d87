"""A small cluster with an address outside, as objects and as ends of the naive evaluator; policies as documents."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import yaml

from netdoctor.cluster.decode import convert
from netdoctor.cluster.defaults import with_defaults
from netdoctor.cluster.objects import Object
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.policy.compile import CompiledPolicies, compile_policies
from netdoctor.policy.decide import decide
from netdoctor.policy.flow import Endpoint, Flow, ip_endpoint, node_endpoint, pod_endpoint
from netdoctor.policy.profile import profile_for
from netdoctor.policy.rules import Protocol
from netdoctor.policy.verdict import FlowVerdict
from tests.policy.cilium.naive import End

NAMESPACES = {"shop": {"team": "red"}, "db": {"team": "blue"}}
NODES = {"n1": "192.168.0.1", "n2": "192.168.0.2"}
PODS = [
    End("web", "10.244.0.1", "shop", {"app": "web", "tier": "front"}, NAMESPACES["shop"], "web", "n1"),
    End("api", "10.244.0.2", "shop", {"app": "api"}, NAMESPACES["shop"], node="n1", ports={"http": (80, "TCP")}),
    End("pg", "10.244.1.1", "db", {"app": "pg"}, NAMESPACES["db"], node="n2", ports={"http": (8080, "TCP")}),
    End("job", "10.244.1.2", "db", {"app": "web"}, NAMESPACES["db"], "web", "n2"),
]
ENDS = {
    **{f"{pod.namespace}/{pod.name}": pod for pod in PODS},
    **{name: End(name, ip, node=name) for name, ip in NODES.items()},
    "203.0.113.7": End("203.0.113.7", "203.0.113.7"),
}


def objects() -> list[dict[str, Any]]:
    """The cluster without policies."""
    found: list[dict[str, Any]] = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}
        for name, labels in NAMESPACES.items()
    ]
    for name, ip in NODES.items():
        status = {"addresses": [{"type": "InternalIP", "address": ip}]}
        found.append({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}, "status": status})
    for pod in PODS:
        ports = [{"name": n, "containerPort": port, "protocol": p} for n, (port, p) in pod.ports.items()]
        spec = {"nodeName": pod.node, "serviceAccountName": pod.account, "containers": [{"name": "a", "ports": ports}]}
        metadata = {"name": pod.name, "namespace": pod.namespace, "labels": dict(pod.labels)}
        running = {"phase": "Running", "podIP": pod.ip}
        found.append({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec, "status": running})
    return found


def policy(spec: dict[str, Any] | str, namespace: str = "shop", name: str = "p") -> dict[str, Any]:
    """A CiliumNetworkPolicy, or without a namespace a CiliumClusterwideNetworkPolicy."""
    kind = "CiliumNetworkPolicy" if namespace else "CiliumClusterwideNetworkPolicy"
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    written = yaml.safe_load(spec) if isinstance(spec, str) else spec
    return {"apiVersion": "cilium.io/v2", "kind": kind, "metadata": metadata, "spec": written}


def config(**data: str) -> dict[str, Any]:
    """The ConfigMap cilium-config, with `_` for `-` in its keys."""
    metadata = {"name": "cilium-config", "namespace": "kube-system"}
    named = {key.replace("_", "-"): value for key, value in data.items()}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": named}


def compiled(documents: Sequence[dict[str, Any]], cni: str = "cilium") -> CompiledPolicies:
    """The cluster with these objects too."""
    read: list[Object] = [found for one in (*objects(), *documents) if (found := convert(one))]
    snapshot = Snapshot.of(map(with_defaults, read), source="test", taken_at=datetime(2026, 1, 1, tzinfo=UTC))
    return compile_policies(snapshot, cni=cni)


def flow(policies: CompiledPolicies, source: str, destination: str, port: int, protocol: Protocol = "TCP") -> Flow:
    """Between two ends of this cluster."""
    ends = (endpoint(policies.snapshot, source), endpoint(policies.snapshot, destination))
    return Flow(*ends, protocol, port)


def verdict(
    documents: Sequence[dict[str, Any]], source: str, destination: str, port: int = 80, protocol: Protocol = "TCP"
) -> FlowVerdict:
    """What the policies say."""
    policies = compiled(documents)
    return decide(policies, flow(policies, source, destination, port, protocol), profile_for("cilium"))


def endpoint(snapshot: Snapshot, name: str) -> Endpoint:
    """NAMESPACE/POD, a node, or an address."""
    namespace, slash, pod = name.partition("/")
    if slash:
        found = next(one for one in snapshot.pods if (one.namespace, one.name) == (namespace, pod))
        return pod_endpoint(found, snapshot)
    node = snapshot.node(name)
    return node_endpoint(node) if node else ip_endpoint(name, snapshot)
