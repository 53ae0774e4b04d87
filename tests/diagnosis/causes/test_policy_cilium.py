"""Cilium's policies that deny, by a rule or for want of one."""

from __future__ import annotations

from typing import Any

import pytest

from netdoctor.diagnosis.causes.policy_cilium import CiliumPolicyDenies
from netdoctor.model.probe import Outcome
from netdoctor.model.report import Certainty
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
    sees,
    web,
)

DROPPED = labels_matter(sees(VIP=Outcome.TIMEOUT, BACKEND=Outcome.TIMEOUT))
ALLOWING = policy("api-in", {"app": "api"}, ingress=[{}])
API = {"matchLabels": {"app": "api"}}
DENY_WEB = {"fromEndpoints": [{"matchLabels": {"app": "web"}}]}


def cnp(name: str = "api-cnp", *, selector: Manifest = API, **spec: Any) -> Manifest:
    spec = {"endpointSelector": selector, **spec}
    return manifest("CiliumNetworkPolicy", name, "cilium.io/v2", namespace="shop", spec=spec)


def config(**data: str) -> Manifest:
    named = {key.replace("_", "-"): value for key, value in data.items()}
    return {**manifest("ConfigMap", "cilium-config", "v1", namespace="kube-system"), "data": named}


def cilium(*objects: Manifest, agent: str = "cilium") -> list[Manifest]:
    """The objects with Cilium, the source and the target."""
    return [manifest("DaemonSet", agent, "apps/v1", namespace="kube-system", spec={}), *api(), *web(), *objects]


def check(*objects: Manifest, agent: str = "cilium", probes: Any = DROPPED) -> Any:
    return examine(cluster(cilium(*objects, agent=agent)), "svc/api", probes, source="deploy/web")


def test_a_denial_comes_before_a_network_policy_that_allows() -> None:
    case = check(cnp(ingressDeny=[DENY_WEB]), ALLOWING)
    one = found(CiliumPolicyDenies, case)
    assert (
        one.finding.title == "CiliumNetworkPolicy shop/api-cnp denies shop/web the way to pod api-1 (10.244.1.5:8080)"
    )
    assert refs(one) == ["CiliumNetworkPolicy shop/api-cnp spec.ingressDeny[0].fromEndpoints[0]"]
    assert "come before all that policies of any kind allow" in one.finding.explanation
    assert one.finding.certainty is Certainty.CERTAIN
    assert codes(case) == ["CiliumPolicyDenies"]


@pytest.mark.parametrize(
    "spec",
    [
        {"ingress": [{}]},
        {"ingress": [{"fromEndpoints": [{"matchLabels": {"role": "front"}}]}]},
        {"ingress": [{"fromEntities": ["world"]}]},
    ],
)
def test_isolation_without_a_rule_that_admits(spec: Manifest) -> None:
    case = check(cnp(**spec))
    assert codes(case) == ["CiliumPolicyDenies"]
    assert (
        "is isolated for ingress by CiliumNetworkPolicy shop/api-cnp"
        in found(CiliumPolicyDenies, case).finding.explanation
    )


def test_a_denial_is_narrowed_by_a_label_of_the_source_alone_else_it_is_said_which_rule_to_narrow() -> None:
    (narrowing,) = found(CiliumPolicyDenies, check(cnp(ingressDeny=[{"fromEndpoints": [{}]}]), ALLOWING)).finding.fixes
    only = {"key": "app", "operator": "NotIn", "values": ["web"]}
    path = "/spec/ingressDeny/0/fromEndpoints/0/matchExpressions"
    assert narrowing.patch == {"op": "add", "path": path, "value": [only]}
    assert narrowing.command.startswith("kubectl patch ciliumnetworkpolicies.cilium.io api-cnp -n shop --type=json")
    (said,) = found(CiliumPolicyDenies, check(cnp(ingressDeny=[DENY_WEB]), ALLOWING)).finding.fixes
    assert (said.command, said.patch) == ("", None)
    assert "narrow CiliumNetworkPolicy shop/api-cnp spec.ingressDeny[0].fromEndpoints[0]" in said.title
    assert "no longer means shop/web" in said.title


def test_a_rule_is_added_to_the_policy_that_isolates() -> None:
    fixes = found(CiliumPolicyDenies, check(cnp(ingress=[{}]))).finding.fixes
    patches = [fix.patch for fix in fixes if fix.patch and "ciliumnetworkpolicies" in fix.command]
    assert [patch["path"] for patch in patches] == ["/spec/ingress/-"]


def test_the_mode_that_isolates_all_is_named() -> None:
    out = {
        "endpointSelector": {},
        "egress": [{"toEntities": ["all"]}],
    }
    everyone = manifest("CiliumClusterwideNetworkPolicy", "out", "cilium.io/v2", namespace="", spec=out)
    one = found(CiliumPolicyDenies, check(everyone, config(enable_policy="always")))
    assert "ConfigMap kube-system/cilium-config" in refs(one)


@pytest.mark.parametrize(
    "objects",
    [
        [cnp(ingress=[])],
        [cnp(ingress=[{"fromEntities": ["world"]}], enableDefaultDeny={"ingress": False})],
        [cnp(ingress=[DENY_WEB])],
        [cnp(ingress=[{}]), config(policy_audit_mode="true")],
        [cnp(ingress=[{}]), config(enable_policy="never")],
    ],
    ids=["no-rules", "no-default-deny", "admitted", "audit", "never"],
)
def test_the_look_alikes_are_none(objects: list[Manifest]) -> None:
    assert codes(check(*objects, probes=None)) == []


def test_where_another_plugin_runs_they_do_nothing() -> None:
    assert codes(check(cnp(ingress=[{}]), agent="calico-node", probes=None)) == []


def test_what_the_agents_say_of_the_pods_is_evidence() -> None:
    told = manifest("CiliumEndpoint", "api-1", "cilium.io/v2", namespace="shop")
    told |= {"status": {"state": "waiting-for-identity", "identity": {"id": 7}}}
    identity = {**manifest("CiliumIdentity", "7", "cilium.io/v2", namespace=""), "security-labels": {"k8s:app": "old"}}
    one = found(CiliumPolicyDenies, check(cnp(ingress=[{}]), told, identity))
    said = {evidence.id: evidence.text for evidence in one.finding.evidence}
    assert "waiting-for-identity" in said["CiliumEndpoint shop/api-1"]
    assert "app=api, by which Cilium does not know it" in said["CiliumIdentity 7"]


def test_packets_that_get_through_speak_against_it() -> None:
    case = check(cnp(ingress=[{}]), probes=sees(VIP=Outcome.OK, BACKEND=Outcome.OK))
    assert "CiliumPolicyDenies" not in codes(case)
