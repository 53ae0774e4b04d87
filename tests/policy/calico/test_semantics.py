"""Each line of what Calico's reference says of its policies, as a test named after it."""

from __future__ import annotations

from typing import Any

import pytest

from netdoctor.policy.compile import compile_policies
from tests.policy.calico.manifests import STORED, allowed, ask, calico, local, rule, source, target, tier, wide
from tests.policy.clusters import Manifest, admin, baseline, cluster, namespace, node, pod, policy

PORTS = [("http", 80, "TCP"), ("dns", 53, "UDP")]
WORLD = [
    namespace("shop", team="red"),
    namespace("db", team="blue"),
    pod("shop/web", "10.0.0.1", {"app": "web"}, ports=PORTS, serviceAccountName="front"),
    pod("shop/api", "10.0.0.2", {"app": "api"}, ports=PORTS),
    pod("db/pg", "10.0.1.1", {"app": "pg"}, ports=PORTS),
    node("n1", "192.0.2.1"),
    pod("db/host", "192.0.2.1", {"app": "web"}, hostNetwork=True, nodeName="n1"),
]
OUTSIDE = "203.0.113.9"


def ingress(*manifests: Manifest, start: str = "shop/web", end: str = "db/pg", port: str = "80/TCP") -> bool | None:
    return allowed([*WORLD, *manifests], start, end, port)


# types -----------------------------------------------------------------------------------------------------------


def test_types_default_none_is_ingress() -> None:
    assert ingress(local("db/a", selector="all()")) is False
    assert ingress(local("shop/a", selector="all()")) is True


def test_types_default_egress_rules_only_is_egress_only() -> None:
    """Unlike Kubernetes, where such a policy isolates ingress too."""
    egress = {"egress": [rule("Allow")]}
    assert ingress(local("db/a", **egress)) is True
    assert ingress(policy("db/a", podSelector={}, egress=[{}])) is False
    assert ingress(local("shop/a", egress=[rule("Deny")])) is False


def test_types_default_both_kinds_of_rules_are_both() -> None:
    both = local("db/a", ingress=[rule("Deny")], egress=[rule("Deny")])
    assert ingress(both) is False
    assert ingress(both, start="db/pg", end="shop/web") is False


def test_types_explicit_leaves_rules_of_the_other_direction_out() -> None:
    assert ingress(local("db/a", types=["Egress"], ingress=[rule("Deny")])) is True


def test_types_missing_where_calicos_api_server_never_was_is_both_to_felix() -> None:
    stored = local("db/a", version=STORED, egress=[rule("Allow")])
    assert ingress(stored) is False
    assert ingress(local("db/a", version=STORED, types=["Egress"], egress=[rule("Allow")])) is True


# order -----------------------------------------------------------------------------------------------------------


def test_lower_order_first() -> None:
    deny, allow = wide("deny", order=20, ingress=[rule("Deny")]), wide("allow", order=10, ingress=[rule()])
    assert ingress(deny, allow) is True
    assert ingress(wide("deny", order=5, ingress=[rule("Deny")]), allow) is False


def test_order_nil_last() -> None:
    assert ingress(wide("a", ingress=[rule("Deny")]), wide("b", order=1e9, ingress=[rule()])) is True


def test_order_may_be_negative_and_fractional() -> None:
    assert ingress(wide("a", order=-1.5, ingress=[rule("Deny")]), wide("b", order=-1.25, ingress=[rule()])) is False


def test_order_ties_by_name() -> None:
    assert ingress(wide("a", order=5, ingress=[rule("Deny")]), wide("b", order=5, ingress=[rule()])) is False
    assert ingress(wide("b", order=5, ingress=[rule("Deny")]), wide("a", order=5, ingress=[rule()])) is True
    assert ingress(wide("a", ingress=[rule("Deny")]), local("db/b", ingress=[rule()])) is False
    assert ingress(wide("b", ingress=[rule("Deny")]), local("db/a", ingress=[rule()])) is True


def test_kubernetes_policies_sit_in_tier_default_at_order_1000() -> None:
    kubernetes = policy("db/all", podSelector={}, policyTypes=["Ingress"], ingress=[{}])
    assert ingress(kubernetes, wide("deny", order=999, ingress=[rule("Deny")])) is False
    assert ingress(kubernetes, wide("deny", order=1001, ingress=[rule("Deny")])) is True
    assert ingress(kubernetes, wide("deny", ingress=[rule("Deny")])) is True


