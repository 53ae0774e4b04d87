"""A verdict in words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from netdoctor.cluster.snapshot import Origin
from netdoctor.model.refs import ObjectRef
from netdoctor.policy.compile import compile_policies
from netdoctor.policy.decide import decide
from netdoctor.policy.explain import because, describe_peer
from tests.policy.clusters import CALICO, Manifest, cluster, flow, pod, policy

WEB, PG = pod("shop/web", "10.0.0.1", {"app": "web"}), pod("db/pg", "10.0.1.1", {"app": "pg"})


@pytest.mark.parametrize(
    ("policies", "text"),
    [
        ([], "no policy applies"),
        (
            [policy("db/deny", ingress=[]), policy("db/more")],
            "isolated by NetworkPolicy db/deny (db.yaml:3), NetworkPolicy db/more",
        ),
        (
            [policy("db/deny", ingress=[{"from": [{"podSelector": {}}, {"namespaceSelector": {}}]}])],
            "by NetworkPolicy db/deny spec.ingress[0].from[1] (db.yaml:3): all pods in every namespace",
        ),
        ([policy("db/more", ingress=[{}])], "by NetworkPolicy db/more spec.ingress[0]"),
    ],
)
def test_why_a_side_is_as_it_is(policies: list[Manifest], text: str) -> None:
    origins = {ObjectRef("NetworkPolicy", "deny", "db"): Origin("db.yaml", 3)}
    compiled = compile_policies(replace(cluster(WEB, PG, *policies), origins=origins))
    side = decide(compiled, flow(compiled.snapshot, "shop/web", "db/pg"), CALICO).ingress
    assert because(compiled, side) == text


def test_what_cannot_be_known_is_by_nobody() -> None:
    snapshot = cluster(WEB, PG, policy("db/deny", ingress=[]), unread=(("NetworkPolicy", "db"),))
    policies = compile_policies(snapshot)
    verdict = decide(policies, flow(snapshot, "shop/web", "db/pg"), CALICO)
    assert because(policies, verdict.ingress) == "cannot be known"


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
