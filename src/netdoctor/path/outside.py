"""A client outside the cluster: what it may ask for, and who it is when its packets reach a pod."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from netdoctor.cluster.objects import Service
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.model.errors import InputError
from netdoctor.path.source import Source
from netdoctor.path.target import Target, TargetKind
from netdoctor.policy.flow import node_endpoint

_BY_ADDRESS = (TargetKind.ADDRESS, TargetKind.INGRESS, TargetKind.HTTP_ROUTE, TargetKind.GATEWAY)


def for_outside(target: Target) -> Target:
    """The target without the cluster's names, which nobody outside asks for. Raises InputError."""
    service = target.service
    if target.kind in _BY_ADDRESS or (target.kind is TargetKind.SERVICE and service is None):
        return replace(target, dns_name="")
    if service is None:
        raise InputError(
            f"--from outside: {target.text} has no address outside the cluster",
            hint="give a Service of type NodePort or LoadBalancer, or IP:PORT",
        )
    if service.spec.type not in ("NodePort", "LoadBalancer"):
        raise InputError(
            f"--from outside: {service.ref} is of type {service.spec.type}, which nobody outside the cluster reaches",
            hint="give a Service of type NodePort or LoadBalancer",
        )
    return replace(target, dns_name="")


def as_pods_see(source: Source, snapshot: Snapshot, service: Service | None, with_endpoint: Collection[str]) -> Source:
    """The client as policies see it: the node by which its packets came in, unless externalTrafficPolicy is Local.

    Source: Kubernetes documentation, "Using Source IP". Of the nodes one without an endpoint is taken, as every
    node may reach the pods that it runs.
    """
    if service is None or service.spec.external_traffic_policy == "Local":
        return source
    nodes = [node for node in snapshot.nodes if node.ready]
    entered = next((node for node in nodes if node.name not in with_endpoint), next(iter(nodes), None))
    return replace(source, endpoint=node_endpoint(entered)) if entered else source
