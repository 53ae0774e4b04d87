"""Where readers of NetworkPolicy, and engines, go wrong: one test for each, named after it."""

from __future__ import annotations

import pytest

from netdoctor.policy.compile import compile_policies
from netdoctor.policy.decide import decide
from netdoctor.policy.flow import Flow, virtual_pod
from netdoctor.policy.profile import CNIProfile, profile_for
from netdoctor.policy.verdict import MissKind
from tests.policy.clusters import Manifest, ask, cluster, endpoint, namespace, node, pod, policy

ALL = ("Ingress", "Egress")
WEB = pod("shop/web", "10.0.0.1", {"app": "web"}, ports=[("http", 8080, "TCP")])
PG = pod("db/pg", "10.0.1.1", {"app": "pg"}, ports=[("pg", 5432, "TCP")])
SPACES = (namespace("shop", team="red"), namespace("db", team="blue"))


def allowed(*policies: Manifest, source: str = "shop/web", to: str = "db/pg", port: str = "5432/TCP") -> bool | None:
    return ask(cluster(*SPACES, WEB, PG, *policies), source, to, port).allowed


def ingress(*rules: Manifest, **spec: object) -> Manifest:
    return policy("db/p", **{"policyTypes": ["Ingress"], "ingress": list(rules), **spec})


def egress(*rules: Manifest, **spec: object) -> Manifest:
    return policy("shop/p", **{"policyTypes": ["Egress"], "egress": list(rules), **spec})


def test_1_both_sides_must_pass_and_policies_add_up() -> None:
    assert allowed()
    assert allowed(egress({}), ingress({}))
    assert not allowed(egress(), ingress({}))
    assert not allowed(egress({}), ingress())
    assert allowed(ingress(), policy("db/q", ingress=[{}]))  # the one that allows wins, whatever the order
    assert allowed(ingress({}), policy("db/q", ingress=[]))


def test_2_an_empty_or_missing_pod_selector_is_every_pod_of_the_namespace() -> None:
    specs: tuple[Manifest, ...] = ({}, {"podSelector": {}})
    for spec in specs:
        assert not allowed(ingress(**spec))
        assert allowed(ingress(**spec), to="shop/web", source="db/pg")  # no other namespace
    assert allowed(ingress(podSelector={"matchLabels": {"app": "other"}}))


@pytest.mark.parametrize(
    ("spec", "isolated"),
    [
        ({}, (True, False)),
        ({"egress": []}, (True, False)),
        ({"egress": [{}]}, (True, True)),
        ({"ingress": [], "egress": [{}]}, (True, True)),
        ({"policyTypes": ["Egress"]}, (False, True)),
        ({"policyTypes": []}, (True, False)),
    ],
)
def test_3_policy_types_default_to_ingress_and_to_egress_only_with_egress_rules(
    spec: Manifest, isolated: tuple[bool, bool]
) -> None:
    snapshot = cluster(*SPACES, WEB, PG, policy("db/p", **spec))
    to, from_ = ask(snapshot, "shop/web", "db/pg"), ask(snapshot, "db/pg", "shop/web")
    assert (bool(to.ingress.isolated_by), bool(from_.egress.isolated_by)) == isolated


def test_4_rules_of_a_direction_not_in_policy_types_are_ignored() -> None:
    unused = policy("db/p", policyTypes=["Egress"], ingress=[{"from": [{"podSelector": {}}]}], egress=[{}])
    assert allowed(unused)
    assert not allowed(policy("db/p", policyTypes=["Ingress"], ingress=[]))
    assert allowed(policy("db/p", policyTypes=["Ingress"], ingress=[{}]))


@pytest.mark.parametrize(
    ("peers", "same", "other", "outside"),
    [
        ({}, True, True, True),
        ({"from": []}, True, True, True),
        ({"from": [{"podSelector": {}}]}, True, False, False),
        ({"from": [{"namespaceSelector": {}}]}, True, True, False),
        ({"from": [{"podSelector": {}, "namespaceSelector": {"matchLabels": {"team": "red"}}}]}, False, True, False),
        (
            {"from": [{"podSelector": {}}, {"namespaceSelector": {"matchLabels": {"team": "red"}}}]},
            True,
            True,
            False,
        ),
        ({"from": [{"ipBlock": {"cidr": "192.0.2.0/24"}}]}, False, False, True),
    ],
)
def test_5_whom_a_peer_means(peers: Manifest, same: bool, other: bool, outside: bool) -> None:
    snapshot = cluster(*SPACES, WEB, PG, pod("db/near", "10.0.1.2"), ingress(peers))
    found = tuple(ask(snapshot, source, "db/pg").allowed for source in ("db/near", "shop/web", "192.0.2.7"))
    assert found == (same, other, outside)


