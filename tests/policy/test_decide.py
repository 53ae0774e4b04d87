"""What cannot be known, what nearly matched, and what an answer depends on."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network

import pytest

from netdoctor.cluster.objects import LabelSelector
from netdoctor.model.refs import ObjectRef
from netdoctor.policy.compile import CompiledPolicies, compile_policies
from netdoctor.policy.decide import decide
from netdoctor.policy.flow import Flow, virtual_pod
from netdoctor.policy.rules import Action, Direction, PodPeer, Priority, Rule, Ruleset, Tier
from netdoctor.policy.verdict import MissKind
from tests.policy.clusters import CALICO, Manifest, ask, cluster, endpoint, flow, namespace, node, pod, policy

WEB = pod("shop/web", "10.0.0.1", {"app": "web"})
PG = pod("db/pg", "10.0.1.1", {"app": "pg"}, ports=[("pg", 5432, "TCP")])
SPACES = (namespace("shop", team="red"), namespace("db", team="blue"))


def peer(**selectors: dict[str, str]) -> Manifest:
    return {f"{name}Selector": {"matchLabels": labels} for name, labels in selectors.items()}


def ingress(*rules: Manifest) -> Manifest:
    return policy("db/p", policyTypes=["Ingress"], ingress=list(rules))


def misses(*rules: Manifest, port: str = "5432/TCP", source: str = "shop/web") -> list[tuple[str, list[MissKind]]]:
    near = ask(cluster(*SPACES, WEB, PG, ingress(*rules)), source, "db/pg", port).ingress.near_misses
    return [(n.rule.path, [miss.kind for miss in n.misses]) for n in near]


# What cannot be known ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policies", "expected"),
    [([], None), ([policy("db/p", ingress=[])], None), ([policy("db/p", ingress=[{}])], True)],
)
def test_policies_that_could_not_be_read_leave_open_what_no_known_rule_admits(
    policies: list[Manifest], expected: bool | None
) -> None:
    snapshot = cluster(*SPACES, WEB, PG, *policies, unread=(("NetworkPolicy", "db"),))
    verdict = ask(snapshot, "shop/web", "db/pg")
    assert (verdict.egress.allowed, verdict.ingress.allowed, verdict.allowed) == (True, expected, expected)
    assert (expected is None) == any("db could not be read" in text for text in verdict.assumptions)


def test_a_certain_denial_on_one_side_stands_though_the_other_is_unread() -> None:
    deny = policy("shop/p", policyTypes=["Egress"])
    verdict = ask(cluster(WEB, PG, deny, unread=(("NetworkPolicy", "db"),)), "shop/web", "db/pg")
    assert (verdict.ingress.allowed, verdict.allowed) == (None, False)


def test_an_invalid_policy_leaves_its_namespace_open() -> None:
    bad = policy("db/bad", ingress=[{"from": [{"ipBlock": {"cidr": "10.0.0.0/99"}}]}])
    verdict = ask(cluster(*SPACES, WEB, PG, bad), "shop/web", "db/pg")
    assert verdict.allowed is None
    assert any("db/bad" in text and "invalid" in text for text in verdict.assumptions)


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        ({"cidr": "10.0.0.0/8"}, None),
        ({"cidr": "0.0.0.0/0"}, True),
        ({"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8"]}, None),
        ({"cidr": "0.0.0.0/0", "except": ["169.254.169.254/32"]}, True),  # the metadata service: no pod is there
        ({"cidr": "169.254.169.254/32"}, False),
        ({"cidr": "169.0.0.0/8"}, None),
        ({"cidr": "fe80::/10"}, False),
        ({"cidr": "::/0"}, None),
        ({"cidr": "fd00::/8"}, None),
    ],
)
def test_whether_a_block_holds_a_pod_without_address(block: Manifest, expected: bool | None) -> None:
    snapshot = cluster(*SPACES, PG, ingress({"ports": [{"port": 1}]}, {"from": [{"ipBlock": block}]}))
    asked = Flow(virtual_pod("shop", {}, snapshot), endpoint(snapshot, "db/pg"), "TCP", 5432)
    verdict = decide(compile_policies(snapshot), asked, CALICO)
    assert verdict.allowed is expected
    nearest = [near.misses[0].kind for near in verdict.ingress.near_misses[:1]]
    assert (nearest == [MissKind.ADDRESS_UNKNOWN]) is (expected is None)


@pytest.mark.parametrize(
    ("block", "allowed", "kind"),
    [
        ({"cidr": "10.244.0.0/16"}, True, None),
        ({"cidr": "10.244.1.0/24"}, None, MissKind.ADDRESS_UNKNOWN),
        ({"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8"]}, False, MissKind.IP_EXCEPT),
        ({"cidr": "10.0.0.0/8", "except": ["10.244.1.7/32"]}, None, MissKind.ADDRESS_UNKNOWN),
        ({"cidr": "192.168.0.0/16"}, False, MissKind.IP_BLOCK),
        ({"cidr": "fd00::/8"}, None, MissKind.ADDRESS_UNKNOWN),
    ],
)
def test_a_pod_to_be_will_have_an_address_of_its_networks(
    block: Manifest, allowed: bool | None, kind: MissKind | None
) -> None:
    snapshot = cluster(
        pod("db/pg", "10.244.9.9"), policy("db/in", podSelector={}, ingress=[{"from": [{"ipBlock": block}]}])
    )
    networks = (ip_network("10.244.0.0/24"), ip_network("10.244.1.0/24"))
    source = replace(virtual_pod("db", {}, snapshot), networks=networks)
    verdict = decide(compile_policies(snapshot), Flow(source, endpoint(snapshot, "db/pg"), "TCP", 1), CALICO)
    assert verdict.allowed is allowed
    assert [miss.kind for near in verdict.ingress.near_misses for miss in near.misses] == ([kind] if kind else [])


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ({"matchLabels": {"team": "red"}}, None),
        ({"matchExpressions": [{"key": "team", "operator": "DoesNotExist"}]}, None),
        ({"matchLabels": {"kubernetes.io/metadata.name": "shop"}}, True),
        ({"matchLabels": {"kubernetes.io/metadata.name": "db"}}, False),
        ({}, True),
    ],
)
def test_namespaces_that_could_not_be_read_may_have_any_label(selector: Manifest, expected: bool | None) -> None:
    admits = ingress({"from": [{"namespaceSelector": selector}]})
    snapshot = cluster(WEB, PG, admits, unread=(("Namespace", ""),))
    assert ask(snapshot, "shop/web", "db/pg").allowed is expected


def test_a_host_network_pod_on_an_unknown_node_is_not_on_the_pods_own() -> None:
    host = pod("shop/agent", "172.18.0.2", hostNetwork=True)
    assert ask(cluster(host, PG, ingress()), "shop/agent", "db/pg").allowed is False


def test_any_address_of_a_node_may_match_a_block() -> None:
    two = node("n1", "172.18.0.2")
    two["status"]["addresses"].append({"type": "ExternalIP", "address": "192.0.2.2"})
    snapshot = cluster(PG, two, ingress({"from": [{"ipBlock": {"cidr": "192.0.2.0/24"}}]}))
    assert ask(snapshot, "172.18.0.2", "db/pg").allowed


# What nearly matched -----------------------------------------------------------------------------------------


def test_rules_that_miss_in_one_thing_come_before_those_that_miss_in_two() -> None:
    two = {"from": [peer(pod={"app": "x"}, namespace={"team": "x"})], "ports": [{"port": 1}]}
    labels = {"from": [peer(pod={"app": "x"}, namespace={"team": "x"})]}
    label = {"from": [peer(namespace={"team": "red"}, pod={"app": "x"}), peer(namespace={"tier": "x"})]}
    found = misses(two, labels, label, {"from": [peer(namespace={"team": "red"})], "ports": [{"port": 1}]})
    assert found == [
        ("spec.ingress[2].from[0]", [MissKind.POD_LABEL]),
        ("spec.ingress[2].from[1]", [MissKind.NAMESPACE_LABEL_MISSING]),
        ("spec.ingress[3]", [MissKind.PORT]),
        ("spec.ingress[1].from[0]", [MissKind.NAMESPACE_LABEL_VALUE, MissKind.POD_LABEL]),
        ("spec.ingress[0].from[0]", [MissKind.NAMESPACE_LABEL_VALUE, MissKind.POD_LABEL, MissKind.PORT]),
    ]


@pytest.mark.parametrize(
    ("rule", "kind", "because"),
    [
        ({"ports": [{"port": 80}, {"port": 443}]}, "port", "wants port 80/TCP, 443/TCP, found port 5432/TCP"),
        ({"ports": [{"port": 5432, "protocol": "UDP"}]}, "protocol", "wants 5432/UDP, found 5432/TCP"),
        ({"ports": [{"port": "http"}]}, "namedPortUnresolved", "names pg=5432/TCP"),
        ({"from": [peer(pod={})]}, "otherNamespace", "wants namespace db, found namespace shop"),
        ({"from": [{"ipBlock": {"cidr": "10.1.0.0/16"}}]}, "ipBlock", "an address in 10.1.0.0/16"),
        ({"from": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.0.0.0/24"]}}]}, "ipExcept", "10.0.0.0/24"),
        ({"from": [peer(namespace={"name": "shop"})]}, "namespaceLabelMissing", "found namespace shop with no label"),
        ({"from": [peer(namespace={"team": "blue"})]}, "namespaceLabelValue", "shop with team=red"),
    ],
)
def test_each_kind_of_miss_says_what_was_wanted_and_found(rule: Manifest, kind: str, because: str) -> None:
    (near,) = ask(cluster(*SPACES, WEB, PG, ingress(rule)), "shop/web", "db/pg", "5432/TCP").ingress.near_misses
    assert [miss.kind.value for miss in near.misses] == [kind]
    assert because in near.because
    assert near.misses[0].path.startswith("spec.ingress[0]")


def test_a_rule_with_a_matching_peer_is_one_near_miss() -> None:
    peers = [peer(namespace={"team": "x"}), peer(namespace={"team": "red"})]
    assert misses({"from": peers, "ports": [{"port": 1}]}) == [("spec.ingress[0]", [MissKind.PORT])]


def test_selectors_do_not_match_an_address_outside() -> None:
    assert misses({"from": [peer(namespace={})]}, source="192.0.2.1") == [
        ("spec.ingress[0].from[0]", [MissKind.PEER_IS_NO_POD])
    ]


def test_the_deciding_peer_is_named_with_its_path() -> None:
    rule = {"from": [peer(pod={"app": "x"}), peer(namespace={"team": "red"})]}
    side = ask(cluster(*SPACES, WEB, PG, ingress({"ports": [{"port": 1}]}, rule)), "shop/web", "db/pg").ingress
    assert side.decided_by == ObjectRef("NetworkPolicy", "p", "db", "spec.ingress[1].from[1]")
    assert side.isolated_by == (ObjectRef("NetworkPolicy", "p", "db"),)
    assert side.near_misses == ()


# What an answer depends on -----------------------------------------------------------------------------------


def test_a_dual_stack_answer_says_that_it_holds_for_one_family_only() -> None:
    both = (pod("shop/web", "10.0.0.1 fd00::1"), pod("db/pg", "10.0.1.1 fd00:1::1"))
    snapshot = cluster(*both, ingress({"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}))
    verdict = ask(snapshot, "shop/web", "db/pg")
    assert verdict.allowed
    assert "holds over IPv4; over IPv6 the answer is the opposite" in verdict.assumptions
    assert ask(snapshot, "shop/web", "fd00:1::1").allowed is False


def test_loopback_never_leaves_the_pod() -> None:
    verdict = ask(cluster(WEB, policy("shop/p", policyTypes=["Egress"])), "shop/web", "127.0.0.1")
    assert (verdict.allowed, "loopback" in verdict.assumptions[0]) == (True, True)


def test_what_if_is_a_changed_flow() -> None:
    rule = {"from": [peer(namespace={"name": "shop"})], "ports": [{"port": 80}]}
    snapshot = cluster(*SPACES, WEB, PG, ingress(rule))
    asked, policies = flow(snapshot, "shop/web", "db/pg", "5432/TCP"), compile_policies(snapshot)
    labelled = replace(asked.source, namespace_labels={**asked.source.namespace_labels, "name": "shop"})
    assert decide(policies, replace(asked, port=80), CALICO).allowed is False
    assert decide(policies, replace(asked, source=labelled), CALICO).allowed is False
    assert decide(policies, replace(asked, source=labelled, port=80), CALICO).allowed


# Tiers and actions -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("actions", "expected"),
    [
        ([Action.DENY, Action.ALLOW], False),
        ([Action.ALLOW, Action.DENY], True),
        ([Action.PASS, Action.ALLOW], False),  # on to the NetworkPolicy, which isolates
        ([], False),
    ],
)
def test_the_first_rule_of_a_tier_decides_and_pass_leaves_it_to_the_next(actions: list[Action], expected: bool) -> None:
    snapshot = cluster(*SPACES, WEB, PG, ingress())
    compiled = compile_policies(snapshot)
    admin = ObjectRef("AdminNetworkPolicy", "a")
    rules = tuple(Rule(admin.at(f"spec.ingress[{n}]"), action, (), ()) for n, action in enumerate(actions))
    subject = PodPeer("spec.subject", "", LabelSelector(), None)
    first = Ruleset(admin, Direction.INGRESS, Tier.ADMIN, Priority(10), isolates=False, subject=subject, rules=rules)
    tiers = CompiledPolicies(snapshot, {"db": (first, *compiled.rulesets["db"])})
    verdict = decide(tiers, flow(snapshot, "shop/web", "db/pg"), CALICO)
    assert verdict.ingress.allowed is expected
    decided = {True: "spec.ingress[0]", False: "spec.ingress[0]" if Action.DENY in actions else None}[expected]
    assert (verdict.ingress.decided_by.path if verdict.ingress.decided_by else None) == decided


def test_an_address_of_the_cluster_is_whoever_has_it() -> None:
    snapshot = cluster(WEB, node("n1", "172.18.0.2"))
    found = [endpoint(snapshot, ip) for ip in ("10.0.0.1", "172.18.0.2", "::ffff:10.0.0.1", "192.0.2.1")]
    assert [(end.kind, end.name) for end in found] == [
        ("pod", "web"),
        ("node", "n1"),
        ("pod", "web"),
        ("ip", "192.0.2.1"),
    ]
