"""Where packets and policies differ, what may explain it."""

from __future__ import annotations

from netdoctor.cluster.expected_flows import ExpectedFlow
from netdoctor.diagnosis.verification import Observations, Verifying, verify_with_packets
from netdoctor.model.probe import Observation, Observed, Outcome
from netdoctor.model.verify_report import VerifiedFlow
from netdoctor.path.expected import decide_expected
from netdoctor.policy.compile import compile_policies
from netdoctor.policy.profile import profile_for
from netdoctor.probing.flow_plan import plan_flows
from netdoctor.probing.plan import PlanOptions
from tests.policy.clusters import cluster, namespace, pod, policy

BLOCK = {"podSelector": {}, "ingress": [{"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}]}


def _verified(outcome: Outcome, plugin: str, *, allowed: bool) -> VerifiedFlow:
    pods = (pod("a/web", "10.0.0.1"), pod("a/db", "10.0.0.2"))
    policies = compile_policies(cluster(namespace("a"), *pods, policy("a/block", **BLOCK)))
    profile = profile_for(plugin)
    (decided,) = decide_expected(policies, [ExpectedFlow("pod/web", "pod/db:80", allowed)], profile, "a")
    plan = plan_flows(policies.snapshot, [decided], PlanOptions())
    (position,) = plan.pods
    (probe,) = position.probes
    seen = Observed(probe, position.position, Observation(probe.id, outcome, 0.1))
    return verify_with_packets(Verifying(policies, profile), decided, plan.sent[0], Observations({probe.id: seen}, {}))


def test_what_depends_on_the_network_plugin_is_said_beside_the_disagreement() -> None:
    flow = _verified(Outcome.OK, "cilium", allowed=True)
    assert (flow.policies, flow.packets, flow.agreement) == ("denied", "passed", False)
    assert "depends on the network plugin: ipBlocks do not match pod addresses (cilium)" in flow.text


def test_where_they_agree_nothing_needs_to_be_explained() -> None:
    flow = _verified(Outcome.TIMEOUT, "cilium", allowed=False)
    assert (flow.policies, flow.packets, flow.agreement, flow.text) == ("denied", "stopped", True, "")


def test_a_packet_that_does_not_arrive_where_policies_allow_it_is_told_by_what_was_seen() -> None:
    silent, rejected = (_verified(o, "calico", allowed=True) for o in (Outcome.TIMEOUT, Outcome.REJECTED))
    assert "10.0.0.2:80/TCP: nothing answers (timeout)" in silent.text
    assert "rejected on its way" in rejected.text
    assert silent.code == rejected.code == ""
