"""Policies that netdoctor knows to be policies, and cannot read: what they allow or deny is not known.

Antrea's and OVN-Kubernetes's; versions of the Kubernetes kinds that are older or newer than those it reads; and
whatever else calls itself a network policy, since an unknown rule is better named than passed over.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from netdoctor.cluster.decode import KINDS
from netdoctor.model.refs import ObjectRef

#: Where clusters have such policies: by API group, the resources and their kinds.
OTHER_POLICIES: Mapping[str, Mapping[str, str]] = {
    "crd.antrea.io": {"networkpolicies": "NetworkPolicy", "clusternetworkpolicies": "ClusterNetworkPolicy"},
    "k8s.ovn.org": {"egressfirewalls": "EgressFirewall"},
}
_OTHER_NAMES = frozenset({"egressfirewall"})  # k8s.ovn.org
_NAMESPACED = frozenset({"NetworkPolicy", "CiliumNetworkPolicy", "EgressFirewall"})


def is_policy(kind: str) -> bool:
    """Whether objects of this kind, of whatever group, allow or deny flows. Calico's staged ones do not yet."""
    lowered = kind.lower()
    return (lowered.endswith("networkpolicy") and not lowered.startswith("staged")) or lowered in _OTHER_NAMES


def unsupported_policy(kind: str, api_version: str, metadata: Any) -> ObjectRef | None:
    """The reference to a policy of a kind, group or version that is not read; its namespace is empty if cluster-wide.

    Args:
        kind: for which `is_policy` holds.
        api_version: such as ``cilium.io/v2``; may be empty.
        metadata: as it stands in a file; need not be well-formed.
    """
    fields = metadata if isinstance(metadata, Mapping) else {}
    name, namespace = (str(fields.get(field) or "") for field in ("name", "namespace"))
    known = KINDS.get(kind)
    if known and not known.namespaced:
        namespace = ""
    elif kind in _NAMESPACED:
        namespace = namespace or "default"
    return ObjectRef(full_kind(kind, api_version), name or "?", namespace)


def full_kind(kind: str, api_version: str) -> str:
    """The kind; with version and group, as kubectl writes them, where there is one of that name that is read."""
    group, _, version = api_version.rpartition("/")
    return f"{kind}.{'.'.join(filter(None, (version, group))) or '?'}" if kind in KINDS else kind
