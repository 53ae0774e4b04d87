"""The text of a verdict."""

from __future__ import annotations

from dataclasses import replace

import pytest

from netdoctor.cluster.snapshot import Origin
from netdoctor.model.refs import ObjectRef
from netdoctor.policy.compile import compile_policies
from netdoctor.policy.decide import decide
from netdoctor.policy.explain import describe_peer, explain
from netdoctor.policy.repair import repairs
from tests.policy.clusters import CALICO, Manifest, cluster, flow, namespace, pod, policy


def test_an_explanation_names_both_sides_the_near_misses_and_the_fixes() -> None:
    blue = {"namespaceSelector": {"matchLabels": {"team": "blue"}}}
    snapshot = cluster(
        namespace("shop", team="red"),
        pod("shop/web", "10.0.0.1", {"app": "web"}),
        pod("db/pg", "10.0.1.1", {"app": "pg"}),
        policy(
            "shop/web-out",
            policyTypes=["Egress"],
            egress=[{"ports": [{"port": 53}]}, {"to": [{"namespaceSelector": {}}]}],
        ),
        policy("db/default-deny", ingress=[]),
        policy("db/ops", ingress=[{"ports": [{"port": 9187}]}]),
        policy("db/pg-in", ingress=[{"from": [blue], "ports": [{"port": 5432}]}]),
    )
    snapshot = replace(snapshot, origins={ObjectRef("NetworkPolicy", "default-deny", "db"): Origin("db.yaml", 3)})
    policies = compile_policies(snapshot)
    verdict = decide(policies, flow(snapshot, "shop/web", "db/pg", "5432/TCP"), CALICO)
    fixes = repairs(policies, verdict, CALICO)[:2]
    assert explain(policies, verdict, fixes) == (
        "DENIED  shop/web → db/pg  5432/TCP",
        " egress   shop/web  allowed  by NetworkPolicy shop/web-out spec.egress[1].to[0]: all pods in every namespace",
        " ingress  db/pg  denied  isolated by NetworkPolicy db/default-deny (db.yaml:3), "
        "NetworkPolicy db/ops, NetworkPolicy db/pg-in",
        "   NetworkPolicy db/ops spec.ingress[0]  port ✗ wants port 9187/TCP, found port 5432/TCP  peer ✓",
        "   NetworkPolicy db/pg-in spec.ingress[0].from[0]  port ✓ 5432/TCP  "
        "peer ✗ wants namespace label team=blue, found namespace shop with team=red",
        " fix      label namespace shop team=blue (opens 1)",
        " fix      add shop/web as a peer to NetworkPolicy db/pg-in spec.ingress[0] (opens 1)",
    )


def test_an_answer_that_cannot_be_known_says_why() -> None:
    snapshot = cluster(pod("shop/web", "10.0.0.1"), pod("db/pg"), unread=(("NetworkPolicy", "db"),))
    policies = compile_policies(snapshot)
    lines = explain(policies, decide(policies, flow(snapshot, "shop/web", "db/pg"), CALICO))
    assert lines == (
        "UNKNOWN  shop/web → db/pg  80/TCP",
        " egress   shop/web  allowed  no policy applies",
        " ingress  db/pg  unknown  see what is assumed",
        " assumed  the NetworkPolicies of namespace db could not be read",
    )


@pytest.mark.parametrize(
    ("peer", "text"),
    [
        ({"podSelector": {}}, "all pods in namespace db"),
        ({"namespaceSelector": {}}, "all pods in every namespace"),
        (
            {"podSelector": {"matchLabels": {"app": "web"}}, "namespaceSelector": {"matchLabels": {"team": "red"}}},
            "pods with app=web in namespaces with team=red",
        ),
        (
            {
                "podSelector": {
                    "matchExpressions": [
                        {"key": "a", "operator": "NotIn", "values": ["b", "c"]},
                        {"key": "d", "operator": "DoesNotExist"},
                    ]
                }
            },
            "pods with a notin (b,c), !d in namespace db",
        ),
        ({"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}}, "10.0.0.0/8 except 10.1.0.0/16"),
    ],
)
def test_a_peer_in_words(peer: Manifest, text: str) -> None:
    compiled = compile_policies(cluster(policy("db/p", ingress=[{"from": [peer]}])))
    assert describe_peer(compiled.rulesets["db"][0].rules[0].peers[0]) == text