@pytest.mark.parametrize(
    ("ports", "open_to"),
    [
        (None, {"79/TCP", "80/TCP", "81/TCP", "82/TCP", "80/UDP", "80/SCTP"}),
        ([], {"79/TCP", "80/TCP", "81/TCP", "82/TCP", "80/UDP", "80/SCTP"}),
        ([{"protocol": "UDP"}], {"80/UDP"}),
        ([{}], {"79/TCP", "80/TCP", "81/TCP", "82/TCP"}),
        ([{"port": 80}], {"80/TCP"}),
        ([{"port": 80, "endPort": 81}], {"80/TCP", "81/TCP"}),
        ([{"port": 80, "protocol": "SCTP"}], {"80/SCTP"}),
    ],
)
def test_6_ports_without_number_or_protocol_and_ranges(ports: list[Manifest] | None, open_to: set[str]) -> None:
    rule = ingress({} if ports is None else {"ports": ports})
    asked = ("79/TCP", "80/TCP", "81/TCP", "82/TCP", "80/UDP", "80/SCTP")
    assert {port for port in asked if allowed(rule, port=port)} == open_to


def test_7_a_named_port_is_each_destination_pods_own() -> None:
    sidecar = {"name": "proxy", "restartPolicy": "Always", "ports": [{"name": "pg", "containerPort": 7000}]}
    once = {"name": "setup", "ports": [{"name": "pg", "containerPort": 7001}]}
    others = (pod("db/b", "10.0.1.2", ports=[("pg", 6000, "TCP")]), pod("db/c", "10.0.1.3", ports=[("pg", 53, "UDP")]))
    meshed = pod("db/d", "10.0.1.4", initContainers=[sidecar, once])
    snapshot = cluster(*SPACES, WEB, PG, *others, meshed, egress({"ports": [{"port": "pg"}]}))

    def open_at(to: str, port: str) -> bool | None:
        return ask(snapshot, "shop/web", to, port).allowed

    assert open_at("db/pg", "5432/TCP")
    assert open_at("db/b", "6000/TCP")
    assert not open_at("db/b", "5432/TCP")
    assert not open_at("db/c", "53/UDP")  # declared, but as UDP
    assert open_at("db/d", "7000/TCP")
    assert not open_at("db/d", "7001/TCP")  # an init container that ends has no port
    outside = ask(snapshot, "shop/web", "192.0.2.7", "5432/TCP")
    assert [m.kind for m in outside.egress.near_misses[0].misses] == [MissKind.NAMED_PORT_UNRESOLVED]


def test_8_except_subtracts_from_its_own_block_and_families_do_not_mix() -> None:
    wide, narrow = {"cidr": "10.0.0.0/8", "except": ["10.0.0.0/24"]}, {"cidr": "10.0.0.0/30"}
    assert not allowed(ingress({"from": [{"ipBlock": wide}]}))
    assert allowed(ingress({"from": [{"ipBlock": wide}, {"ipBlock": narrow}]}))
    assert not allowed(ingress({"from": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}), source="2001:db8::1")
    assert not allowed(ingress({"from": [{"ipBlock": {"cidr": "::/0"}}]}))


