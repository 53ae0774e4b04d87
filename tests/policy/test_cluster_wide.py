"""Where readers of the policies for the whole cluster go wrong: one test for each trap."""

from __future__ import annotations

import pytest

from netdoctor.model.refs import ObjectRef
from netdoctor.policy.compile import compile_policies
from netdoctor.policy.decide import decide
from netdoctor.policy.explain import because, describe_peer
from netdoctor.policy.profile import profile_for
from netdoctor.policy.repair import repairs
from netdoctor.policy.verdict import MissKind
from tests.policy.clusters import (
    CALICO,
    Manifest,
    admin,
    ask,
    baseline,
    cluster,
    cluster_policy,
    flow,
    namespace,
    node,
    pod,
    policy,
)

WEB = pod("shop/web", "10.0.0.1", {"app": "web"}, nodeName="n1")
PG = pod("db/pg", "10.0.1.1", {"app": "pg"}, ports=[("pg", 5432, "TCP"), ("stats", 5432, "UDP")], nodeName="n2")
HOST = pod("shop/agent", "172.18.0.3", {"app": "agent"}, hostNetwork=True, nodeName="n2")
SPACES = (namespace("shop", team="red"), namespace("db", team="blue"))
NODES = (node("n1", "172.18.0.2", role="worker"), node("n2", "172.18.0.3", role="ingress"))
EVERYONE: Manifest = {"namespaces": {}}
RED: Manifest = {"namespaces": {"matchLabels": {"team": "red"}}}
ISOLATED = policy("db/deny", ingress=[])
OPEN = policy("db/open", ingress=[{}])


def rule(action: str, *peers: Manifest, to: bool = False, **rest: object) -> Manifest:
    return {"action": action, "to" if to else "from": list(peers or [EVERYONE]), **rest}


def allowed(*policies: Manifest, source: str = "shop/web", to: str = "db/pg", port: str = "5432/TCP") -> bool | None:
    return ask(cluster(*SPACES, *NODES, WEB, PG, HOST, *policies), source, to, port).allowed


# Tiers -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policies", "expected"),
    [
        ([admin("a", ingress=[rule("Deny")]), OPEN], False),
        ([admin("a", ingress=[rule("Allow")]), ISOLATED], True),
        ([admin("a", ingress=[rule("Pass")]), ISOLATED], False),
        ([admin("a", ingress=[rule("Pass"), rule("Deny")])], True),
        ([admin("a", ingress=[rule("Pass")]), admin("b", 11, ingress=[rule("Deny")])], True),
        ([baseline(ingress=[rule("Deny")])], False),
        ([baseline(ingress=[rule("Deny")]), OPEN], True),
        ([baseline(ingress=[rule("Allow")]), ISOLATED], False),
        ([baseline(ingress=[rule("Deny")]), admin("a", ingress=[rule("Pass")])], False),
        ([baseline(ingress=[rule("Deny")]), admin("a", ingress=[rule("Allow")])], True),
        ([cluster_policy("c", "Baseline", ingress=[rule("Pass"), rule("Deny")])], True),
        ([cluster_policy("c", ingress=[rule("Accept")]), ISOLATED], True),
    ],
)
def test_the_first_tier_that_decides_is_the_last(policies: list[Manifest], expected: bool) -> None:
    assert allowed(*policies) is expected


def test_a_policy_for_the_whole_cluster_isolates_nobody() -> None:
    assert allowed(admin("a", ingress=[rule("Deny", {"namespaces": {"matchLabels": {"team": "none"}}})]))


def test_both_sides_are_asked() -> None:
    accepting = cluster_policy("c", egress=[rule("Accept", to=True)])
    assert allowed(accepting, ISOLATED) is False
    assert allowed(accepting, policy("shop/p", policyTypes=["Egress"])) is True


