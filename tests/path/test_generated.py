"""Expected flows from policies: what each rule admits, and what is next to it."""

from __future__ import annotations

import os
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from netdoctor.cluster.expected_flows import ExpectedFlow
from netdoctor.diagnosis.verification import Verifying, verify_statically
from netdoctor.model.verify_report import Result
from netdoctor.path.expected import decide_expected
from netdoctor.path.generated import GeneratedFlows, expected_by_policies
from netdoctor.policy.compile import compile_policies
from tests.policy.clusters import CALICO, admin, cluster, namespace, pod, policy
from tests.policy.test_property import World, admin_policies, network_policies, several, worlds

PODS = (
    namespace("shop", team="red"),
    namespace("ops", team="red"),
    pod("shop/web", "10.0.0.1", {"app": "web"}, ports=[("http", 8080, "TCP")]),
    pod("shop/other", "10.0.0.2", {"app": "other"}),
    pod("shop/db", "10.0.0.3", {"app": "db"}, ports=[("pg", 5432, "TCP"), ("metrics", 9187, "TCP")]),
    pod("ops/web", "10.0.0.4", {"app": "web"}),
    pod("ops/done", "10.0.0.5", {"app": "web"}, phase="Succeeded"),
)
DB: dict[str, Any] = {"podSelector": {"matchLabels": {"app": "db"}}}
FROM_WEB = [{"podSelector": {"matchLabels": {"app": "web"}}}]


def _generated(*policies: dict[str, Any], limit: int = 100) -> GeneratedFlows:
    return expected_by_policies(compile_policies(cluster(*PODS, *policies)), CALICO, limit)


def _short(flows: tuple[ExpectedFlow, ...]) -> list[tuple[str, str, bool]]:
    return [(flow.source, flow.destination, flow.allowed) for flow in flows]


def test_what_a_rule_admits_and_what_differs_in_one_thing() -> None:
    found = _generated(policy("shop/db-in", **DB, ingress=[{"from": FROM_WEB, "ports": [{"port": "pg"}]}]))
    assert _short(found.flows) == [
        ("pod/web.shop", "pod/db.shop:5432", True),
        ("pod/web.shop", "pod/db.shop:9187", False),
        ("pod/other.shop", "pod/db.shop:5432", False),
        ("pod/web.ops", "pod/db.shop:5432", False),
    ]
    assert "NetworkPolicy shop/db-in spec.ingress[0]" in found.flows[0].because
    assert (found.rules, found.cut) == (1, 0)


def test_egress_differs_in_the_destination() -> None:
    to = [{"podSelector": {"matchLabels": {"app": "db"}}}]
    selects = {"podSelector": {"matchLabels": {"app": "web"}}}
    found = _generated(
        policy("shop/web-out", **selects, egress=[{"to": to, "ports": [{"port": 5432}]}], policyTypes=["Egress"])
    )
    assert _short(found.flows) == [
        ("pod/web.shop", "pod/db.shop:5432", True),
        ("pod/web.shop", "pod/db.shop:9187", False),
        ("pod/web.shop", "pod/other.shop:5432", False),
        ("pod/web.shop", "pod/web.ops:5432", False),
    ]


def test_a_policy_without_rules_has_one_flow_that_it_denies() -> None:
    (flow,) = _generated(policy("shop/none", **DB, policyTypes=["Ingress"])).flows
    assert (flow.destination, flow.allowed) == ("pod/db.shop:5432", False)


def test_a_denying_rule_of_a_cluster_wide_policy() -> None:
    rule = {"action": "Deny", "from": [{"namespaces": {"matchLabels": {"kubernetes.io/metadata.name": "ops"}}}]}
    (flow,) = _generated(admin("closed", subject={"pods": {"namespaceSelector": {}, **DB}}, ingress=[rule])).flows
    assert (flow.source, flow.destination, flow.allowed) == ("pod/web.ops", "pod/db.shop:5432", False)


def test_no_flow_is_there_twice() -> None:
    rule = {"from": FROM_WEB, "ports": [{"port": "pg"}]}
    found = _generated(*(policy(f"shop/db-{n}", **DB, ingress=[rule]) for n in range(2)))
    assert len({(f.source, f.destination) for f in found.flows}) == len(found.flows)
    assert (found.rules, found.cut) == (2, 0)


def test_each_namespace_has_its_turn_before_the_limit() -> None:
    everyone = {"podSelector": {}, "ingress": [{"from": FROM_WEB, "ports": [{"port": 80}]}]}
    policies = (policy("shop/one", **everyone), policy("shop/two", **everyone), policy("zoo/last", **everyone))
    manifests = (*PODS, pod("zoo/web", "10.0.0.6", {"app": "web"}), pod("zoo/ape", "10.0.0.7"))
    found = expected_by_policies(compile_policies(cluster(*manifests, *policies)), CALICO, 5)
    assert len(found.flows) == 5
    assert found.cut > 0
    assert {"shop/one", "zoo/last"} <= {flow.because.split()[1] for flow in found.flows if flow.allowed}
    assert not all(flow.allowed for flow in found.flows)


def test_policies_about_nobody_and_none_at_all() -> None:
    nobody = policy("shop/nobody", podSelector={"matchLabels": {"app": "none"}}, ingress=[{}])
    assert _generated(nobody).flows == _generated().flows == ()


EXAMPLES = int(os.environ.get("NETDOCTOR_EXAMPLES", "60"))


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(worlds(st.one_of(st.lists(network_policies, max_size=5), several(admin_policies, network_policies, most=3))))
def test_what_is_generated_holds_on_its_own_cluster(world: World) -> None:
    policies = compile_policies(cluster(*world.manifests))
    flows = expected_by_policies(policies, CALICO, 50).flows
    for one in decide_expected(policies, flows, CALICO, "default"):
        assert verify_statically(Verifying(policies, CALICO), one).result is Result.AS_EXPECTED, one
