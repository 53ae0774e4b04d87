"""Changes of Cilium's policies: carried out, each opens what was said of it and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from netdoctor.policy.decide import decide
from netdoctor.policy.profile import profile_for
from netdoctor.policy.repair import Repair, repairs
from tests.policy.cilium.worlds import ENDS, compiled, config, flow, policy, verdict
from tests.policy.patching import Manifest, opened, patched

API, PG = {"matchLabels": {"app": "api"}}, {"matchLabels": {"app": "pg"}}
PODS = [name for name in ENDS if "/" in name]
PORTS = (80, 81)
ALL = {"fromEntities": ["all"]}


def found(documents: list[Manifest], source: str, destination: str) -> list[Repair]:
    policies, plugin = compiled(documents), profile_for("cilium")
    denied = decide(policies, flow(policies, source, destination, 80), plugin)
    assert denied.allowed is False
    return [one for one in repairs(policies, denied, plugin) if one.object.kind.startswith("Cilium")]


def carried_out(documents: list[Manifest], repair: Repair) -> set[str]:
    """What it opens, by asking for every flow between pods."""
    after = patched(documents, repair)
    return opened(PODS, PORTS, lambda *f: verdict(documents, *f).allowed, lambda *f: verdict(after, *f).allowed)


def rule(**peer: Any) -> Manifest:
    return {**peer, "toPorts": [{"ports": [{"port": "80", "protocol": "TCP"}]}]}


SHOP = {"k8s:io.kubernetes.pod.namespace": "shop"}
WEB = {"app": "web", "tier": "front"}


@pytest.mark.parametrize(
    ("document", "ends", "patch"),
    [
        (
            policy({"endpointSelector": API, "ingress": [{}]}),
            ("shop/web", "shop/api"),
            {"op": "add", "path": "/spec/ingress/-", "value": rule(fromEndpoints=[{"matchLabels": WEB}])},
        ),
        (
            policy({"endpointSelector": {}, "ingressDeny": [{"fromEntities": ["world"]}]}, "db"),
            ("shop/web", "db/pg"),
            {"op": "add", "path": "/spec/ingress", "value": [rule(fromEndpoints=[{"matchLabels": WEB | SHOP}])]},
        ),
        (
            policy({"endpointSelector": PG, "egress": [{"toEntities": ["host"]}]}, ""),
            ("db/pg", "shop/web"),
            {"op": "add", "path": "/spec/egress/-", "value": rule(toEndpoints=[{"matchLabels": WEB | SHOP}])},
        ),
    ],
    ids=["own-namespace", "first-rule-other-namespace", "clusterwide-egress"],
)
def test_a_rule_for_the_flow_is_added_where_a_policy_isolates(
    document: Manifest, ends: tuple[str, str], patch: Manifest
) -> None:
    (one,) = found([document], *ends)
    assert one.patch == patch
    assert carried_out([document], one) == set(one.opens)
    assert f"Pod {ends[0]} → Pod {ends[1]} 80/TCP" in one.opens


def test_of_several_rules_of_a_policy_the_one_that_isolates_the_pod_is_changed() -> None:
    both = policy({})
    del both["spec"]
    both["specs"] = [{"endpointSelector": {"matchLabels": {"app": "web"}}, "ingress": [{}]}]
    both["specs"] += [{"endpointSelector": API, "ingress": [{}]}]
    (one,) = found([both], "shop/web", "shop/api")
    assert one.patch is not None
    assert one.patch["path"] == "/specs/1/ingress/-"
    assert carried_out([both], one) == set(one.opens) == {"Pod shop/web → Pod shop/api 80/TCP"}


@pytest.mark.parametrize(
    ("source", "peer"),
    [("203.0.113.7", {"fromCIDR": ["203.0.113.7/32"]}), ("n2", {"fromEntities": ["remote-node"]})],
)
def test_who_is_no_pod_is_admitted_by_address_or_as_a_node(source: str, peer: Manifest) -> None:
    document = policy({"endpointSelector": API, "ingress": [{}]})
    (one,) = found([document], source, "shop/api")
    assert one.patch is not None
    assert one.patch["value"] == rule(**peer)
    assert verdict(patched([document], one), source, "shop/api").allowed


def test_labels_by_which_cilium_does_not_know_pods_are_left_out() -> None:
    named = {"kubernetes.io/arch": "x", "team.k8s.io/a": "b", "app.kubernetes.io/name": "shop", "app": "new"}
    spec = {"nodeName": "n1", "containers": []}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "new", "namespace": "shop", "labels": named}}
    pod |= {"spec": spec, "status": {"phase": "Running", "podIP": "10.244.0.9"}}
    (one,) = found([pod, policy({"endpointSelector": API, "ingress": [{}]})], "shop/new", "shop/api")
    assert one.patch is not None
    labels = {"app.kubernetes.io/name": "shop", "app": "new"}
    assert one.patch["value"]["fromEndpoints"] == [{"matchLabels": labels}]


def label(key: str, value: str) -> Manifest:
    return {"key": key, "operator": "NotIn", "values": [value]}


FRONT = {"key": "tier", "operator": "In", "values": ["front"]}
ANYWHERE = {"key": "k8s:io.kubernetes.pod.namespace", "operator": "Exists"}


@pytest.mark.parametrize(
    ("selector", "path", "value"),
    [
        ({}, "/matchExpressions", [label("app", "web")]),
        ({"matchLabels": {"app": "web"}}, "/matchExpressions", [label("tier", "front")]),
        ({"matchExpressions": [{"key": "app", "operator": "Exists"}]}, "/matchExpressions/-", label("app", "web")),
        ({"matchExpressions": [ANYWHERE]}, "/matchExpressions/-", label("tier", "front")),
    ],
    ids=["everyone", "by-another-label", "more-expressions", "pods-of-other-namespaces-have-the-label"],
)
def test_a_denial_is_narrowed_by_a_label_that_only_the_peer_has(selector: Manifest, path: str, value: Any) -> None:
    denial = {"endpointSelector": API, "ingress": [ALL], "ingressDeny": [{"fromEndpoints": [selector]}]}
    document = policy(denial)
    (one,) = found([document], "shop/web", "shop/api")
    assert one.patch == {"op": "add", "path": f"/spec/ingressDeny/0/fromEndpoints/0{path}", "value": value}
    assert one.opens == ("Pod shop/web → Pod shop/api every port",)
    assert carried_out([document], one) == {f"Pod shop/web → Pod shop/api {port}/TCP" for port in PORTS}


def test_a_clusterwide_denial_may_mean_pods_of_every_namespace() -> None:
    denial = {"endpointSelector": API, "ingress": [ALL], "ingressDeny": [{"fromEndpoints": [{}]}]}
    (one,) = found([policy(denial, "")], "shop/web", "shop/api")
    assert one.patch is not None
    assert one.patch["value"] == [label("tier", "front")]
    assert carried_out([policy(denial, "")], one) == {f"Pod shop/web → Pod shop/api {port}/TCP" for port in PORTS}


@pytest.mark.parametrize(
    "denials",
    [
        [{"fromEntities": ["all"]}],
        [{"toPorts": [{"ports": [{"port": "80"}]}]}],
        [{"fromEndpoints": [{"matchLabels": WEB}]}],
        [{"fromEndpoints": [{"matchLabels": {"app": "web"}, "matchExpressions": [FRONT]}]}],
        [{"fromEndpoints": [{}]}, {"fromEntities": ["cluster"]}],
        [{"fromEndpoints": [{}, {"matchLabels": {"app": "web"}}]}],
    ],
    ids=["entity", "ports", "its-own-labels", "its-own-value", "another-rule-too", "another-selector-too"],
)
def test_a_denial_that_takes_no_such_exception_has_no_change(denials: list[Manifest]) -> None:
    denial = {"endpointSelector": API, "ingress": [ALL], "ingressDeny": denials}
    assert found([policy(denial)], "shop/web", "shop/api") == []


def test_isolation_by_the_configuration_alone_has_no_policy_to_change() -> None:
    assert found([config(enable_policy="always")], "shop/web", "shop/api") == []