def test_the_lower_priority_number_comes_first_whatever_the_name() -> None:
    deny, allow = rule("Deny"), rule("Allow")
    assert allowed(admin("a", 5, ingress=[allow]), admin("b", 4, ingress=[deny])) is False
    assert allowed(admin("a", 0, ingress=[allow]), admin("b", 1000, ingress=[deny])) is True


def test_many_policies_of_the_baseline_have_an_order_too() -> None:
    first, second = (
        cluster_policy(n, "Baseline", p, ingress=[rule(a)]) for n, p, a in (("x", 2, "Deny"), ("y", 1, "Accept"))
    )
    assert allowed(first, second) is True


# Ties --------------------------------------------------------------------------------------------------------


def test_what_policies_of_equal_priority_disagree_on_is_undefined() -> None:
    tied = admin("a", ingress=[rule("Allow")]), admin("b", ingress=[rule("Deny", RED)])
    verdict = ask(cluster(*SPACES, WEB, PG, *tied), "shop/web", "db/pg")
    assert verdict.allowed is None
    assert (
        "undefined by the API: AdminNetworkPolicy a spec.ingress[0].from[0] (Allow) and "
        "AdminNetworkPolicy b spec.ingress[0].from[0] (Deny) match at the same priority 10" in verdict.assumptions
    )


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ([rule("Deny")], [rule("Deny", RED)]),  # they agree
        ([rule("Deny")], [rule("Allow", {"namespaces": {"matchLabels": {"team": "blue"}}})]),  # one does not match
        ([rule("Deny"), rule("Allow")], [rule("Deny")]),  # only the first that matches counts
    ],
)
def test_equal_priorities_alone_are_no_tie(first: list[Manifest], second: list[Manifest]) -> None:
    assert allowed(admin("a", ingress=first), admin("b", ingress=second)) is False


def test_an_order_between_tiers_is_no_tie() -> None:
    assert allowed(
        cluster_policy("a", ingress=[rule("Accept")]), cluster_policy("b", "Baseline", ingress=[rule("Deny")])
    )


def test_a_policy_before_those_that_tie_decides() -> None:
    tied = admin("a", ingress=[rule("Allow")]), admin("b", ingress=[rule("Deny")])
    assert allowed(*tied, admin("c", 9, ingress=[rule("Deny")])) is False
    assert allowed(*tied, admin("c", 11, ingress=[rule("Deny")])) is None


# Whom it is about --------------------------------------------------------------------------------------------


def test_a_subject_is_chosen_by_namespace_and_by_pod() -> None:
    def denies(**subject: Manifest) -> bool:
        return not allowed(admin("a", subject=subject, ingress=[rule("Deny")]))

    blue = {"matchLabels": {"team": "blue"}}
    assert denies(namespaces=blue)
    assert not denies(namespaces={"matchLabels": {"team": "red"}})
    assert denies(pods={"namespaceSelector": blue, "podSelector": {"matchLabels": {"app": "pg"}}})
    assert not denies(pods={"namespaceSelector": blue, "podSelector": {"matchLabels": {"app": "web"}}})
    assert denies(pods={"namespaceSelector": {}, "podSelector": {}})


def test_pods_on_the_host_network_are_neither_subject_nor_pod_peer() -> None:
    deny_in, deny_out = admin("a", ingress=[rule("Deny")]), admin("a", egress=[rule("Deny", to=True)])
    assert allowed(deny_in, to="shop/agent")
    assert allowed(deny_out, source="shop/agent")
    assert allowed(deny_in, source="shop/agent", to="shop/web")
    assert allowed(deny_out, to="shop/agent")


def test_nodes_are_chosen_by_their_labels_and_pods_on_their_host_network_with_them() -> None:
    ingress_nodes = {"nodes": {"matchLabels": {"role": "ingress"}}}
    denied = admin("a", egress=[rule("Deny", ingress_nodes, to=True)])
    assert allowed(denied, to="172.18.0.3") is False
    assert allowed(denied, to="shop/agent") is False
    assert allowed(denied, to="172.18.0.2") is True
    assert allowed(denied, to="db/pg") is True  # it runs there, and is no node
    assert allowed(denied, to="192.0.2.1") is True


