"""The rule that a policy of Calico's lacks for one flow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from netdoctor.cluster.addresses import parse_address
from netdoctor.cluster.calico_objects import CalicoNetworkPolicy, CalicoPolicy, CalicoRule, GlobalNetworkPolicy
from netdoctor.cluster.selectors import stable_labels
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.model.refs import ObjectRef
from netdoctor.policy.change import Change, patch_command
from netdoctor.policy.flow import Endpoint, Flow
from netdoctor.policy.rules import Direction, Tier


@dataclass(frozen=True, slots=True)
class AddRule:
    """Put a rule before the one at `index`, or after the last. `patch` is an operation of JSON Patch (RFC 6902)."""

    policy: CalicoPolicy
    direction: Direction
    index: int
    rule: dict[str, Any]

    @property
    def object(self) -> ObjectRef:
        """The policy."""
        return self.policy.ref

    @property
    def written(self) -> tuple[CalicoRule, ...]:
        """The rules that it has."""
        spec = self.policy.spec
        return spec.ingress if self.direction is Direction.INGRESS else spec.egress

    @property
    def patch(self) -> dict[str, Any]:
        """The rule to insert; the list itself where there is none yet."""
        path = f"/spec/{self.direction.field}"
        if not self.written:
            return {"op": "add", "path": path, "value": [self.rule]}
        place = self.index if self.index < len(self.written) else "-"
        return {"op": "add", "path": f"{path}/{place}", "value": self.rule}

    @property
    def command(self) -> str:
        """`kubectl patch`, in the API group that the policy was read in."""
        group, _, version = self.policy.api_version.partition("/")
        kind = "networkpolicies" if self.policy.namespace else "globalnetworkpolicies"
        return patch_command(f"{kind}.{version}.{group}", self.object, self.patch)

    def apply(self, snapshot: Snapshot) -> Snapshot:
        """The snapshot with the policy changed."""
        rules = list(self.written)
        rules.insert(self.index, msgspec.convert(self.rule, CalicoRule))
        spec = msgspec.structs.replace(self.policy.spec, **{self.direction.field: tuple(rules)})
        new = msgspec.structs.replace(self.policy, spec=spec)
        if isinstance(new, GlobalNetworkPolicy):
            others = tuple(one for one in snapshot.global_network_policies if one.ref != new.ref)
            return replace(snapshot, global_network_policies=(*others, new))
        kept = tuple(one for one in snapshot.calico_network_policies if one.ref != new.ref)
        return replace(snapshot, calico_network_policies=(*kept, new))


def rules_for(snapshot: Snapshot, flow: Flow, direction: Direction, at: ObjectRef) -> Iterator[tuple[str, Change]]:
    """Rules that may let a flow pass one side, each with its title, the one that says least first.

    Args:
        snapshot: with the policy.
        flow: that is denied.
        direction: the side.
        at: a policy, or its rule before which the new one has to stand; in a policy it is the last.
    """
    policy = snapshot.find(at.object)
    if not isinstance(policy, CalicoNetworkPolicy | GlobalNetworkPolicy):
        return
    remote = _entity(flow.ends(direction)[1], policy.namespace)
    if remote is None:
        return
    index = int(at.path.partition("[")[2].partition("]")[0]) if at.path else _last(policy, direction)
    where = f"before {at.at(at.path.partition(']')[0] + ']')}" if at.path else f"in {at}"
    if policy.spec.tier != Tier.NETWORK_POLICY.name:
        passing = _rule("Pass", flow, direction, remote)
        yield f"leave this flow to the tiers after it, {where}", AddRule(policy, direction, index, passing)
    yield f"allow this flow {where}", AddRule(policy, direction, index, _rule("Allow", flow, direction, remote))


def _last(policy: CalicoPolicy, direction: Direction) -> int:
    return len(policy.spec.ingress if direction is Direction.INGRESS else policy.spec.egress)


def _rule(action: str, flow: Flow, direction: Direction, remote: dict[str, Any]) -> dict[str, Any]:
    ports = {"ports": [flow.port]}
    if direction is Direction.INGRESS:
        return {"action": action, "protocol": flow.protocol, "source": remote, "destination": ports}
    return {"action": action, "protocol": flow.protocol, "destination": {**remote, **ports}}


def _entity(end: Endpoint, namespace: str) -> dict[str, Any] | None:
    """This end and its replicas, for a policy of a namespace (empty for a global one)."""
    if not end.selectable:
        address = parse_address(end.ips[0]) if end.ips else None
        return {"nets": [f"{address}/{address.max_prefixlen}"]} if address else None
    chosen = " && ".join(f"{key} == '{value}'" for key, value in stable_labels(end.labels).items())
    elsewhere = end.namespace != namespace
    return {
        "selector": chosen or "all()",
        **({"namespaceSelector": f"projectcalico.org/name == '{end.namespace}'"} if elsewhere else {}),
    }
