"""Which policies are those of Kubernetes: lint judges them alone."""

from __future__ import annotations

from netdoctor.model.refs import ObjectRef

_KINDS = frozenset({"NetworkPolicy", "AdminNetworkPolicy", "BaselineAdminNetworkPolicy", "ClusterNetworkPolicy"})


def is_kubernetes(policy: ObjectRef) -> bool:
    """Whether a policy is of one of Kubernetes' kinds."""
    return policy.kind in _KINDS