def test_networks_match_pods_and_nodes_under_any_network_plugin() -> None:
    by_identity = profile_for("cilium")
    for address, to in (("10.0.1.1/32", "db/pg"), ("172.18.0.3/32", "shop/agent"), ("172.18.0.2/32", "172.18.0.2")):
        denied = cluster_policy("c", egress=[rule("Deny", {"networks": ["2001:db8::/32", address]}, to=True)])
        snapshot = cluster(*SPACES, *NODES, replaced(WEB, nodeName=""), PG, HOST, denied)
        side = ask(snapshot, "shop/web", to, profile=by_identity).egress
        assert side.allowed is False
        assert side.decided_by == ObjectRef("ClusterNetworkPolicy", "c", path="spec.egress[0].to[0].networks[1]")


def replaced(manifest: Manifest, **spec: object) -> Manifest:
    return {**manifest, "spec": {**manifest["spec"], **spec}}


def test_domain_names_may_mean_any_address_outside_and_none_inside() -> None:
    named = admin("a", 1, egress=[rule("Allow", {"domainNames": ["*.example.com"]}, to=True)])
    deny = admin("b", 2, egress=[rule("Deny", {"networks": ["0.0.0.0/0"]}, to=True)])
    verdict = ask(cluster(*SPACES, *NODES, WEB, PG, named, deny), "shop/web", "192.0.2.1")
    assert verdict.allowed is None
    assert (
        "cannot be known: AdminNetworkPolicy a spec.egress[0].to[0] wants an address of *.example.com, "
        "found address 192.0.2.1, which may be one of it" in verdict.assumptions
    )
    assert allowed(named, deny) is False
    assert allowed(named, deny, to="172.18.0.3") is False
    assert allowed(named, to="192.0.2.1") is True  # either way


# Ports -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ports", "denied"),
    [
        ({"ports": [{"portNumber": {"port": 5432, "protocol": "TCP"}}]}, ["5432/TCP"]),
        ({"ports": [{"portRange": {"start": 5000, "end": 5432, "protocol": "UDP"}}]}, ["5000/UDP", "5432/UDP"]),
        ({"ports": [{"namedPort": "pg"}]}, ["5432/TCP"]),
        ({"ports": [{"namedPort": "stats"}]}, ["5432/UDP"]),
        ({"ports": [{"namedPort": "none"}]}, []),
        ({}, ["5432/TCP", "5432/UDP", "5000/UDP", "5433/SCTP"]),
    ],
)
def test_ports_of_the_first_api(ports: Manifest, denied: list[str]) -> None:
    denying = admin("a", ingress=[{**rule("Deny"), **ports}])
    flows = ["5432/TCP", "5432/UDP", "5000/UDP", "5433/SCTP"]
    assert [port for port in flows if not allowed(denying, port=port)] == [p for p in flows if p in denied]


@pytest.mark.parametrize(
    ("entry", "denied"),
    [
        ({"tcp": {"destinationPort": {"number": 5432}}}, ["5432/TCP"]),
        ({"udp": {"destinationPort": {"range": {"start": 5000, "end": 5432}}}}, ["5432/UDP", "5000/UDP"]),
        ({"sctp": {"destinationPort": {"number": 5433}}}, ["5433/SCTP"]),
        ({"destinationNamedPort": "stats"}, ["5432/UDP"]),
    ],
)
def test_protocols_of_the_second_api(entry: Manifest, denied: list[str]) -> None:
    denying = cluster_policy("c", ingress=[rule("Deny", protocols=[entry])])
    flows = ["5432/TCP", "5432/UDP", "5000/UDP", "5433/SCTP"]
    assert [port for port in flows if not allowed(denying, port=port)] == denied


# What netdoctor cannot read ----------------------------------------------------------------------------------


