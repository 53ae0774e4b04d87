"""A part of a cluster, which says of itself that it is one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from netdoctor.cluster.decode import KINDS
from netdoctor.cluster.snapshot import Snapshot, Unread
from netdoctor.model.errors import InputError

_SYSTEM = "kube-system"  # DNS, kube-proxy and most network plugins


def excerpt(snapshot: Snapshot, namespace: str) -> Snapshot:
    """A namespace, kube-system, and what is in no namespace; everything else counts as not read.

    Raises:
        InputError: there is no such namespace.
    """
    kept = (namespace, _SYSTEM)
    if snapshot.was_read("Namespace") and snapshot.get("Namespace", "", namespace) is None:
        raise InputError(f"there is no namespace {namespace}")
    fields: dict[str, Any] = {
        kind.field: tuple(read for read in getattr(snapshot, kind.field) if read.namespace in kept)
        for kind in KINDS.values()
        if kind.namespaced
    }
    left_out = (
        Unread(name, "", f"left out: only namespace {namespace} was saved", kept)
        for name, kind in KINDS.items()
        if kind.namespaced
    )
    policies = tuple(ref for ref in snapshot.unsupported_policies if ref.namespace in ("", *kept))
    return replace(snapshot, unread=(*snapshot.unread, *left_out), unsupported_policies=policies, **fields)