def test_rules_of_a_policy_in_their_order() -> None:
    assert ingress(local("db/a", ingress=[rule("Deny"), rule()])) is False
    assert ingress(local("db/a", ingress=[rule(), rule("Deny")])) is True


# tiers -----------------------------------------------------------------------------------------------------------


def test_tiers_by_order() -> None:
    deny = wide("first.deny", tier="first", ingress=[rule("Deny")])
    allow = wide("second.allow", tier="second", ingress=[rule()])
    assert ingress(tier("first", 1), tier("second", 2), deny, allow) is False
    assert ingress(tier("first", 2), tier("second", 1), deny, allow) is True
    assert ingress(tier("first"), tier("second", 1e12), deny, allow) is True
    assert ingress(tier("first", 7), tier("second", 7), deny, allow) is False


def test_a_tiers_end_is_its_default_action_if_a_policy_of_it_applies_there() -> None:
    on_api = wide("t.a", tier="t", selector="app == 'api'", ingress=[source("Allow", selector="none == ''")])
    assert ingress(tier("t", 1), on_api, end="shop/api", start="db/pg") is False
    assert ingress(tier("t", 1), on_api) is True
    assert ingress(tier("t", 1, "Pass"), on_api, end="shop/api", start="db/pg") is True


def test_a_policy_of_a_tier_applies_in_its_types_alone() -> None:
    egress = wide("t.a", tier="t", types=["Egress"], egress=[rule("Pass")])
    assert ingress(tier("t", 1), egress) is True


def test_staged_policies_do_not_count() -> None:
    staged = [
        calico("StagedGlobalNetworkPolicy", "a", ingress=[rule("Deny")]),
        calico("StagedNetworkPolicy", "db/a", ingress=[rule("Deny")]),
        calico("StagedKubernetesNetworkPolicy", "db/a", podSelector={}, policyTypes=["Ingress"]),
    ]
    assert ingress(*staged) is True


def test_tiers_before_and_after_those_of_kubernetes() -> None:
    allow_peer = {"name": "a", "action": "Allow", "from": [{"namespaces": {}}]}
    deny_peer = {"name": "a", "action": "Deny", "from": [{"namespaces": {}}]}
    deny = wide("t.deny", tier="t", ingress=[rule("Deny")])
    assert ingress(tier("t", 999), deny, admin("a", ingress=[allow_peer])) is False
    assert ingress(tier("t", 1001), deny, admin("a", ingress=[allow_peer])) is True
    allow = wide("t.allow", tier="t", ingress=[rule()])
    assert ingress(tier("t", 9_999_999), allow, baseline(ingress=[deny_peer])) is True
    assert ingress(tier("t", 10_000_001), allow, baseline(ingress=[deny_peer])) is False


def test_a_policy_of_a_tier_that_does_not_exist_is_a_problem() -> None:
    found = compile_policies(cluster(*WORLD, wide("x.a", tier="x", ingress=[rule("Deny")])), cni="calico")
    assert [(str(ref), text) for ref, text in found.problems] == [
        ("GlobalNetworkPolicy x.a spec.tier", "there is no Tier 'x', so it has no effect")
    ]
    assert ingress(wide("x.a", tier="x")) is None


# actions ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("action", "expected"), [("Allow", True), ("Deny", False), ("Pass", True), ("Log", False)])
def test_actions(action: str, expected: bool) -> None:
    """Pass of the last tier that applies leads to the profile, which allows; after Log the tier's end decides."""
    assert ingress(local("db/a", ingress=[rule(action)])) is expected


def test_pass_skips_the_rest_of_the_tier() -> None:
    assert (
        ingress(
            tier("t", 1),
            wide("t.a", tier="t", order=1, ingress=[rule("Pass")]),
            wide("t.b", tier="t", order=2, ingress=[rule("Deny")]),
        )
        is True
    )


def test_log_goes_on_with_the_next_rule() -> None:
    assert ingress(local("db/a", ingress=[rule("Log"), rule()])) is True


def test_after_the_tiers_the_profile_of_the_namespace_allows() -> None:
    assert (
        ingress(tier("t", 1, "Pass"), wide("t.a", tier="t", ingress=[source("Deny", nets=["203.0.113.0/24"])])) is True
    )


# selectors of subjects -------------------------------------------------------------------------------------------


def test_network_policy_selects_in_its_own_namespace() -> None:
    assert ingress(local("shop/a", ingress=[rule("Deny")])) is True
    assert ingress(local("db/a", selector="app == 'web'", ingress=[rule("Deny")])) is True
    assert ingress(local("db/a", selector="app == 'pg'", ingress=[rule("Deny")])) is False