@pytest.mark.parametrize("action", ["Allow", "Deny", "Pass"])
def test_a_peer_without_a_known_field_fails_closed_whatever_else_its_rule_says(action: str) -> None:
    unknown = rule(action, EVERYONE, {"cloudAccounts": ["x"]}, ports=[{"portNumber": {"port": 1, "protocol": "TCP"}}])
    fallback = admin("z", 20, ingress=[rule("Deny" if action == "Allow" else "Allow")])
    snapshot = cluster(*SPACES, WEB, PG, admin("a", ingress=[unknown]), fallback)
    assert ask(snapshot, "shop/web", "db/pg").allowed is False
    ((ref, text),) = compile_policies(snapshot).problems
    assert ref == ObjectRef("AdminNetworkPolicy", "a", path="spec.ingress[0].from[1]")
    assert ("allows nothing" if action == "Allow" else "denies everything") in text


@pytest.mark.parametrize(
    ("kind", "policies", "expected"),
    [
        ("AdminNetworkPolicy", [OPEN], None),
        ("ClusterNetworkPolicy", [admin("a", ingress=[rule("Deny")])], None),
        ("BaselineAdminNetworkPolicy", [], None),
        ("BaselineAdminNetworkPolicy", [ISOLATED], False),
        ("BaselineAdminNetworkPolicy", [OPEN], True),
        ("BaselineAdminNetworkPolicy", [admin("a", ingress=[rule("Deny")])], False),
    ],
)
def test_kinds_that_could_not_be_read_leave_open_what_no_earlier_tier_decides(
    kind: str, policies: list[Manifest], expected: bool | None
) -> None:
    snapshot = cluster(*SPACES, WEB, PG, *policies, unread=((kind, ""),))
    verdict = ask(snapshot, "shop/web", "db/pg")
    assert verdict.ingress.allowed is expected
    assert f"the {kind.removesuffix('y')}ies could not be read" in verdict.assumptions  # of the source's side


def test_an_admin_rule_decides_before_network_policies_that_could_not_be_read() -> None:
    deny = admin("a", ingress=[rule("Deny")])
    verdict = ask(cluster(*SPACES, WEB, PG, deny, unread=(("NetworkPolicy", "db"),)), "shop/web", "db/pg")
    assert verdict.ingress.allowed is False


@pytest.mark.parametrize(
    ("action", "label", "expected"),
    [
        ("Deny", "team", None),
        ("Allow", "team", True),  # allowed either way
        ("Deny", "kubernetes.io/metadata.name", False),  # known all the same
    ],
)
def test_a_subject_by_labels_of_a_namespace_that_could_not_be_read(
    action: str, label: str, expected: bool | None
) -> None:
    subject = {"namespaces": {"matchLabels": {label: "db" if "/" in label else "blue"}}}
    snapshot = cluster(WEB, PG, admin("a", subject=subject, ingress=[rule(action)]), unread=(("Namespace", "db"),))
    verdict = ask(snapshot, "shop/web", "db/pg")
    assert verdict.ingress.allowed is expected
    doubt = (
        "cannot be known: AdminNetworkPolicy a spec.subject wants namespace label team=blue, "
        "found namespace db, whose labels could not be read"
    )
    assert (doubt in verdict.assumptions) == (expected is None)


def test_a_rule_that_may_pass_leaves_the_next_tier_open() -> None:
    passing = admin("a", ingress=[rule("Pass", RED), rule("Deny")])
    snapshot = cluster(WEB, PG, passing, unread=(("Namespace", "shop"),))
    assert ask(snapshot, "shop/web", "db/pg").ingress.allowed is None
    isolated = cluster(WEB, PG, passing, ISOLATED, unread=(("Namespace", "shop"),))
    assert ask(isolated, "shop/web", "db/pg").ingress.allowed is False  # either way


