"""Selectors that add up, where alternatives were meant."""

from __future__ import annotations

import pytest

from netdoctor.diagnosis.causes.policy_selectors import PolicySelectorAndOr
from netdoctor.model.probe import Outcome
from netdoctor.model.report import Certainty
from tests.diagnosis.builders import (
    Manifest,
    api,
    cluster,
    codes,
    deployment,
    examine,
    found,
    labels_matter,
    manifest,
    pod,
    policy,
    refs,
    sees,
    web,
)

DROPPED = labels_matter(sees(VIP=Outcome.TIMEOUT, BACKEND=Outcome.TIMEOUT))
MONITORING = [
    manifest("Namespace", "monitoring", namespace="", labels={"team": "sre"}),
    manifest(
        "Pod",
        "prometheus",
        namespace="monitoring",
        labels={"app": "prometheus"},
        status={"phase": "Running", "podIP": "10.244.2.9"},
    ),
]
TEAM = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}
WEB = {"podSelector": {"matchLabels": {"app": "web"}}}


def admits(*peers: Manifest) -> Manifest:
    """A policy at the api pods with these peers."""
    return policy("api-in", {"app": "api"}, ingress=[{"from": list(peers)}])


@pytest.mark.parametrize("source", ["deploy/web", "ns/monitoring"])
def test_one_peer_for_two_kinds_of_clients(source: str) -> None:
    case = examine(cluster(api(), web(), MONITORING, admits(TEAM | WEB)), "svc/api", DROPPED, source=source)
    one = found(PolicySelectorAndOr, case)
    assert refs(one) == ["NetworkPolicy shop/api-in spec.ingress[0].from[0]"]
    assert one.finding.certainty is Certainty.CERTAIN
    assert (
        "is one peer, pods with app=web in namespaces with kubernetes.io/metadata.name=monitoring"
        in one.finding.explanation
    )
    either = (
        "all pods in namespaces with kubernetes.io/metadata.name=monitoring, or pods with app=web in namespace shop"
    )
    assert f"Read as two peers it means {either}, and" in one.finding.explanation
    assert codes(case) == ["PolicySelectorAndOr"]


def test_the_fix_makes_two_peers_of_it_and_says_what_that_opens() -> None:
    front = {"podSelector": {"matchLabels": {"app": "front"}}}
    objects = cluster(api(), web(), MONITORING, admits(front, TEAM | WEB))
    fix = found(PolicySelectorAndOr, examine(objects, "svc/api", source="deploy/web")).finding.fixes[0]
    assert fix.patch == {"op": "replace", "path": "/spec/ingress/0/from", "value": [front, TEAM, WEB]}
    assert fix.effect is not None
    assert "Deployment shop/web → Deployment shop/api every port" in fix.effect.opens
    repaired = cluster(api(), web(), MONITORING, admits(*fix.patch["value"]))
    assert codes(examine(repaired, "svc/api", sees(), source="deploy/web")) == []


def test_it_is_found_at_the_source_too() -> None:
    to = {"to": [TEAM | {"podSelector": {"matchLabels": {"app": "api"}}}]}
    dns = {"ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]}
    objects = cluster(api(), web(), MONITORING, policy("web-out", {"app": "web"}, egress=[dns, to]))
    case = examine(objects, "svc/api", DROPPED, source="deploy/web")
    assert refs(found(PolicySelectorAndOr, case)) == ["NetworkPolicy shop/web-out spec.egress[1].to[0]"]
    assert codes(case) == ["PolicySelectorAndOr"]


def _there(name: str) -> Manifest:
    return {
        **pod(name, "10.244.2.11", {"app": "web"}),
        "metadata": {**pod(name)["metadata"], "namespace": "monitoring"},
    }


def test_a_peer_that_some_pod_satisfies_is_meant_as_it_is_written() -> None:
    there = _there("web-of-sre")
    there["metadata"]["labels"] = {"app": "web"}
    case = examine(
        cluster(api(), web(), MONITORING, there, admits(TEAM | WEB)), "svc/api", DROPPED, source="deploy/web"
    )
    assert PolicySelectorAndOr().examine(case) is None
    assert codes(case) == ["PolicyDeniesIngress"]


def test_a_workload_without_pods_counts_as_well() -> None:
    to_be = deployment("later", {"app": "web"}, replicas=0)
    for item in to_be:
        item["metadata"]["namespace"] = "monitoring"
    objects = cluster(api(), web(), MONITORING, to_be, admits(TEAM | WEB))
    assert codes(examine(objects, "svc/api", DROPPED, source="deploy/web")) == ["PolicyDeniesIngress"]


def test_where_two_peers_would_not_admit_it_either_the_hyphen_is_not_the_fault() -> None:
    case = examine(cluster(api(), web(), MONITORING, admits(TEAM | WEB)), "svc/api", DROPPED, source="ns/other")
    assert codes(case) == ["PolicyDeniesIngress"]


def test_a_selector_that_nobody_matches_is_no_second_peer() -> None:
    nobody = {"podSelector": {"matchLabels": {"app": "wbe"}}}
    case = examine(cluster(api(), web(), MONITORING, admits(TEAM | nobody)), "svc/api", DROPPED, source="ns/monitoring")
    assert codes(case) == ["PolicyDeniesIngress"]


def test_that_says_more_than_a_label_that_the_namespace_lacks() -> None:
    by_team = {"namespaceSelector": {"matchLabels": {"team": "sre"}}}
    case = examine(cluster(api(), web(), MONITORING, admits(by_team | WEB)), "svc/api", DROPPED, source="deploy/web")
    assert codes(case) == ["PolicySelectorAndOr"]
    without = examine(cluster(api(), web(), admits(by_team | WEB)), "svc/api", DROPPED, source="deploy/web")
    assert codes(without) == ["PolicyNamespaceLabelMissing"]  # no namespace is selected: that is the fault