def test_global_network_policy_sees_everything() -> None:
    assert ingress(wide("a", ingress=[rule("Deny")])) is False
    assert ingress(wide("a", selector="app in {'pg'}", ingress=[rule("Deny")])) is False


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"namespaceSelector": "team == 'blue'"}, False),
        ({"namespaceSelector": "team == 'red'"}, True),
        ({"namespaceSelector": "team != 'red'"}, False),
        ({"namespaceSelector": "all()"}, False),
        ({"namespaceSelector": "projectcalico.org/name == 'db'"}, False),
        ({"namespaceSelector": "kubernetes.io/metadata.name == 'db'"}, False),
        ({"selector": "projectcalico.org/namespace == 'db'"}, False),
        ({"selector": "projectcalico.org/namespace == 'shop'"}, True),
        ({"selector": "projectcalico.org/namespace == 'shop' || app == 'pg'"}, False),
        ({"selector": "!(projectcalico.org/namespace == 'db' && app == 'pg')"}, True),
        ({"selector": "!(projectcalico.org/namespace == 'db' && app == 'x')"}, False),
        ({"selector": "projectcalico.org/orchestrator == 'k8s'"}, False),
        ({"selector": "projectcalico.org/orchestrator != 'k8s'"}, True),
        ({"selector": "pcns.team == 'blue'"}, False),
        ({"selector": "pcns.projectcalico.org/name == 'shop'"}, True),
        ({"selector": "projectcalico.org/serviceaccount == 'default'"}, False),
        ({"selector": "has(projectcalico.org/namespace)"}, False),
        ({"serviceAccountSelector": "projectcalico.org/name == 'default'"}, False),
        ({"serviceAccountSelector": "projectcalico.org/name == 'front'"}, True),
    ],
)
def test_whom_a_global_network_policy_selects(spec: dict[str, Any], expected: bool) -> None:
    assert ingress(wide("a", types=["Ingress"], **spec)) is expected


def test_host_network_pods_are_no_endpoints() -> None:
    deny = wide("a", types=["Ingress"], selector="app == 'web'")
    assert ingress(deny, start="shop/api", end="db/host") is True
    only = local("db/a", ingress=[source(selector="app == 'web'", namespaceSelector="all()")])
    assert ingress(only, start="shop/web") is True
    assert ingress(only, start="db/host") is False


# entities --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entity", "web", "host", "outside"),
    [
        ({}, True, True, True),
        ({"selector": "all()"}, True, False, False),
        ({"namespaceSelector": "all()"}, True, True, False),
        ({"namespaceSelector": "team == 'red'"}, True, True, False),
        ({"namespaceSelector": "team == 'red'", "selector": "app == 'api'"}, False, False, False),
        ({"namespaceSelector": "team != 'blue'", "selector": "app != 'api'"}, True, True, True),
        ({"namespaceSelector": "global()"}, False, False, True),
        ({"nets": ["10.0.0.0/24"]}, True, False, False),
        ({"nets": ["10.0.0.1"]}, True, False, False),
        ({"nets": ["0.0.0.0/0"]}, True, True, True),
        ({"nets": ["::/0"]}, False, False, False),
        ({"nets": ["192.0.2.0/24", "203.0.113.0/24"]}, False, True, True),
        ({"notNets": ["10.0.0.0/8"]}, False, True, True),
        ({"nets": ["0.0.0.0/0"], "notNets": ["203.0.113.0/24", "192.0.2.0/24"]}, True, False, False),
        ({"namespaceSelector": "all()", "nets": ["10.0.0.2/32"]}, False, False, False),
        ({"namespaceSelector": "all()", "nets": ["10.0.0.1/32", "10.0.0.2/32"]}, True, False, False),
        ({"namespaceSelector": "all()", "notNets": ["10.0.0.1/32"]}, False, True, False),
        # Beside another selector it is about labels, and those of the set `near` are not excluded.
        ({"notSelector": "app == 'web'"}, True, False, False),
        ({"notSelector": "app == 'web' || role == 'near'"}, False, False, False),
        ({"namespaceSelector": "all()", "notSelector": "app == 'web' || has(role)"}, False, False, False),
        ({"namespaceSelector": "all()", "notSelector": "app == 'web'"}, True, True, False),
        ({"namespaceSelector": "all()", "notSelector": "app == 'api'"}, True, True, False),
        ({"serviceAccounts": {"names": ["front"]}}, False, False, False),
        ({"serviceAccounts": {"names": ["front"]}, "namespaceSelector": "all()"}, True, False, False),
        ({"serviceAccounts": {"names": ["back"]}, "namespaceSelector": "all()"}, False, False, False),
        ({"selector": "role == 'set'", "namespaceSelector": "global()"}, False, False, True),
        ({"selector": "role == 'set'", "namespaceSelector": "all()"}, False, True, False),
        ({"selector": "role == 'set'"}, False, False, False),
        ({"selector": "role == 'near'"}, True, False, False),
    ],
)
def test_whom_the_source_of_a_network_policy_means(
    entity: dict[str, Any], web: bool, host: bool, outside: bool
) -> None:
    """A policy of namespace db, asked by a pod of shop, by a node and from outside.

    Sets have the addresses of each of them: `near` of namespace db that of the pod, and `nodes` of shop the node's.
    """
    sets = [
        calico("GlobalNetworkSet", "far", {"role": "set"}, nets=["203.0.113.0/24"]),
        calico("NetworkSet", "shop/nodes", {"role": "set"}, nets=["192.0.2.1"]),
        calico("NetworkSet", "db/near", {"role": "near"}, nets=["10.0.0.1/32"]),
    ]
    world = [*WORLD, *sets, local("db/a", ingress=[source(**entity)])]
    found = tuple(allowed(world, start, "db/pg") for start in ("shop/web", "db/host", OUTSIDE))
    assert found == (web, host, outside)