@pytest.mark.parametrize("action", ["Deny", "Allow"])
@pytest.mark.parametrize(
    ("to", "selector", "unknown"),
    [
        ("shop/agent", {"matchLabels": {"role": "ingress"}}, True),
        ("shop/agent", {}, False),
        ("192.0.2.1", {}, True),
        ("db/pg", {}, None),
    ],
)
def test_nodes_that_could_not_be_read_may_have_any_label_and_address(
    action: str, to: str, selector: Manifest, unknown: bool | None
) -> None:
    chosen = admin("a", 1, egress=[rule(action, {"nodes": selector}, to=True)])
    rest = admin("b", 2, egress=[rule("Deny" if action == "Allow" else "Allow", {"networks": ["0.0.0.0/0"]}, to=True)])
    snapshot = cluster(*SPACES, replaced(WEB, nodeName=""), PG, HOST, chosen, rest, unread=(("Node", ""),))
    expected = None if unknown else (action == "Allow") is (unknown is False)
    assert ask(snapshot, "shop/web", to).egress.allowed is expected


# What is said ------------------------------------------------------------------------------------------------


def test_a_denial_names_its_rule_and_what_nearly_came_before() -> None:
    near = rule("Allow", {"namespaces": {"matchLabels": {"team": "green"}}})
    policies = admin(
        "a", 1, ingress=[near, rule("Deny", RED), rule("Allow", {"namespaces": {"matchLabels": {"x": "y"}}})]
    )
    snapshot = cluster(*SPACES, WEB, PG, policies, OPEN)
    compiled = compile_policies(snapshot)
    verdict = decide(compiled, flow(snapshot, "shop/web", "db/pg", "5432/TCP"), CALICO)
    assert verdict.ingress.denied_by == (ObjectRef("AdminNetworkPolicy", "a"),)
    assert because(compiled, verdict.ingress) == (
        "by the Deny of AdminNetworkPolicy a spec.ingress[1].from[0]: all pods in namespaces with team=red"
    )
    assert [(str(near.rule), near.because) for near in verdict.ingress.near_misses] == [
        (
            "AdminNetworkPolicy a spec.ingress[0].from[0]",
            "wants namespace label team=green, found namespace shop with team=red",
        )
    ]
    assert verdict.assumptions == ("the network plugin implements AdminNetworkPolicy, which not every one does",)


def test_the_second_api_accepts_where_the_first_allows() -> None:
    snapshot = cluster(*SPACES, WEB, PG, cluster_policy("c", ingress=[rule("Accept")]))
    compiled = compile_policies(snapshot)
    side = decide(compiled, flow(snapshot, "shop/web", "db/pg"), CALICO).ingress
    assert because(compiled, side).startswith("by the Accept of ClusterNetworkPolicy c spec.ingress[0].from[0]")


@pytest.mark.parametrize(
    ("peer", "kind", "because"),
    [
        (
            {"nodes": {"matchLabels": {"role": "x"}}},
            MissKind.NODE_LABEL,
            "node label role=x, found node n2 with role=ingress",
        ),
        ({"networks": ["10.9.0.0/16"]}, MissKind.IP_BLOCK, "an address in 10.9.0.0/16, found address 172.18.0.3"),
        (EVERYONE, MissKind.HOST_NETWORK, "wants a pod with its own network"),
        ({"domainNames": ["example.com"]}, MissKind.PEER_IS_INSIDE, "an address of example.com, outside the cluster"),
        ({}, MissKind.PEER_UNREADABLE, "what netdoctor cannot read"),
    ],
)
def test_each_kind_of_peer_says_what_it_misses(peer: Manifest, kind: MissKind, because: str) -> None:
    allowing = admin("a", 1, egress=[rule("Allow", peer, to=True)])
    deny = admin("b", 2, egress=[rule("Deny", {"nodes": {}}, to=True)])
    (near,) = ask(cluster(*SPACES, *NODES, WEB, HOST, allowing, deny), "shop/web", "shop/agent").egress.near_misses
    assert [miss.kind for miss in near.misses] == [kind]
    assert because in near.because
    assert near.rule.path.startswith("spec.egress[0].to[0]")


