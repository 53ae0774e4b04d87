"""What would have to come first where a rule denies, or the end of a tier: more policies after it change nothing."""

from __future__ import annotations

from collections.abc import Iterator
from math import isinf

from netdoctor.model.refs import ObjectRef
from netdoctor.policy.compile import CompiledPolicies
from netdoctor.policy.profile import policy_family
from netdoctor.policy.rules import Ruleset, Tier
from netdoctor.policy.verdict import SideVerdict


def denial_hints(policies: CompiledPolicies, side: SideVerdict) -> Iterator[str]:
    """Where an Allow would count; nothing where one more NetworkPolicy can allow the flow."""
    if side.allowed is not False:
        return
    if side.decided_by is not None:
        for ruleset in _rulesets(policies, side.decided_by)[:1]:
            yield _before(policies, ruleset, side.decided_by)
        return
    isolating = [one for ref in side.isolated_by for one in _rulesets(policies, ref) if one.isolates]
    tiers = sorted({one.tier for one in isolating if one.direction is side.direction})
    if tiers and tiers[0] != Tier.NETWORK_POLICY:
        yield (
            f"tier {tiers[0].name} ends with Deny for the pods that its policies select, so later tiers are not asked: "
            "it takes a rule of that tier with action Allow, or with Pass, to leave it to those after it"
        )


def _rulesets(policies: CompiledPolicies, ref: ObjectRef) -> list[Ruleset]:
    """Those of a policy; of a rule, the one that it belongs to."""
    return [
        ruleset
        for ruleset in policies.rulesets.get(ref.namespace, ())
        if ruleset.policy == ref.object
        and (not ref.path or any(f"{ref.path}.".startswith(f"{rule.ref.path}.") for rule in ruleset.rules))
    ]


def _before(policies: CompiledPolicies, ruleset: Ruleset, rule: ObjectRef) -> str:
    if ruleset.tier == Tier.NETWORK_POLICY and policy_family(policies.cni) == "cilium":
        return f"{rule} denies it, and denials come before all that allows: only an exception in that rule lets it pass"
    number = ruleset.priority.number
    earlier = "that has an order" if isinf(number) else f"before {ruleset.priority} in order"
    return (
        f"{rule} denies it, so an Allow counts only before that rule: in the same policy, or in one of tier "
        f"{ruleset.tier.name} {earlier}; or make an exception in the rule itself"
    )
