"""What is said where a rule denies, or the end of a tier: where an Allow would count."""

from __future__ import annotations

from dataclasses import replace
from math import inf

import pytest

from netdoctor.model.refs import ObjectRef
from netdoctor.policy.compile import CompiledPolicies
from netdoctor.policy.decide import decide
from netdoctor.policy.denial_hints import denial_hints
from netdoctor.policy.rules import Action, Direction, PodPeer, Priority, Rule, Ruleset, Tier
from tests.policy.clusters import CALICO, cluster, flow, pod, policy

POLICY = ObjectRef("Policy", "p", "a")
EARLY = Tier(10, "security")
WEB, DB = pod("a/web", "10.0.0.1"), pod("a/db", "10.0.0.2")


def hints(action: Action | None, tier: Tier, number: float = 7, cni: str = "calico") -> list[str]:
    rules = (Rule(POLICY.at("spec.ingress[0]"), action, (), ()),) if action else ()
    subject = PodPeer("spec.selector", "a", None, None)
    ruleset = Ruleset(POLICY, Direction.INGRESS, tier, Priority(number), action is None, subject, rules)
    policies = CompiledPolicies(cluster(WEB, DB), {"a": (ruleset,)}, cni=cni)
    return list(denial_hints(policies, decide(policies, flow(policies.snapshot, "a/web", "a/db"), CALICO).ingress))


@pytest.mark.parametrize(
    ("number", "before"),
    [(7, "one of tier security before 7 in order"), (inf, "one of tier security that has an order")],
)
def test_an_allow_counts_before_the_rule_that_denies(number: float, before: str) -> None:
    (said,) = hints(Action.DENY, EARLY, number)
    assert "Policy a/p spec.ingress[0] denies it" in said
    assert before in said
    assert "exception" in said


def test_nothing_comes_before_a_denial_of_cilium() -> None:
    (said,) = hints(Action.DENY, Tier.NETWORK_POLICY, cni="cilium")
    assert "only an exception in that rule" in said
    assert hints(Action.DENY, Tier.NETWORK_POLICY, cni="calico") != [said]


def test_the_end_of_a_tier_hides_later_tiers() -> None:
    (said,) = hints(None, EARLY)
    assert "tier security ends with Deny" in said
    assert "Pass" in said


def test_nothing_is_said_where_one_more_network_policy_helps_or_all_is_allowed() -> None:
    assert hints(None, Tier.NETWORK_POLICY) == []
    assert hints(Action.ALLOW, EARLY) == []
    snapshot = cluster(WEB, DB, policy("a/p", podSelector={}))
    verdict = decide(replace(CompiledPolicies(snapshot, {}), cni="calico"), flow(snapshot, "a/web", "a/db"), CALICO)
    assert not list(denial_hints(CompiledPolicies(snapshot, {}), verdict.ingress))