@pytest.mark.parametrize(
    ("entity", "web", "host", "outside"),
    [
        ({"selector": "all()"}, True, False, True),
        ({"selector": "app == 'web'"}, True, False, False),
        ({"selector": "!has(app)"}, False, False, True),
        ({"notSelector": "app == 'web'"}, False, True, True),
        ({"notSelector": "has(role)"}, True, True, False),
        ({"selector": "role == 'set'"}, False, False, True),
        ({"selector": "projectcalico.org/namespace != 'db'"}, True, False, True),
        ({"namespaceSelector": "global()"}, False, False, True),
        ({"namespaceSelector": "!has(team)"}, False, False, True),
        ({"namespaceSelector": "team == 'red'", "notSelector": "app == 'api'"}, True, False, False),
    ],
)
def test_whom_the_source_of_a_global_network_policy_means(
    entity: dict[str, Any], web: bool, host: bool, outside: bool
) -> None:
    sets = calico("GlobalNetworkSet", "far", {"role": "set"}, nets=["203.0.113.0/24"])
    world = [*WORLD, sets, wide("a", selector="app == 'pg'", ingress=[source(**entity)])]
    found = tuple(allowed(world, start, "db/pg") for start in ("shop/web", "db/host", OUTSIDE))
    assert found == (web, host, outside)


def test_the_local_entity_narrows_a_rule() -> None:
    narrowed = rule("Deny", destination={"selector": "app == 'pg'"})
    assert ingress(wide("a", ingress=[narrowed, rule()])) is False
    assert ingress(wide("a", ingress=[narrowed, rule()]), end="shop/api") is True
    egress = rule("Deny", source={"nets": ["10.0.0.1/32"]})
    assert ingress(wide("a", egress=[egress, rule()])) is False
    assert ingress(wide("a", egress=[egress, rule()]), start="shop/api") is True


def test_the_selectors_of_a_rule_mean_both_ends_in_the_namespace_of_the_policy() -> None:
    inside = local("shop/a", ingress=[rule(source={"selector": "all()"}, destination={"selector": "app == 'api'"})])
    assert ingress(inside, end="shop/api") is True
    assert ingress(inside, start="db/pg", end="shop/api") is False
    assert ingress(inside, start="shop/api", end="shop/web") is False


