"""Repairs: each makes the flow pass, says exactly what else it opens, and its patch is what was tried."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace
from typing import Any

import pytest

from netdoctor.cluster.snapshot import Snapshot
from netdoctor.model.refs import ObjectRef
from netdoctor.policy.compile import compile_policies
from netdoctor.policy.decide import decide
from netdoctor.policy.flow import Flow, virtual_pod
from netdoctor.policy.profile import profile_for
from netdoctor.policy.repair import Repair, repairs
from netdoctor.policy.rules import Direction
from tests.policy.clusters import CALICO, Manifest, cluster, flow, namespace, node, pod, policy

WEB = pod("shop/web-1", "10.0.0.1", {"app": "web", "pod-template-hash": "7c9"})
WEB2 = pod("shop/web-2", "10.0.0.2", {"app": "web", "pod-template-hash": "7c9"})
CRON = pod("shop/cron", "10.0.0.3", {"app": "cron"})
PG = pod("db/pg", "10.0.1.1", {"app": "pg"}, ports=[("pg", 5432, "TCP"), ("metrics", 9187, "TCP")])
SPACES = (namespace("shop", team="red"), namespace("db", team="blue"))


def tried(
    *policies: Manifest, source: str = "shop/web-1", port: str = "5432/TCP", more: tuple[Manifest, ...] = ()
) -> list[Repair]:
    snapshot = cluster(*SPACES, WEB, WEB2, CRON, PG, *policies, *more)
    return repaired(snapshot, flow(snapshot, source, "db/pg", port))


def repaired(snapshot: Snapshot, asked: Flow) -> list[Repair]:
    compiled = compile_policies(snapshot)
    verdict = decide(compiled, asked, CALICO)
    assert verdict.allowed is False
    return list(repairs(compiled, verdict, CALICO))


def of(found: list[Repair], title: str) -> Repair:
    return next(repair for repair in found if repair.title.startswith(title))


def peer(pods: dict[str, str] | None = None, **namespaces: str) -> Manifest:
    by_namespace = {"namespaceSelector": {"matchLabels": namespaces}} if namespaces else {}
    return by_namespace | ({} if pods is None else {"podSelector": {"matchLabels": pods}})


def named(namespace: str) -> Manifest:
    return {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}}}


def json_patch(repair: Repair) -> Any:
    words = shlex.split(repair.command)
    assert words[:6] == ["kubectl", "patch", "networkpolicy", repair.object.name, "-n", repair.object.namespace]
    assert words[6] == "--type=json"
    return json.loads(words[8])


def test_a_namespace_selector_that_matches_nothing_is_replaced_by_the_automatic_label() -> None:
    found = tried(policy("db/pg-in", ingress=[{"from": [peer(name="shop")], "ports": [{"port": 5432}]}]))
    by_name = of(found, "select namespace shop by its name")
    assert json_patch(by_name) == [
        {
            "op": "replace",
            "path": "/spec/ingress/0/from/0/namespaceSelector",
            "value": {"matchLabels": {"kubernetes.io/metadata.name": "shop"}},
        }
    ]
    assert by_name.opens == (
        "Pod shop/cron → Pod db/pg 5432/TCP",
        "Pod shop/web-1 → Pod db/pg 5432/TCP",
        "Pod shop/web-2 → Pod db/pg 5432/TCP",
    )
    label = of(found, "label namespace")
    assert label.command == "kubectl label namespace shop name=shop"
    assert label.object == ObjectRef("Namespace", "shop")
    assert label.opens == by_name.opens


def test_a_namespace_label_of_another_value_can_be_overwritten_but_the_policy_stays() -> None:
    found = tried(policy("db/pg-in", ingress=[{"from": [peer(team="blue")], "ports": [{"port": 5432}]}]))
    assert of(found, "label namespace").command == "kubectl label namespace shop team=blue --overwrite"
    assert not any(repair.title.startswith("select namespace") for repair in found)


def test_relabelling_a_namespace_shows_what_it_closes() -> None:
    other = policy("db/red-only", podSelector={"matchLabels": {"app": "x"}}, ingress=[{"from": [peer(team="red")]}])
    x = pod("db/x", "10.0.1.9", {"app": "x"}, ports=[("web", 80, "TCP")])
    found = tried(
        policy("db/pg-in", podSelector={"matchLabels": {"app": "pg"}}, ingress=[{"from": [peer(team="blue")]}]),
        other,
        more=(x,),
    )
    label = of(found, "label namespace")
    assert "Pod shop/web-1 → Pod db/x every port" in label.closes
    assert found.index(label) == len(found) - 1  # one that closes nothing is better


def test_the_name_that_the_api_server_sets_is_never_changed() -> None:
    found = tried(policy("db/pg-in", ingress=[{"from": [named("db")]}]))
    assert [repair.object.kind for repair in found] == ["NetworkPolicy"] * len(found)
    assert found


def test_a_missing_port_is_added_to_the_rule() -> None:
    rule = {"from": [peer({"app": "web"}, team="red")], "ports": [{"port": 80}]}
    found = of(
        tried(policy("db/a", ingress=[]), policy("db/pg-in", ingress=[{"ports": [{"port": 1}]}, rule])),
        "add port 5432/TCP to NetworkPolicy db/pg-in spec.ingress[1]",
    )
    assert json_patch(found) == [
        {"op": "add", "path": "/spec/ingress/1/ports/-", "value": {"port": 5432, "protocol": "TCP"}}
    ]
    assert found.opens == ("Pod shop/web-1 → Pod db/pg 5432/TCP", "Pod shop/web-2 → Pod db/pg 5432/TCP")


def test_a_missing_peer_is_added_without_labels_that_change_with_each_rollout() -> None:
    rule = {"from": [peer({"app": "cron"}, team="red")], "ports": [{"port": 5432}, {"port": 9187}]}
    found = of(tried(policy("db/pg-in", ingress=[rule])), "add shop/web-1 as a peer")
    assert json_patch(found)[0]["value"] == named("shop") | peer({"app": "web"})
    assert found.opens == (
        "Pod shop/web-1 → Pod db/pg 5432/TCP, 9187/TCP",
        "Pod shop/web-2 → Pod db/pg 5432/TCP, 9187/TCP",
    )


def test_without_any_rule_a_small_policy_is_created() -> None:
    (created,) = tried(policy("db/deny", ingress=[]))
    assert created.object == ObjectRef("NetworkPolicy", "allow-web-1-to-pg", "db")
    assert created.opens == ("Pod shop/web-1 → Pod db/pg 5432/TCP", "Pod shop/web-2 → Pod db/pg 5432/TCP")
    printf, text, manifest, pipe, *create = shlex.split(created.command)
    assert (printf, text, pipe, create) == ("printf", "%s", "|", ["kubectl", "create", "-f", "-"])
    assert json.loads(manifest) == created.patch
    again = tried(policy("db/deny", ingress=[]), policy("db/allow-web-1-to-pg", ingress=[]))
    assert again[0].object.name == "allow-web-1-to-pg-2"


@pytest.mark.parametrize(
    ("source", "cidr"),
    [("192.0.2.9", "192.0.2.9/32"), ("172.18.0.2", "172.18.0.2/32"), ("2001:db8::9", "2001:db8::9/128")],
)
def test_an_address_is_admitted_by_a_block_of_its_own(source: str, cidr: str) -> None:
    found = tried(
        policy("db/pg-in", ingress=[{"from": [peer(team="x")]}]), source=source, more=(node("n1", "172.18.0.2"),)
    )
    assert json_patch(of(found, "add"))[0]["value"] == {"ipBlock": {"cidr": cidr}}


def test_a_change_that_does_not_help_is_not_offered() -> None:
    snapshot = cluster(PG, node("n1", "172.18.0.2"), policy("db/pg-in", ingress=[{"from": [peer(team="x")]}]))
    policies, cilium = compile_policies(snapshot), profile_for("cilium")
    verdict = decide(policies, flow(snapshot, "172.18.0.2", "db/pg"), cilium)
    assert (verdict.allowed, repairs(policies, verdict, cilium)) == (False, ())  # its blocks do not see nodes


def test_both_sides_are_repaired_each_for_itself() -> None:
    found = tried(policy("shop/out", policyTypes=["Egress"]), policy("db/in", ingress=[]))
    assert {repair.direction for repair in found} == {Direction.EGRESS, Direction.INGRESS}
    assert all(repair.opens == () for repair in found)  # one alone opens nothing


def test_a_pod_that_is_not_there_yet_counts_among_the_opened() -> None:
    snapshot = cluster(*SPACES, WEB, PG, policy("db/deny", ingress=[]))
    probe = virtual_pod("shop", {"app": "new"}, snapshot)
    asked = replace(flow(snapshot, "shop/web-1", "db/pg", "5432/TCP"), source=probe)
    assert repaired(snapshot, asked)[0].opens == ("shop/probe → Pod db/pg 5432/TCP",)


def test_opening_to_everyone_names_the_outside() -> None:
    found = tried(policy("db/pg-in", ingress=[{"ports": [{"port": 80}]}]))
    assert "outside the cluster → Pod db/pg 5432/TCP" in of(found, "add port").opens


def test_a_long_list_of_opened_flows_is_cut_but_counted() -> None:
    crowd = tuple(pod(f"shop/c{n}", f"10.0.2.{n}", {"n": str(n)}) for n in range(30))
    tell_apart = policy("db/other", podSelector={"matchLabels": {"n": "x"}})
    found = of(tried(policy("db/pg-in", ingress=[{"ports": [{"port": 80}]}]), tell_apart, more=crowd), "add port")
    assert (found.opened, len(found.opens), found.opens[-1]) == (34, 21, "and 14 more")
