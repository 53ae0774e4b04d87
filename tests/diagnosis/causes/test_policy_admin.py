"""Policies for the whole cluster that deny."""

from __future__ import annotations

from typing import Any

import pytest

from netdoctor.cluster.snapshot import Unread
from netdoctor.diagnosis.causes.policy_admin import AdminPolicyDenies
from netdoctor.model.probe import Outcome
from netdoctor.model.report import Certainty, Verdict
from tests.diagnosis.builders import (
    Manifest,
    admin_policy,
    api,
    cluster,
    codes,
    examine,
    found,
    labels_matter,
    manifest,
    policy,
    refs,
    report,
    sees,
    web,
)

DROPPED = labels_matter(sees(VIP=Outcome.TIMEOUT, BACKEND=Outcome.TIMEOUT))
ONLY_SHOP = {"namespaces": {"matchLabels": {"kubernetes.io/metadata.name": "shop"}}}
ANYWHERE: Manifest = {"namespaces": {}}
DENY_IN = {"action": "Deny", "from": [ANYWHERE]}
DENY_TO_SHOP = {"action": "Deny", "to": [ONLY_SHOP]}
ALLOWING = policy("api-in", {"app": "api"}, ingress=[{}])


def lockdown(**rules: list[Manifest]) -> Manifest:
    """An AdminNetworkPolicy for the pods of shop: the DNS servers are not concerned."""
    return admin_policy("lockdown", subject=ONLY_SHOP, **rules)


def wide(kind: str, version: str, **spec: Any) -> Manifest:
    """A policy of another kind for the whole cluster."""
    spec = {"subject": ONLY_SHOP, **spec}
    return manifest(kind, "default", f"policy.networking.k8s.io/{version}", namespace="", spec=spec)


@pytest.mark.parametrize(
    ("chosen", "where"),
    [
        (lockdown(ingress=[DENY_IN]), "spec.ingress[0].from[0]"),
        (lockdown(egress=[DENY_TO_SHOP]), "spec.egress[0].to[0]"),
    ],
    ids=["at the target", "at the source"],
)
def test_a_rule_that_denies_although_network_policies_allow(chosen: Manifest, where: str) -> None:
    case = examine(cluster(api(), web(), chosen, ALLOWING), "svc/api", DROPPED, source="deploy/web")
    one = found(AdminPolicyDenies, case)
    assert one.finding.title == "AdminNetworkPolicy lockdown denies shop/web the way to pod api-1 (10.244.1.5:8080)"
    assert refs(one) == [f"AdminNetworkPolicy lockdown {where}"]
    assert f"AdminNetworkPolicy lockdown, whose rule {where} denies it" in one.finding.explanation
    assert "priority 10 and comes before NetworkPolicies, which allow it" in one.finding.explanation
    assert one.finding.certainty is Certainty.CERTAIN
    assert codes(case) == ["AdminPolicyDenies"]


def test_the_fix_passes_the_flow_on_before_the_rule_that_denies() -> None:
    other = {"action": "Allow", "from": [ANYWHERE], "ports": [{"portNumber": {"port": 9, "protocol": "TCP"}}]}
    chosen = lockdown(ingress=[other, DENY_IN])
    fix = found(AdminPolicyDenies, examine(cluster(api(), web(), chosen), "svc/api", source="deploy/web")).finding.fixes
    (passing,) = fix
    shop = {"matchLabels": {"kubernetes.io/metadata.name": "shop"}}
    assert passing.patch == {
        "op": "add",
        "path": "/spec/ingress/1",
        "value": {
            "action": "Pass",
            "from": [{"pods": {"namespaceSelector": shop, "podSelector": {"matchLabels": {"app": "web"}}}}],
            "ports": [{"portNumber": {"protocol": "TCP", "port": 8080}}],
        },
    }
    assert passing.command.startswith("kubectl patch adminnetworkpolicy/lockdown --type=json -p ")
    repaired = lockdown(ingress=[other, passing.patch["value"], DENY_IN])
    assert codes(examine(cluster(api(), web(), repaired), "svc/api", sees(), source="deploy/web")) == []


def test_the_rules_before_the_one_that_denies_may_be_nearest() -> None:
    before = {"action": "Allow", "from": [ANYWHERE], "ports": [{"portNumber": {"port": 9, "protocol": "TCP"}}]}
    chosen = lockdown(ingress=[before, DENY_IN])
    one = found(AdminPolicyDenies, examine(cluster(api(), web(), chosen), "svc/api", source="deploy/web"))
    assert refs(one) == [
        "AdminNetworkPolicy lockdown spec.ingress[0]",
        "AdminNetworkPolicy lockdown spec.ingress[1].from[0]",
    ]
    assert "the nearest is spec.ingress[0] of AdminNetworkPolicy lockdown, which wants port 9/TCP" in (
        one.finding.explanation
    )


def test_a_cluster_network_policy_has_its_own_words() -> None:
    chosen = wide("ClusterNetworkPolicy", "v1alpha2", tier="Admin", priority=5, ingress=[DENY_IN])
    one = found(AdminPolicyDenies, examine(cluster(api(), web(), chosen), "svc/api", source="deploy/web"))
    assert refs(one) == ["ClusterNetworkPolicy default spec.ingress[0].from[0]"]
    (passing,) = one.finding.fixes
    assert passing.patch is not None
    assert passing.patch["value"]["protocols"] == [{"tcp": {"destinationPort": {"number": 8080}}}]


def test_the_baseline_is_overridden_by_a_network_policy() -> None:
    chosen = wide("BaselineAdminNetworkPolicy", "v1alpha1", ingress=[DENY_IN])
    case = examine(cluster(api(), web(), chosen), "svc/api", DROPPED, source="deploy/web")
    one = found(AdminPolicyDenies, case)
    assert "because no NetworkPolicy selects that pod for ingress" in one.finding.explanation
    (create,) = one.finding.fixes
    assert create.command.endswith("| kubectl create -f -")
    overridden = examine(cluster(api(), web(), chosen, ALLOWING), "svc/api", sees(), source="deploy/web")
    assert codes(overridden) == []


def test_a_pass_before_it_leaves_the_decision_to_network_policies() -> None:
    passing = {"action": "Pass", "from": [ANYWHERE]}
    chosen = lockdown(ingress=[passing, DENY_IN])
    denied = cluster(api(), web(), chosen, policy("api-in", {"app": "api"}, ingress=[]))
    assert codes(examine(denied, "svc/api", DROPPED, source="deploy/web")) == ["PolicyDeniesIngress"]
    assert codes(examine(cluster(api(), web(), chosen), "svc/api", sees(), source="deploy/web")) == []


def test_policies_that_could_not_be_read_are_never_fine() -> None:
    unread = (Unread("AdminNetworkPolicy", "", "forbidden"),)
    one = report(examine(cluster(api(), web(), unread=unread), "svc/api", DROPPED, source="deploy/web"))
    assert one.verdict is Verdict.UNDETERMINED
    assert [u.what for u in one.not_tested] == ["AdminNetworkPolicy objects"]
    healthy = report(examine(cluster(api(), web(), unread=unread), "svc/api", source="deploy/web"))
    assert healthy.verdict is Verdict.UNDETERMINED
    assert "PolicyDeniesIngress" not in {r.code for r in healthy.ruled_out}


def test_a_denial_that_packets_contradict_is_none() -> None:
    chosen = lockdown(ingress=[DENY_IN])
    case = examine(cluster(api(), web(), chosen), "svc/api", sees(), source="deploy/web")
    assert "AdminPolicyDenies" not in codes(case)
