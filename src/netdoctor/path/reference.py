"""What a user types for an object: `KIND/NAME[.NAMESPACE][:PORT]`, with kubectl's kind names."""

from __future__ import annotations

import re
from dataclasses import dataclass

from netdoctor.cluster.objects import Object
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.model.errors import AccessError, InputError
from netdoctor.model.refs import CLUSTER_SCOPED, ObjectRef

_ALIASES = {
    "Service": ("svc", "service", "services"),
    "Pod": ("po", "pod", "pods"),
    "Deployment": ("deploy", "deployment", "deployments"),
    "ReplicaSet": ("rs", "replicaset", "replicasets"),
    "StatefulSet": ("sts", "statefulset", "statefulsets"),
    "DaemonSet": ("ds", "daemonset", "daemonsets"),
    "Ingress": ("ing", "ingress", "ingresses"),
    "Gateway": ("gateway", "gateways", "gtw"),
    "HTTPRoute": ("httproute", "httproutes"),
    "Node": ("no", "node", "nodes"),
    "Namespace": ("ns", "namespace", "namespaces"),
}
_KIND_OF = {alias: kind for kind, aliases in _ALIASES.items() for alias in aliases}
_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Reference:
    """A parsed `KIND/NAME[:PORT]`; a namespace may still be part of the name."""

    kind: str
    name: str
    port: int | str | None = None


def parse_port(text: str, what: str) -> int | str:
    """A port number (1 to 65535) or a port name (RFC 6335 as Kubernetes restricts it). Raises InputError."""
    if text.isdecimal():
        if 1 <= int(text) <= 65535:
            return int(text)
        raise InputError(f"{what}: port {text} is not between 1 and 65535")
    if re.fullmatch(r"(?=.*[a-z])[a-z0-9]([-a-z0-9]{0,13}[a-z0-9])?", text):
        return text
    raise InputError(f"{what}: {text!r} is neither a port number nor a port name")


def parse_reference(text: str, what: str) -> Reference:
    """Parse `KIND/NAME[:PORT]`; `what` names the argument or flag in errors. Raises InputError."""
    kind_text, _, rest = text.partition("/")
    kind = _KIND_OF.get(kind_text.lower())
    if kind is None:
        known = ", ".join(sorted(aliases[0] for aliases in _ALIASES.values()))
        raise InputError(f"{what}: {kind_text!r} is not a kind that netdoctor knows", hint=f"try one of: {known}")
    name, colon, port_text = rest.partition(":")
    if not _NAME.fullmatch(name):
        raise InputError(f"{what}: {name!r} is not a valid object name")
    return Reference(kind, name, parse_port(port_text, what) if colon else None)


def locate(snapshot: Snapshot, reference: Reference, namespace: str) -> tuple[str, str, Object | None]:
    """(namespace, name, object or None) that a reference means.

    The part after the last dot counts as a namespace where it names one and no object has the whole name.
    """
    if reference.kind in CLUSTER_SCOPED:
        return "", reference.name, snapshot.get(reference.kind, "", reference.name)
    found = snapshot.get(reference.kind, namespace, reference.name)
    name, dot, suffix = reference.name.rpartition(".")
    if found is None and dot:
        there = snapshot.get(reference.kind, suffix, name)  # files may lack the Namespace itself
        if there is not None or snapshot.get("Namespace", "", suffix) is not None:
            return suffix, name, there
    return namespace, reference.name, found


def require(snapshot: Snapshot, reference: Reference, namespace: str, what: str) -> Object:
    """The object that a reference means. Raises InputError if absent, AccessError if it cannot be read."""
    where, name, found = locate(snapshot, reference, namespace)
    if found is not None:
        return found
    if not snapshot.was_read(reference.kind, where):
        unread = snapshot.unread_for(reference.kind, where)
        raise AccessError(
            f"{what}: cannot read {ObjectRef(reference.kind, name, where)}",
            unread.because if unread else "",
            "netdoctor rbac prints the rights that a check needs",
        )
    at = f" in namespace {where}" if where else ""
    raise InputError(f"{what}: {reference.kind} {name!r} not found{at}")
