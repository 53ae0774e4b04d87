"""Calico's policies and what they refer to: all of their fields, so that a misspelt one is told from one not read.

Shapes follow the reference of projectcalico.org/v3. crd.projectcalico.org/v1, in which Calico stores the same objects
in the API server of Kubernetes, has the same fields.
"""

from __future__ import annotations

from typing import Any

import msgspec

from netdoctor.cluster.objects import NetworkPolicySpec, Object
from netdoctor.cluster.objects import _Struct as Struct


class ServiceAccountMatch(Struct, frozen=True):
    """serviceAccounts of an EntityRule: both must hold."""

    names: tuple[str, ...] = ()
    selector: str = ""


class ServiceMatch(Struct, frozen=True):
    """services of an EntityRule: the endpoints of a Service, at its ports."""

    name: str = ""
    namespace: str = ""


class EntityRule(Struct, frozen=True):
    """source or destination of a rule: all that is given must hold."""

    nets: tuple[str, ...] = ()
    not_nets: tuple[str, ...] = ()
    selector: str = ""
    not_selector: str = ""
    namespace_selector: str = ""
    service_accounts: ServiceAccountMatch | None = None
    services: ServiceMatch | None = None
    ports: tuple[int | str, ...] = ()  # 80, "80:90", "http"
    not_ports: tuple[int | str, ...] = ()


class ICMPFields(Struct, frozen=True):
    """icmp and notICMP of a rule."""

    type: int | None = None
    code: int | None = None


class CalicoRule(Struct, frozen=True):
    """spec.ingress[] or spec.egress[]; `protocol` is a name, or a number of IP."""

    action: str = ""
    ip_version: int | None = None
    protocol: int | str | None = None
    not_protocol: int | str | None = None
    icmp: ICMPFields | None = None
    not_icmp: ICMPFields | None = msgspec.field(default=None, name="notICMP")
    source: EntityRule = EntityRule()
    destination: EntityRule = EntityRule()
    http: dict[str, Any] | None = None
    metadata: dict[str, Any] | None = None


class CalicoPolicySpec(Struct, frozen=True):
    """spec of Calico's NetworkPolicy. An empty `types` is not stored: Calico's API server fills it in."""

    tier: str = "default"
    order: float | None = None
    selector: str = ""
    service_account_selector: str = ""
    types: tuple[str, ...] = ()
    ingress: tuple[CalicoRule, ...] = ()
    egress: tuple[CalicoRule, ...] = ()
    performance_hints: tuple[str, ...] = ()


class GlobalPolicySpec(CalicoPolicySpec, frozen=True):
    """spec of a GlobalNetworkPolicy."""

    namespace_selector: str = ""
    do_not_track: bool = False
    pre_dnat: bool = msgspec.field(default=False, name="preDNAT")
    apply_on_forward: bool = False


class StagedPolicySpec(CalicoPolicySpec, frozen=True):
    """spec of a StagedNetworkPolicy."""

    staged_action: str = "Set"


class StagedGlobalPolicySpec(GlobalPolicySpec, frozen=True):
    """spec of a StagedGlobalNetworkPolicy."""

    staged_action: str = "Set"


class StagedKubernetesPolicySpec(NetworkPolicySpec, frozen=True):
    """spec of a StagedKubernetesNetworkPolicy."""

    staged_action: str = "Set"


class CalicoObject(Object, frozen=True):
    """An object of Calico's; `api_version` is the group that it was read in."""

    api_version: str = "projectcalico.org/v3"

    @property
    def stored(self) -> bool:
        """Whether it was read as Calico stores it, and not from Calico's own API server."""
        return self.api_version.startswith("crd.")


class CalicoNetworkPolicy(CalicoObject, frozen=True, tag="NetworkPolicy"):
    """projectcalico.org/v3 NetworkPolicy, which shares its kind's name with that of Kubernetes."""

    spec: CalicoPolicySpec = CalicoPolicySpec()

    @classmethod
    def kind_name(cls) -> str:
        """As `unsupported.full_kind` writes what has the name of another kind."""
        return "NetworkPolicy.v3.projectcalico.org"


class GlobalNetworkPolicy(CalicoObject, frozen=True, tag="GlobalNetworkPolicy"):
    """projectcalico.org/v3 GlobalNetworkPolicy."""

    spec: GlobalPolicySpec = GlobalPolicySpec()


class StagedNetworkPolicy(CalicoObject, frozen=True, tag="StagedNetworkPolicy"):
    """projectcalico.org/v3 StagedNetworkPolicy: what it would do, it does not do yet."""

    spec: StagedPolicySpec = StagedPolicySpec()


class StagedGlobalNetworkPolicy(CalicoObject, frozen=True, tag="StagedGlobalNetworkPolicy"):
    """projectcalico.org/v3 StagedGlobalNetworkPolicy."""

    spec: StagedGlobalPolicySpec = StagedGlobalPolicySpec()


class StagedKubernetesNetworkPolicy(CalicoObject, frozen=True, tag="StagedKubernetesNetworkPolicy"):
    """projectcalico.org/v3 StagedKubernetesNetworkPolicy: a NetworkPolicy of Kubernetes to be."""

    spec: StagedKubernetesPolicySpec = StagedKubernetesPolicySpec()


CalicoPolicy = CalicoNetworkPolicy | GlobalNetworkPolicy
#: The kinds that decide about flows.
CALICO_POLICIES = frozenset({CalicoNetworkPolicy.kind_name(), GlobalNetworkPolicy.kind_name()})


class TierSpec(Struct, frozen=True):
    """spec of a Tier; without an order it is the last."""

    order: float | None = None
    default_action: str = "Deny"


class CalicoTier(CalicoObject, frozen=True, tag="Tier"):
    """projectcalico.org/v3 Tier."""

    spec: TierSpec = TierSpec()

    @property
    def denies(self) -> bool:
        """What its end does to those that its policies select and none of their rules decides about."""
        return self.spec.default_action != "Pass"

    @classmethod
    def kind_name(cls) -> str:
        """As Calico calls it: the other Tiers of this name are other tools' and not read."""
        return "Tier"


class NetworkSetSpec(Struct, frozen=True):
    """spec of a NetworkSet or GlobalNetworkSet."""

    nets: tuple[str, ...] = ()
    allowed_egress_domains: tuple[str, ...] = ()


class NetworkSet(CalicoObject, frozen=True, tag="NetworkSet"):
    """projectcalico.org/v3 NetworkSet: addresses with labels, which rules select as they select pods."""

    spec: NetworkSetSpec = NetworkSetSpec()


class GlobalNetworkSet(CalicoObject, frozen=True, tag="GlobalNetworkSet"):
    """projectcalico.org/v3 GlobalNetworkSet."""

    spec: NetworkSetSpec = NetworkSetSpec()


class NamedHostPort(Struct, frozen=True):
    """spec.ports[] of a HostEndpoint."""

    name: str = ""
    protocol: int | str = ""
    port: int = 0


class HostEndpointSpec(Struct, frozen=True):
    """spec of a HostEndpoint; `interface_name` is ``*`` for all interfaces of the node."""

    node: str = ""
    interface_name: str = ""
    expected_ips: tuple[str, ...] = msgspec.field(default=(), name="expectedIPs")
    profiles: tuple[str, ...] = ()
    ports: tuple[NamedHostPort, ...] = ()


class HostEndpoint(CalicoObject, frozen=True, tag="HostEndpoint"):
    """projectcalico.org/v3 HostEndpoint: an interface of a node, which policies select as they select pods."""

    spec: HostEndpointSpec = HostEndpointSpec()
