"""References to Kubernetes objects and to fields in them."""

from __future__ import annotations

import msgspec

CLUSTER_SCOPED = frozenset(
    {
        "Node",
        "Namespace",
        "IngressClass",
        "GatewayClass",
        "ClusterIssuer",
        "GlobalNetworkPolicy",
        "StagedGlobalNetworkPolicy",
        "GlobalNetworkSet",
        "Tier",
        "HostEndpoint",
        "IPPool",
        "FelixConfiguration",
        "BGPConfiguration",
        "BlockAffinity",
        "Installation",
        "AdminNetworkPolicy",
        "BaselineAdminNetworkPolicy",
        "ClusterNetworkPolicy",
        "CiliumClusterwideNetworkPolicy",
        "CiliumCIDRGroup",
        "CiliumIdentity",
        "CiliumNode",
    }
)


class ObjectRef(msgspec.Struct, frozen=True, order=True, omit_defaults=True):
    """An object, or one field of it when `path` is given (``spec.egress[0].to[1]``)."""

    kind: str
    name: str
    namespace: str = ""
    path: str = ""

    def at(self, path: str) -> ObjectRef:
        """The same object, pointing at one of its fields."""
        return ObjectRef(self.kind, self.name, self.namespace, path)

    @property
    def object(self) -> ObjectRef:
        """The object itself, without the field."""
        return self.at("") if self.path else self

    def __str__(self) -> str:
        name = f"{self.namespace}/{self.name}" if self.namespace else self.name
        return f"{self.kind} {name}" + (f" {self.path}" if self.path else "")
