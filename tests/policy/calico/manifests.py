"""Calico's objects for tests, and questions about them under Calico."""

from __future__ import annotations

from typing import Any

from netdoctor.policy.compile import compile_policies
from netdoctor.policy.decide import decide
from netdoctor.policy.verdict import FlowVerdict
from tests.policy.clusters import CALICO, Manifest, cluster, flow

V3, STORED = "projectcalico.org/v3", "crd.projectcalico.org/v1"


def calico(kind: str, name: str, labels: dict[str, str] | None = None, version: str = V3, **spec: Any) -> Manifest:
    """`name` is NAME, or NAMESPACE/NAME."""
    where, _, short = name.rpartition("/")
    metadata = {"name": short, "labels": labels or {}, **({"namespace": where} if where else {})}
    return {"kind": kind, "apiVersion": version, "metadata": metadata, "spec": spec}


def local(name: str, **spec: Any) -> Manifest:
    """A NetworkPolicy of Calico's."""
    return calico("NetworkPolicy", name, **spec)


def wide(name: str, **spec: Any) -> Manifest:
    """A GlobalNetworkPolicy."""
    return calico("GlobalNetworkPolicy", name, **spec)


def tier(name: str, order: float | None = None, action: str = "Deny") -> Manifest:
    return calico("Tier", name, order=order, defaultAction=action)


def rule(action: str = "Allow", **fields: Any) -> dict[str, Any]:
    return {"action": action, **fields}


def source(action: str = "Allow", **entity: Any) -> dict[str, Any]:
    return rule(action, source=entity)


def target(action: str = "Allow", **entity: Any) -> dict[str, Any]:
    return rule(action, destination=entity)


def ask(world: list[Manifest], start: str, end: str, port: str = "80/TCP", cni: str = "calico") -> FlowVerdict:
    """Decide a flow between NAMESPACE/NAME or addresses."""
    snapshot = cluster(*world)
    return decide(compile_policies(snapshot, cni=cni), flow(snapshot, start, end, port), CALICO)


def allowed(world: list[Manifest], start: str, end: str, port: str = "80/TCP") -> bool | None:
    return ask(world, start, end, port).allowed