# ports and protocols ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "tcp80", "tcp81", "udp53"),
    [
        ({}, True, True, True),
        ({"protocol": "TCP"}, True, True, False),
        ({"protocol": 6}, True, True, False),
        ({"protocol": "tcp"}, True, True, False),
        ({"protocol": "UDP"}, False, False, True),
        ({"protocol": "ICMP"}, False, False, False),
        ({"protocol": "ICMP", "icmp": {"type": 8}}, False, False, False),
        ({"protocol": 47}, False, False, False),
        ({"notProtocol": "TCP"}, False, False, True),
        ({"notProtocol": "ICMP"}, True, True, True),
        ({"protocol": "TCP", "notProtocol": "TCP"}, False, False, False),
        ({"protocol": "TCP", "destination": {"ports": [80]}}, True, False, False),
        ({"protocol": "TCP", "destination": {"ports": ["80:81"]}}, True, True, False),
        ({"protocol": "TCP", "destination": {"ports": ["80"]}}, True, False, False),
        ({"protocol": "TCP", "destination": {"ports": ["http"]}}, True, False, False),
        ({"protocol": "TCP", "destination": {"ports": ["dns"]}}, False, False, False),
        ({"destination": {"ports": ["dns", "http"]}}, True, False, True),
        ({"protocol": "TCP", "destination": {"notPorts": [80]}}, False, True, False),
        ({"protocol": "TCP", "destination": {"notPorts": ["http"]}}, False, True, False),
        ({"protocol": "TCP", "destination": {"ports": ["1:100"], "notPorts": [81]}}, True, False, False),
        ({"protocol": "TCP", "destination": {"ports": [0]}}, False, False, False),
        ({"ipVersion": 4}, True, True, True),
        ({"ipVersion": 6}, False, False, False),
    ],
)
def test_ports_and_protocols(fields: dict[str, Any], tcp80: bool, tcp81: bool, udp53: bool) -> None:
    world = [*WORLD, local("db/a", ingress=[rule(**fields)])]
    found = tuple(allowed(world, "shop/web", "db/pg", port) for port in ("80/TCP", "81/TCP", "53/UDP"))
    assert found == (tcp80, tcp81, udp53)


@pytest.mark.parametrize("entity", [{"ports": [1024]}, {"ports": ["1:65535"]}, {"ports": ["x"]}, {"notPorts": [1024]}])
def test_source_ports_are_not_known(entity: dict[str, Any]) -> None:
    clients = rule(protocol="TCP", source=entity)
    assert ingress(local("db/a", ingress=[clients])) is None
    assert ingress(local("db/a", ingress=[clients]), port="53/UDP") is False
    assert ingress(local("db/a", ingress=[clients, rule()])) is True


# services --------------------------------------------------------------------------------------------------------

SERVICE = {
    "kind": "Service",
    "apiVersion": "v1",
    "metadata": {"name": "pg", "namespace": "db"},
    "spec": {"selector": {"app": "pg"}, "ports": [{"port": 5432, "targetPort": "http"}], "clusterIP": "10.96.0.7"},
}
SLICE = {
    "kind": "EndpointSlice",
    "apiVersion": "discovery.k8s.io/v1",
    "metadata": {"name": "pg-1", "namespace": "db", "labels": {"kubernetes.io/service-name": "pg"}},
    "endpoints": [{"addresses": ["10.0.1.1"], "conditions": {"ready": False}}],
    "ports": [{"port": 80, "protocol": "TCP"}],
}


@pytest.mark.parametrize("objects", [[SERVICE], [SERVICE, SLICE]], ids=["manifest", "slices"])
def test_a_service_as_destination_is_its_endpoints_at_their_ports(objects: list[Manifest]) -> None:
    world = [*WORLD, *objects, local("shop/a", egress=[target(services={"name": "pg", "namespace": "db"})])]
    assert allowed(world, "shop/web", "db/pg") is True
    assert allowed(world, "shop/web", "db/pg", "5432/TCP") is False
    assert allowed(world, "shop/web", "db/pg", "80/UDP") is False
    assert allowed(world, "shop/web", "shop/api") is False


def test_a_service_is_looked_up_in_the_namespace_of_the_policy() -> None:
    world = [*WORLD, SERVICE, SLICE, local("shop/a", egress=[target(services={"name": "pg"})])]
    assert allowed(world, "shop/web", "db/pg") is False
    world = [*WORLD, SERVICE, SLICE, local("db/a", egress=[target(services={"name": "pg"})])]
    assert allowed(world, "db/pg", "shop/web") is False


def test_a_service_as_source_is_its_endpoints_whatever_port() -> None:
    world = [*WORLD, SERVICE, SLICE, local("shop/a", ingress=[source(services={"name": "pg", "namespace": "db"})])]
    assert allowed(world, "db/pg", "shop/web", "81/TCP") is True
    assert allowed(world, "shop/api", "shop/web", "81/TCP") is False


# host endpoints --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("field", ["doNotTrack", "preDNAT"])
def test_policies_for_host_endpoints_alone_select_no_pod(field: str) -> None:
    before = wide("a", **{field: True}, applyOnForward=True, types=["Ingress"], ingress=[rule("Deny")])
    assert ingress(before) is True
    found = compile_policies(cluster(*WORLD, before), cni="calico")
    assert any("host endpoints" in text for _, text in found.warnings)