def test_9_whether_a_block_matches_pods_depends_on_the_network_plugin() -> None:
    snapshot = cluster(*SPACES, WEB, PG, ingress({"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}))
    calico = ask(snapshot, "shop/web", "db/pg")
    cilium = ask(snapshot, "shop/web", "db/pg", profile=profile_for("cilium"))
    assert (calico.allowed, cilium.allowed) == (True, False)
    assert [miss.kind for miss in cilium.ingress.near_misses[0].misses] == [MissKind.PEER_IS_POD]
    for verdict in (calico, cilium):
        assert any("depends on the network plugin" in text for text in verdict.assumptions)
    assert ask(snapshot, "10.9.9.9", "db/pg", profile=profile_for("cilium")).allowed


def test_10_rules_see_the_pods_port_and_a_node_port_may_hide_the_client() -> None:
    service_port = ingress({"ports": [{"port": 80}]})  # svc db/pg 80 → 5432
    assert not allowed(service_port, port="5432/TCP")
    verdict = ask(cluster(*SPACES, WEB, PG, ingress({})), "192.0.2.7", "db/pg")
    assert any("NodePort" in text for text in verdict.assumptions)


def test_11_host_network_and_own_node_and_oneself() -> None:
    host = pod("shop/agent", "172.18.0.2", {"app": "web"}, hostNetwork=True, nodeName="n1")
    near = pod("db/near", "10.0.1.2", {"app": "pg"}, nodeName="n1")
    deny = (egress(), policy("db/p", policyTypes=list(ALL)))
    nodes = (node("n1", "172.18.0.2"), node("n2", "172.18.0.3"))
    snapshot = cluster(*SPACES, WEB, PG, host, near, *nodes, *deny)
    assert ask(snapshot, "shop/agent", "192.0.2.7").allowed  # no podSelector selects it
    assert ask(snapshot, "192.0.2.7", "shop/agent").allowed
    assert ask(snapshot, "172.18.0.2", "db/near").allowed  # its own node
    assert ask(snapshot, "shop/agent", "db/near").allowed  # the same, from a pod of the node
    assert not ask(snapshot, "172.18.0.3", "db/near").allowed
    assert ask(snapshot, "db/near", "172.18.0.2").allowed is None  # documented as allowed, mostly denied
    assert ask(snapshot, "db/pg", "db/pg").allowed
    admits = ingress({"from": [{"namespaceSelector": {}}]})
    verdict = ask(cluster(*SPACES, host, PG, admits), "shop/agent", "db/pg")
    assert [miss.kind for miss in verdict.ingress.near_misses[0].misses] == [MissKind.HOST_NETWORK]


def test_12_not_in_matches_an_absent_label_and_every_namespace_has_its_name() -> None:
    def peer(operator: str, *values: str) -> Manifest:
        expression = {"key": "absent", "operator": operator, **({"values": values} if values else {})}
        return ingress({"from": [{"namespaceSelector": {"matchExpressions": [expression]}}]})

    assert allowed(peer("NotIn", "x"))
    assert allowed(peer("DoesNotExist"))
    assert not allowed(peer("In", "x"))
    assert not allowed(peer("Exists"))
    by_name = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "shop"}}}
    assert ask(cluster(WEB, PG, ingress({"from": [by_name]})), "shop/web", "db/pg").allowed  # no Namespace in the file


@pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
def test_13_finished_pods_have_no_network_and_their_address_is_free(phase: str) -> None:
    done = pod("db/job", "10.0.1.1", {"app": "job"}, phase=phase)
    snapshot = cluster(*SPACES, WEB, done, PG)
    for source, destination in (("shop/web", "db/job"), ("db/job", "shop/web")):
        verdict = ask(snapshot, source, destination)
        assert verdict.allowed is None
        assert "has finished" in verdict.assumptions[0]
    assert endpoint(snapshot, "10.0.1.1").name == "pg"


def test_13_pods_of_one_owner_with_other_labels_are_decided_by_their_own() -> None:
    twins = [pod(f"shop/w{n}", f"10.0.0.{n}", {"app": "web", **extra}) for n, extra in ((2, {}), (3, {"canary": "1"}))]
    only = ingress({"from": [{"namespaceSelector": {}, "podSelector": {"matchLabels": {"canary": "1"}}}]})
    snapshot = cluster(*SPACES, PG, *twins, only)
    assert [ask(snapshot, f"shop/w{n}", "db/pg").allowed for n in (2, 3)] == [False, True]


def test_14_a_plugin_that_enforces_nothing_is_said() -> None:
    snapshot = cluster(*SPACES, WEB, PG, ingress())
    idle = CNIProfile("flannel", enforces=False)
    verdict = decide(
        compile_policies(snapshot),
        Flow(virtual_pod("shop", {}, snapshot), endpoint(snapshot, "db/pg"), "TCP", 5432),
        idle,
    )
    assert verdict.allowed is False  # what the policies say
    assert any("flannel enforces no NetworkPolicy" in text for text in verdict.assumptions)
    assert profile_for("flannel") == idle
