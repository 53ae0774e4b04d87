"""Calico's policies that deny, by a rule or by a tier's end."""

from __future__ import annotations

from typing import Any

import pytest

from netdoctor.cluster.snapshot import Unread
from netdoctor.diagnosis.causes.policy_calico import CalicoPolicyDenies
from netdoctor.model.probe import Outcome
from netdoctor.model.report import Certainty, Verdict
from tests.diagnosis.builders import (
    Manifest,
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

V3 = "projectcalico.org/v3"
DROPPED = labels_matter(sees(VIP=Outcome.TIMEOUT, BACKEND=Outcome.TIMEOUT))
DENY = {"action": "Deny"}
ALLOWING = policy("api-in", {"app": "api"}, ingress=[{}])
NAME = "NetworkPolicy.v3.projectcalico.org shop/api-in"


def wide(name: str = "lockdown", *, selector: str = "app == 'api'", **spec: Any) -> Manifest:
    return manifest("GlobalNetworkPolicy", name, V3, namespace="", spec={"selector": selector, **spec})


def local(**spec: Any) -> Manifest:
    return manifest("NetworkPolicy", "api-in", V3, namespace="shop", spec={"selector": "app == 'api'", **spec})


def tier(name: str = "security", order: float = 10, **spec: Any) -> Manifest:
    return manifest("Tier", name, V3, namespace="", spec={"order": order, **spec})


def calico(*objects: Manifest) -> list[Manifest]:
    """The objects with Calico, the source and the target."""
    agent = manifest("DaemonSet", "calico-node", "apps/v1", namespace="kube-system", spec={})
    return [agent, *api(), *web(), *objects]


@pytest.mark.parametrize(
    ("chosen", "where"),
    [
        (wide(order=10, ingress=[DENY]), "spec.ingress[0]"),
        (
            wide(
                order=10,
                selector="app == 'web'",
                egress=[{"action": "Deny", "destination": {"selector": "app == 'api'"}}, {"action": "Allow"}],
            ),
            "spec.egress[0].destination.selector",
        ),
    ],
    ids=["at the target", "at the source"],
)
def test_a_rule_that_denies_although_network_policies_allow(chosen: Manifest, where: str) -> None:
    case = examine(cluster(calico(chosen, ALLOWING)), "svc/api", DROPPED, source="deploy/web")
    one = found(CalicoPolicyDenies, case)
    assert one.finding.title == "GlobalNetworkPolicy lockdown denies shop/web the way to pod api-1 (10.244.1.5:8080)"
    assert refs(one) == [f"GlobalNetworkPolicy lockdown {where}"]
    assert f"GlobalNetworkPolicy lockdown, whose rule {where} denies it" in one.finding.explanation
    assert "the tier default and has the order 10; NetworkPolicies have 1000" in one.finding.explanation
    assert one.finding.certainty is Certainty.CERTAIN
    assert codes(case) == ["CalicoPolicyDenies"]


def test_the_fix_allows_the_flow_before_the_rule_that_denies() -> None:
    other = {"action": "Allow", "source": {"nets": ["192.0.2.0/24"]}}
    chosen = wide(order=10, ingress=[other, DENY])
    fixes = found(CalicoPolicyDenies, examine(cluster(calico(chosen)), "svc/api", source="deploy/web")).finding.fixes
    (allowing,) = fixes[:1]
    rule = {
        "action": "Allow",
        "protocol": "TCP",
        "source": {"selector": "app == 'web'", "namespaceSelector": "projectcalico.org/name == 'shop'"},
        "destination": {"ports": [8080]},
    }
    assert allowing.patch == {"op": "add", "path": "/spec/ingress/1", "value": rule}
    assert allowing.command.startswith(
        "kubectl patch globalnetworkpolicies.v3.projectcalico.org lockdown --type=json -p "
    )
    repaired = cluster(calico(wide(order=10, ingress=[other, rule, DENY])))
    assert codes(examine(repaired, "svc/api", sees(), source="deploy/web")) == []


def test_in_another_tier_the_fix_leaves_it_to_the_tiers_after_it() -> None:
    chosen = wide(tier="security", ingress=[DENY])
    one = found(CalicoPolicyDenies, examine(cluster(calico(tier(), chosen)), "svc/api", source="deploy/web"))
    assert one.finding.fixes[0].patch is not None
    assert one.finding.fixes[0].patch["value"]["action"] == "Pass"


def test_the_end_of_a_tier_denies_what_no_rule_decides() -> None:
    chosen = wide(tier="security", ingress=[{"action": "Pass", "source": {"selector": "app == 'none'"}}])
    case = examine(cluster(calico(tier(), chosen, ALLOWING)), "svc/api", DROPPED, source="deploy/web")
    one = found(CalicoPolicyDenies, case)
    assert "the end of the tier denies what is left" in one.finding.explanation
    assert refs(one) == ["GlobalNetworkPolicy lockdown"]
    assert codes(case) == ["CalicoPolicyDenies"]


def test_of_a_policy_that_isolates_the_nearest_rule_is_named() -> None:
    chosen = local(ingress=[{"action": "Allow", "source": {"selector": "app == 'other'"}}])
    one = found(CalicoPolicyDenies, examine(cluster(calico(chosen)), "svc/api", DROPPED, source="deploy/web"))
    assert refs(one)[0] == f"{NAME} spec.ingress[0].source.selector"
    assert "pod label app" in one.finding.explanation
    (first, *_) = one.finding.fixes
    assert first.command.startswith("kubectl patch networkpolicies.v3.projectcalico.org api-in -n shop --type=json -p ")


def test_where_kubernetes_policies_isolate_too_and_are_nearer_they_are_named() -> None:
    isolating = policy("api-np", {"app": "api"}, ingress=[{"from": [{"podSelector": {"matchLabels": {"app": "x"}}}]}])
    case = examine(cluster(calico(local(types=["Ingress"]), isolating)), "svc/api", DROPPED, source="deploy/web")
    assert codes(case) == ["PolicyDeniesIngress"]


@pytest.mark.parametrize(
    "objects",
    [
        [wide("a", order=1, ingress=[{"action": "Allow"}]), wide("b", order=2, ingress=[DENY])],
        [
            tier(),
            wide("a", tier="security", order=1, ingress=[{"action": "Pass"}]),
            wide("b", tier="security", ingress=[DENY]),
        ],
        [manifest("StagedGlobalNetworkPolicy", "a", V3, namespace="", spec={"ingress": [DENY]})],
        [wide(egress=[DENY], selector="app == 'api'")],
        [wide(ingress=[{"action": "Log"}, {"action": "Allow"}])],
    ],
    ids=["allow before", "pass before", "staged", "egress rules only", "log"],
)
def test_what_does_not_deny_is_not_named(objects: list[Manifest]) -> None:
    case = examine(cluster(calico(*objects)), "svc/api", sees(), source="deploy/web")
    assert codes(case) == []
    assert report(case).verdict is Verdict.HEALTHY


def test_under_another_network_plugin_it_has_no_effect() -> None:
    flannel = manifest("DaemonSet", "kube-flannel-ds", "apps/v1", namespace="kube-system", spec={})
    case = examine(cluster(api(), web(), flannel, wide(ingress=[DENY])), "svc/api", sees(), source="deploy/web")
    assert codes(case) == []


def test_policies_that_could_not_be_read_are_never_fine() -> None:
    unread = (Unread("GlobalNetworkPolicy", "", "forbidden"),)
    one = report(examine(cluster(calico(), unread=unread), "svc/api", DROPPED, source="deploy/web"))
    assert one.verdict is Verdict.UNDETERMINED


def test_a_denial_that_packets_contradict_is_none() -> None:
    case = examine(cluster(calico(wide(ingress=[DENY]))), "svc/api", sees(), source="deploy/web")
    assert "CalicoPolicyDenies" not in codes(case)


def test_dns_has_a_code_of_its_own() -> None:
    case = examine(
        cluster(calico(wide(selector="app == 'web'", egress=[{"action": "Allow", "protocol": "TCP"}]))),
        "svc/api",
        source="deploy/web",
    )
    assert codes(case) == ["DNSEgressDenied"]
