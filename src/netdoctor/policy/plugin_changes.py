"""Changes to the network plugin's own policies that may let a denied flow pass."""

from __future__ import annotations

from collections.abc import Iterator

from netdoctor.cluster.calico_objects import CALICO_POLICIES
from netdoctor.cluster.cilium_objects import CILIUM_POLICIES
from netdoctor.model.refs import ObjectRef
from netdoctor.policy.calico.change import rules_for
from netdoctor.policy.change import Change
from netdoctor.policy.cilium.change import admitting, excepting
from netdoctor.policy.compile import CompiledPolicies
from netdoctor.policy.flow import Flow
from netdoctor.policy.verdict import SideVerdict


def plugin_changes(policies: CompiledPolicies, flow: Flow, side: SideVerdict) -> Iterator[tuple[str, Change]]:
    """Each with its title, not tried yet: to the rule that denies, else to the policy that is nearest or isolates."""
    at = side.decided_by or _nearest(side)
    snapshot, direction = policies.snapshot, side.direction
    if at is None:
        return
    if at.kind in CALICO_POLICIES:
        yield from rules_for(snapshot, flow, direction, at)
    elif at.kind in CILIUM_POLICIES and side.decided_by is not None:
        yield from excepting(snapshot, flow, direction, at)
    elif at.kind in CILIUM_POLICIES:
        yield from admitting(snapshot, flow, direction, _part(policies, flow, side, at))


def _nearest(side: SideVerdict) -> ObjectRef | None:
    """The policy whose rule comes nearest, else the first of those that isolate, if it is of a plugin's kinds."""
    own = CALICO_POLICIES | CILIUM_POLICIES
    near = (near.rule.object for near in side.near_misses)
    return next((ref for ref in (*near, *side.isolated_by) if ref.kind in own), None)


def _part(policies: CompiledPolicies, flow: Flow, side: SideVerdict, policy: ObjectRef) -> ObjectRef:
    """`spec`, or that one of `specs`, by which a policy of Cilium's isolates the local end."""
    applying = policies.selecting(flow.ends(side.direction)[0], side.direction)
    paths = (one.subject.path for one in applying if one.policy == policy)
    return policy.at(next(paths, "spec").partition(".")[0])
