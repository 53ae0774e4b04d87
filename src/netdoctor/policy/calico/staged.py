"""Staged policies of Calico's: what they would do, if they took effect.

Source: Calico's reference, StagedNetworkPolicy and stagedAction: `Set` replaces or adds the policy of that name,
`Delete` removes it; `Learn` and `Ignore` change nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, TypeVar

import msgspec

from netdoctor.cluster.calico_objects import (
    CalicoNetworkPolicy,
    CalicoPolicySpec,
    GlobalNetworkPolicy,
    GlobalPolicySpec,
    StagedGlobalNetworkPolicy,
    StagedKubernetesNetworkPolicy,
    StagedNetworkPolicy,
)
from netdoctor.cluster.decode import KINDS
from netdoctor.cluster.defaults import with_defaults
from netdoctor.cluster.objects import NetworkPolicy, NetworkPolicySpec, Object
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.policy.compile import CompiledPolicies, compile_policies
from netdoctor.policy.decide import decide
from netdoctor.policy.flow import Flow
from netdoctor.policy.profile import CNIProfile, policy_family
from netdoctor.policy.verdict import FlowVerdict

_Spec = TypeVar("_Spec", bound=msgspec.Struct)
Staged = StagedNetworkPolicy | StagedGlobalNetworkPolicy | StagedKubernetesNetworkPolicy


def staged_policies(snapshot: Snapshot) -> tuple[Staged, ...]:
    """Those that would change something."""
    staged: tuple[Staged, ...] = (
        *snapshot.staged_network_policies,
        *snapshot.staged_global_network_policies,
        *snapshot.staged_kubernetes_network_policies,
    )
    return tuple(one for one in staged if one.spec.staged_action in ("Set", "Delete"))


def staged_notes(policies: CompiledPolicies, flow: Flow, verdict: FlowVerdict, profile: CNIProfile) -> Iterator[str]:
    """What would become of a flow, where staged policies, each by itself, would change it."""
    if policy_family(policies.cni) != "calico":
        return
    for one in staged_policies(policies.snapshot):
        after = decide(compile_policies(in_effect(policies.snapshot, one), policies), flow, profile)
        if after.allowed is not verdict.allowed:
            does = {True: "allowed", False: "denied", None: "allowed or denied, which cannot be known"}[after.allowed]
            yield f"{one.ref} is staged, and does nothing yet: if it took effect, this flow would be {does}"


def in_effect(snapshot: Snapshot, one: Staged) -> Snapshot:
    """The cluster as if a staged policy were the one that it stands for."""
    meant = _meant(one)
    field = KINDS[meant.kind_name()].field
    kept = tuple(read for read in getattr(snapshot, field) if read.ref != meant.ref)
    added = (meant,) if one.spec.staged_action == "Set" else ()
    fields: dict[str, Any] = {field: (*kept, *added)}
    return replace(snapshot, **fields)


def _meant(one: Staged) -> Object:
    match one:
        case StagedKubernetesNetworkPolicy():
            return with_defaults(NetworkPolicy(metadata=one.metadata, spec=_spec(one.spec, NetworkPolicySpec)))
        case StagedGlobalNetworkPolicy():
            spec = _spec(one.spec, GlobalPolicySpec)
            return GlobalNetworkPolicy(metadata=one.metadata, api_version=one.api_version, spec=spec)
        case StagedNetworkPolicy():
            of_namespace = _spec(one.spec, CalicoPolicySpec)
            return CalicoNetworkPolicy(metadata=one.metadata, api_version=one.api_version, spec=of_namespace)


def _spec(spec: msgspec.Struct, struct: type[_Spec]) -> _Spec:
    """A staged policy's spec without what only staged ones have."""
    return struct(**{name: getattr(spec, name) for name in struct.__struct_fields__})