@pytest.mark.parametrize(
    ("peer", "path"),
    [
        ({"namespaces": {"matchLabels": {"x": "y"}}}, "namespaces"),
        ({"pods": {"namespaceSelector": {"matchLabels": {"x": "y"}}, "podSelector": {}}}, "pods.namespaceSelector"),
        ({"pods": {"namespaceSelector": {}, "podSelector": {"matchLabels": {"x": "y"}}}}, "pods.podSelector"),
        ({"nodes": {"matchLabels": {"x": "y"}}}, "nodes"),
        ({"networks": ["10.0.0.0/30", "10.9.0.0/16"]}, "networks[0]"),
        ({"domainNames": ["example.com"]}, "domainNames"),
    ],
)
def test_a_miss_names_the_field_of_its_api(peer: Manifest, path: str) -> None:
    allowing = admin("a", 1, egress=[rule("Allow", peer, to=True)])
    snapshot = cluster(*SPACES, WEB, PG, allowing, admin("b", 2, egress=[rule("Deny", to=True)]))
    near = ask(snapshot, "shop/web", "db/pg").egress.near_misses[0]
    assert near.misses[0].path == f"spec.egress[0].to[0].{path}"


@pytest.mark.parametrize(
    ("peer", "text"),
    [
        (EVERYONE, "all pods in every namespace"),
        ({"nodes": {}}, "all nodes"),
        ({"nodes": {"matchLabels": {"role": "x"}}}, "nodes with role=x"),
        ({"networks": ["10.0.0.0/8"]}, "10.0.0.0/8"),
        ({"domainNames": ["a.example", "b.example"]}, "a.example, b.example"),
        ({}, "a peer that netdoctor cannot read"),
    ],
)
def test_peers_in_words(peer: Manifest, text: str) -> None:
    compiled = compile_policies(cluster(admin("a", egress=[rule("Allow", peer, to=True)])))
    assert describe_peer(compiled.rulesets[""][0].rules[0].peers[0]) == text


# What would help ---------------------------------------------------------------------------------------------


def fixes(*manifests: Manifest) -> list[str]:
    snapshot = cluster(*SPACES, WEB, PG, *manifests)
    compiled = compile_policies(snapshot)
    verdict = decide(compiled, flow(snapshot, "shop/web", "db/pg", "5432/TCP"), CALICO)
    return [repair.title for repair in repairs(compiled, verdict, CALICO)]


def test_no_network_policy_helps_against_an_admin_rule() -> None:
    assert fixes(admin("a", ingress=[rule("Deny")]), ISOLATED) == []


def test_a_network_policy_overrides_the_baseline() -> None:
    assert fixes(baseline(ingress=[rule("Deny")])) == ["create NetworkPolicy db/allow-web-to-pg for this flow alone"]


def test_a_namespace_label_may_be_what_an_admin_rule_wants() -> None:
    green = {"namespaces": {"matchLabels": {"tier": "front"}}}
    assert fixes(admin("a", ingress=[rule("Allow", green), rule("Deny")])) == ["label namespace shop tier=front"]


def test_an_effect_counts_what_policies_for_the_whole_cluster_leave() -> None:
    """The label opens the flow asked about, and that to the other pod which the rule is about."""
    green = {"namespaces": {"matchLabels": {"tier": "front"}}}
    other = pod("db/other", "10.0.1.2", {"app": "other"})
    snapshot = cluster(*SPACES, WEB, PG, other, admin("a", ingress=[rule("Allow", green), rule("Deny")]))
    compiled = compile_policies(snapshot)
    asked = flow(snapshot, "shop/web", "db/pg", "5432/TCP")
    (repair,) = repairs(compiled, decide(compiled, asked, CALICO), CALICO)
    assert [line.split(" ", 5)[:5] for line in repair.opens] == [
        ["Pod", "shop/web", "→", "Pod", "db/other"],
        ["Pod", "shop/web", "→", "Pod", "db/pg"],
    ]
    assert repair.closes == ()
