"""Cilium's objects that netdoctor reads: policies, groups of addresses that they name, and what agents made of them.

Shapes follow the API of Cilium 1.20 (cilium.io/v2). A list that is missing, one that is empty, and one with an empty
element mean three different things there, so that every list that selects something may be None.
"""

from __future__ import annotations

from typing import Any

import msgspec

from netdoctor.cluster.objects import LabelSelector, Object
from netdoctor.cluster.objects import _Struct as Part


class CiliumCIDRRule(Part, frozen=True):
    """fromCIDRSet[] or toCIDRSet[]: a block, or those of a CiliumCIDRGroup, without those in `except_`."""

    cidr: str = ""
    cidr_group_ref: str = ""
    cidr_group_selector: LabelSelector | None = None
    except_: tuple[str, ...] = msgspec.field(default=(), name="except")


class CiliumServiceName(Part, frozen=True):
    """k8sService of toServices[]."""

    service_name: str = ""
    namespace: str = ""


class CiliumServiceSelector(Part, frozen=True):
    """k8sServiceSelector of toServices[]."""

    selector: LabelSelector = LabelSelector()
    namespace: str = ""


class CiliumService(Part, frozen=True):
    """toServices[]: one of the two."""

    k8s_service: CiliumServiceName | None = None
    k8s_service_selector: CiliumServiceSelector | None = None


class CiliumName(Part, frozen=True):
    """toFQDNs[], and rules.dns[] of a port: a name, or a pattern with `*`."""

    match_name: str = ""
    match_pattern: str = ""


class CiliumHeaderMatch(Part, frozen=True):
    """headerMatches[] of an HTTP rule; without a value or a secret, the header need only be there."""

    name: str = ""
    value: str = ""
    mismatch: str = ""
    secret: dict[str, str] | None = None


class CiliumHTTP(Part, frozen=True):
    """rules.http[] of a port; what is empty is not looked at."""

    path: str = ""
    method: str = ""
    host: str = ""
    headers: tuple[str, ...] = ()
    header_matches: tuple[CiliumHeaderMatch, ...] = ()


class CiliumL7(Part, frozen=True):
    """rules of a port: one of the protocols."""

    http: tuple[CiliumHTTP, ...] | None = None
    dns: tuple[CiliumName, ...] | None = None
    kafka: tuple[dict[str, Any], ...] | None = None
    l7proto: str = ""
    l7: tuple[dict[str, Any], ...] | None = None


class CiliumPort(Part, frozen=True):
    """ports[] of toPorts[]: `port` is a number or a name, in a string; without a protocol it is of any."""

    port: str = ""
    end_port: int = 0
    protocol: str = ""


class CiliumPorts(Part, frozen=True):
    """toPorts[]."""

    ports: tuple[CiliumPort, ...] = ()
    rules: CiliumL7 | None = None
    server_names: tuple[str, ...] = ()
    listener: dict[str, Any] | None = None
    # Field names of the API, which spells TLS in capitals.
    terminating_tls: dict[str, Any] | None = msgspec.field(default=None, name="terminatingTLS")
    originating_tls: dict[str, Any] | None = msgspec.field(default=None, name="originatingTLS")


class CiliumICMPField(Part, frozen=True):
    """fields[] of icmps[]."""

    family: str = "IPv4"
    type: int | str = 0


class CiliumICMP(Part, frozen=True):
    """icmps[]."""

    fields: tuple[CiliumICMPField, ...] = ()


class CiliumIngressRule(Part, frozen=True):
    """ingress[] or ingressDeny[]."""

    from_endpoints: tuple[LabelSelector, ...] | None = None
    from_requires: tuple[LabelSelector, ...] | None = None
    from_cidr: tuple[str, ...] | None = msgspec.field(default=None, name="fromCIDR")
    from_cidr_set: tuple[CiliumCIDRRule, ...] | None = msgspec.field(default=None, name="fromCIDRSet")
    from_entities: tuple[str, ...] | None = None
    from_groups: tuple[dict[str, Any], ...] | None = None
    from_nodes: tuple[LabelSelector, ...] | None = None
    to_ports: tuple[CiliumPorts, ...] | None = None
    icmps: tuple[CiliumICMP, ...] | None = None
    authentication: dict[str, Any] | None = None


