"""DNS names inside a cluster: what a name means from where it is asked.

Rules: Kubernetes "DNS for Services and Pods"; resolv.conf(5) for search lists and ndots.
"""

from __future__ import annotations

from dataclasses import dataclass

from netdoctor.model.refs import ObjectRef

NDOTS = 5  # what kubelet writes for ClusterFirst


@dataclass(frozen=True, slots=True)
class ServiceName:
    """A Service as a DNS name spells it."""

    name: str
    namespace: str


def search_list(namespace: str, domain: str) -> tuple[str, ...]:
    """The search list that kubelet writes for ClusterFirst pods, without what it appends from the node."""
    return (f"{namespace}.svc.{domain}", f"svc.{domain}", domain)


def candidates(name: str, search: tuple[str, ...], ndots: int = NDOTS) -> tuple[str, ...]:
    """The names that a glibc resolver asks for, in order (resolv.conf(5), `ndots` and `search`)."""
    if name.endswith("."):
        return (name.rstrip("."),)
    expanded = tuple(f"{name}.{suffix}" for suffix in search)
    return (name, *expanded) if name.count(".") >= ndots else (*expanded, name)


def service_name(service: ObjectRef, domain: str) -> str:
    """The fully qualified name of a Service."""
    return f"{service.name}.{service.namespace}.svc.{domain}"


def service_of(fqdn: str, domain: str) -> ServiceName | None:
    """The Service that a fully qualified name denotes; None for other names (pod and outside names too)."""
    suffix = f".svc.{domain}"
    if not fqdn.endswith(suffix):
        return None
    labels = fqdn[: -len(suffix)].split(".")
    return ServiceName(labels[0], labels[1]) if len(labels) == 2 else None