def test_apply_on_forward_does_not_keep_a_policy_from_pods() -> None:
    assert ingress(wide("a", applyOnForward=True, ingress=[rule("Deny")])) is False


def test_a_host_endpoint_is_chosen_by_its_labels_at_its_addresses() -> None:
    open_profile: dict[str, Any] = {"profiles": ["projectcalico-default-allow"], "expectedIPs": ["192.0.2.1"]}
    host = calico("HostEndpoint", "n1", {"role": "node"}, node="n1", **open_profile)
    only = wide("a", selector="app == 'pg'", ingress=[source(selector="role == 'node'")])
    assert ingress(host, only, start="db/host") is True
    assert ingress(only, start="db/host") is False


# explanations ----------------------------------------------------------------------------------------------------


def test_the_deciding_rule_is_named_with_its_field() -> None:
    found = ask([*WORLD, local("db/a", ingress=[source("Deny", nets=["10.0.0.0/24"]), rule()])], "shop/web", "db/pg")
    assert str(found.ingress.decided_by) == "NetworkPolicy.v3.projectcalico.org db/a spec.ingress[0].source.nets[0]"
    found = ask([*WORLD, local("db/a", ingress=[source("Deny", selector="all()"), rule()])], "shop/web", "db/pg")
    assert str(found.ingress.decided_by) == "NetworkPolicy.v3.projectcalico.org db/a spec.ingress[1]"


def test_a_rule_that_nearly_matches_is_named() -> None:
    found = ask([*WORLD, local("db/a", ingress=[source(selector="app == 'web'")])], "shop/web", "db/pg")
    (near,) = found.ingress.near_misses
    assert str(near.rule.at(near.misses[0].path)).endswith("db/a spec.ingress[0].source.selector")


# plugins ---------------------------------------------------------------------------------------------------------


def test_under_another_plugin_it_has_no_effect_and_that_is_said() -> None:
    world = [*WORLD, wide("a", ingress=[rule("Deny")])]
    assert ask(world, "shop/web", "db/pg", cni="flannel").allowed is True
    warnings = compile_policies(cluster(*world), cni="cilium").warnings
    assert [(str(ref), text) for ref, text in warnings] == [
        ("GlobalNetworkPolicy a", "it has no effect: cilium does not enforce Calico's policies")
    ]


@pytest.mark.parametrize("cni", ["", "unknown"])
def test_where_the_plugin_is_not_known_the_answer_is_open(cni: str) -> None:
    assert ask([*WORLD, wide("a", ingress=[rule()])], "shop/web", "db/pg", cni=cni).allowed is None
    assert ask([*WORLD, local("db/a", ingress=[rule()])], "shop/web", "db/pg", cni=cni).allowed is None
    assert ask([*WORLD, local("db/a", ingress=[rule()])], "shop/web", "shop/api", cni=cni).allowed is True


def test_canal_enforces_them() -> None:
    assert ask([*WORLD, wide("a", ingress=[rule("Deny")])], "shop/web", "db/pg", cni="canal").allowed is False


def account(name: str, **labels: str) -> Manifest:
    where, _, short = name.partition("/")
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": short, "namespace": where} | {"labels": labels},
    }


@pytest.mark.parametrize(
    "spec",
    [
        {"ingress": [source(serviceAccounts={"selector": "team == 'red'"}, namespaceSelector="all()")]},
        {"ingress": [source(selector="pcsa.team == 'red'", namespaceSelector="all()")]},
    ],
    ids=["serviceAccounts", "pcsa"],
)
def test_rules_know_service_accounts_by_their_labels(spec: dict[str, Any]) -> None:
    policy = local("db/a", types=["Ingress"], **spec)
    assert ingress(policy, account("shop/front", team="red")) is True
    assert ingress(policy, account("shop/front", team="blue")) is False
    assert ingress(policy, account("db/front", team="red")) is None  # of another namespace: the pod's own is not known
    assert ingress(policy) is None


def test_policies_select_pods_by_the_labels_of_their_service_accounts() -> None:
    policy = wide("a", types=["Ingress"], serviceAccountSelector="team == 'blue'")
    mine = next(one["spec"].get("serviceAccountName", "default") for one in WORLD if one["metadata"]["name"] == "pg")
    assert ingress(policy, account(f"db/{mine}", team="blue")) is False
    assert ingress(policy, account(f"db/{mine}")) is True
    assert ingress(policy) is None