class CiliumEgressRule(Part, frozen=True):
    """egress[] or egressDeny[]."""

    to_endpoints: tuple[LabelSelector, ...] | None = None
    to_requires: tuple[LabelSelector, ...] | None = None
    to_cidr: tuple[str, ...] | None = msgspec.field(default=None, name="toCIDR")
    to_cidr_set: tuple[CiliumCIDRRule, ...] | None = msgspec.field(default=None, name="toCIDRSet")
    to_entities: tuple[str, ...] | None = None
    to_groups: tuple[dict[str, Any], ...] | None = None
    to_nodes: tuple[LabelSelector, ...] | None = None
    to_services: tuple[CiliumService, ...] | None = None
    to_fqdns: tuple[CiliumName, ...] | None = msgspec.field(default=None, name="toFQDNs")
    to_ports: tuple[CiliumPorts, ...] | None = None
    icmps: tuple[CiliumICMP, ...] | None = None
    authentication: dict[str, Any] | None = None


class CiliumDefaultDeny(Part, frozen=True):
    """enableDefaultDeny; what is not given follows from the sections that there are."""

    ingress: bool | None = None
    egress: bool | None = None


class CiliumRule(Part, frozen=True):
    """spec, or one of specs."""

    endpoint_selector: LabelSelector | None = None
    node_selector: LabelSelector | None = None
    enable_default_deny: CiliumDefaultDeny = CiliumDefaultDeny()
    ingress: tuple[CiliumIngressRule, ...] | None = None
    ingress_deny: tuple[CiliumIngressRule, ...] | None = None
    egress: tuple[CiliumEgressRule, ...] | None = None
    egress_deny: tuple[CiliumEgressRule, ...] | None = None
    labels: tuple[dict[str, Any], ...] = ()
    description: str = ""
    log: dict[str, Any] | None = None


class CiliumNetworkPolicy(Object, frozen=True, tag="CiliumNetworkPolicy"):
    """cilium.io/v2 CiliumNetworkPolicy."""

    spec: CiliumRule | None = None
    specs: tuple[CiliumRule, ...] | None = None


class CiliumClusterwideNetworkPolicy(Object, frozen=True, tag="CiliumClusterwideNetworkPolicy"):
    """cilium.io/v2 CiliumClusterwideNetworkPolicy."""

    spec: CiliumRule | None = None
    specs: tuple[CiliumRule, ...] | None = None


class CiliumCIDRGroupSpec(Part, frozen=True):
    """spec of a CiliumCIDRGroup."""

    external_cidrs: tuple[str, ...] = msgspec.field(default=(), name="externalCIDRs")


class CiliumCIDRGroup(Object, frozen=True, tag="CiliumCIDRGroup"):
    """cilium.io/v2 CiliumCIDRGroup: blocks of addresses under one name."""

    spec: CiliumCIDRGroupSpec = CiliumCIDRGroupSpec()


class CiliumEndpoint(Object, frozen=True, tag="CiliumEndpoint"):
    """cilium.io/v2 CiliumEndpoint: what the agent of its node made of a pod; its name is the pod's."""

    status: dict[str, Any] = msgspec.field(default_factory=dict)

    @property
    def state(self) -> str:
        """`ready`, `waiting-for-identity`, `regenerating`, ...; empty where it is not said."""
        return str(self.status.get("state") or "")

    @property
    def identity(self) -> int | None:
        """The number of its identity; None while it has none."""
        found = self.status.get("identity")
        number = found.get("id") if isinstance(found, dict) else None
        return number if isinstance(number, int) else None


class CiliumIdentity(Object, frozen=True, tag="CiliumIdentity"):
    """cilium.io/v2 CiliumIdentity: the labels by which policies know the pods that have its number for a name."""

    security_labels: dict[str, str] = msgspec.field(default_factory=dict, name="security-labels")


class CiliumNode(Object, frozen=True, tag="CiliumNode"):
    """cilium.io/v2 CiliumNode: the addresses of a node, and those that its pods get."""

    spec: dict[str, Any] = msgspec.field(default_factory=dict)


#: The kinds that allow and deny.
CILIUM_POLICIES = frozenset({CiliumNetworkPolicy.__name__, CiliumClusterwideNetworkPolicy.__name__})
