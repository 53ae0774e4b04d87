"""Clusters for tests, from manifests."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from netdoctor.cluster.decode import convert
from netdoctor.cluster.defaults import with_defaults
from netdoctor.cluster.snapshot import Snapshot, Unread
from netdoctor.policy.compile import compile_policies
from netdoctor.policy.decide import decide
from netdoctor.policy.flow import Endpoint, Flow, ip_endpoint, pod_endpoint
from netdoctor.policy.profile import CNIProfile, profile_for
from netdoctor.policy.rules import Protocol
from netdoctor.policy.verdict import FlowVerdict

_VERSIONS = {
    "NetworkPolicy": "networking.k8s.io/v1",
    "AdminNetworkPolicy": "policy.networking.k8s.io/v1alpha1",
    "BaselineAdminNetworkPolicy": "policy.networking.k8s.io/v1alpha1",
    "ClusterNetworkPolicy": "policy.networking.k8s.io/v1alpha2",
    "Namespace": "v1",
    "Node": "v1",
    "Pod": "v1",
}
CALICO = profile_for("calico")
Manifest = dict[str, Any]


def pod(name: str, ip: str = "", labels: dict[str, str] | None = None, **spec: Any) -> Manifest:
    """`name` is NAMESPACE/NAME, `ip` may be several addresses with a space between them."""
    namespace, _, short = name.partition("/")
    status = {"phase": spec.pop("phase", "Running"), "podIPs": [{"ip": address} for address in ip.split()]}
    ports = [{"containerPort": p, "name": n, "protocol": proto} for n, p, proto in spec.pop("ports", ())]
    containers = [{"name": "main", "ports": ports}]
    metadata = {"name": short, "namespace": namespace, "labels": labels or {}}
    return {"kind": "Pod", "metadata": metadata, "spec": {"containers": containers, **spec}, "status": status}


def namespace(name: str, **labels: str) -> Manifest:
    return {"kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def node(name: str, ip: str, **labels: str) -> Manifest:
    return {
        "kind": "Node",
        "metadata": {"name": name, "labels": labels},
        "status": {"addresses": [{"type": "InternalIP", "address": ip}, {"type": "Hostname", "address": name}]},
    }


def policy(name: str, **spec: Any) -> Manifest:
    """`name` is NAMESPACE/NAME."""
    where, _, short = name.partition("/")
    return {"kind": "NetworkPolicy", "metadata": {"name": short, "namespace": where}, "spec": spec}


def wide(kind: str, name: str, **spec: Any) -> Manifest:
    """A policy for the whole cluster; without a subject it selects every pod."""
    return {"kind": kind, "metadata": {"name": name}, "spec": {"subject": {"namespaces": {}}, **spec}}


def admin(name: str, priority: int = 10, **spec: Any) -> Manifest:
    return wide("AdminNetworkPolicy", name, priority=priority, **spec)


def baseline(**spec: Any) -> Manifest:
    return wide("BaselineAdminNetworkPolicy", "default", **spec)


def cluster_policy(name: str, tier: str = "Admin", priority: int = 10, **spec: Any) -> Manifest:
    return wide("ClusterNetworkPolicy", name, tier=tier, priority=priority, **spec)


def cluster(*manifests: Manifest, unread: tuple[tuple[str, str], ...] = ()) -> Snapshot:
    """A snapshot as the files door would make it; `unread` are (kind, namespace)."""
    read = [with_defaults(o) for m in manifests if (o := convert({"apiVersion": _VERSIONS.get(m["kind"]), **m}))]
    return Snapshot.of(
        read,
        source="test",
        taken_at=datetime(2025, 1, 1, tzinfo=UTC),
        unread=tuple(Unread(kind, where, "forbidden") for kind, where in unread),
    )


def ask(
    snapshot: Snapshot, source: str, destination: str, port: str = "80/TCP", profile: CNIProfile = CALICO
) -> FlowVerdict:
    """Decide a flow between NAMESPACE/NAME or addresses."""
    return decide(compile_policies(snapshot), flow(snapshot, source, destination, port), profile)


def flow(snapshot: Snapshot, source: str, destination: str, port: str = "80/TCP") -> Flow:
    number, _, protocol = port.partition("/")
    known: dict[str, Protocol] = {"TCP": "TCP", "UDP": "UDP", "SCTP": "SCTP"}
    return Flow(endpoint(snapshot, source), endpoint(snapshot, destination), known[protocol], int(number))


def endpoint(snapshot: Snapshot, name: str) -> Endpoint:
    if "/" not in name:
        return ip_endpoint(name, snapshot)
    return next(pod_endpoint(p, snapshot) for p in snapshot.pods if f"{p.namespace}/{p.name}" == name)
