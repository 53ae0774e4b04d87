"""What Cilium's documentation says of its policies, line by line; each test is named after its line."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from netdoctor.cluster.snapshot import Unread
from netdoctor.policy.compile import compile_policies
from netdoctor.policy.rules import Protocol
from tests.policy.cilium.worlds import compiled, config, policy, verdict

API = "endpointSelector: {matchLabels: {app: api}}\n"
WEB = "endpointSelector: {matchLabels: {app: web}}\n"


def passes(spec: str, source: str, destination: str = "shop/api", port: int = 80, **more: Any) -> bool | None:
    """Under one policy of namespace shop."""
    return verdict([policy(spec)], source, destination, port, **more).allowed


# "Deny Policies": the table of allow and deny policies, column by column ---------------------------------------

CLIENT = "fromEndpoints: [{matchLabels: {app: web}}]"
ALLOWED = f"""
ingress:
- {{{CLIENT}, toPorts: [{{ports: [{{port: "80", protocol: TCP}}], rules: {{http: [{{path: /}}]}}}}]}}
- {{toPorts: [{{ports: [{{port: "80", protocol: TCP}}]}}]}}
- {{toPorts: [{{ports: [{{port: "81", protocol: TCP}}]}}]}}
- {{{CLIENT}}}
"""
DENY_80 = '- {toPorts: [{ports: [{port: "80", protocol: TCP}]}]}\n'
DENY_CLIENT = f"- {{{CLIENT}}}\n"


@pytest.mark.parametrize(
    ("spec", "to_81", "to_80"),
    [
        (ALLOWED, True, True),
        (f"{ALLOWED}ingressDeny:\n{DENY_80}", True, False),
        (f"{ALLOWED}ingressDeny:\n{DENY_CLIENT}", False, False),
        (f"{ALLOWED}ingressDeny:\n{DENY_80}{DENY_CLIENT}", False, False),
        (f"ingressDeny:\n{DENY_80}", False, False),
    ],
    ids=["allow-only", "deny-l4-80", "deny-l3", "deny-l3-and-l4", "deny-without-allow"],
)
def test_deny_table(spec: str, *, to_81: bool, to_80: bool) -> None:
    assert passes(API + spec, "shop/web", port=81) is to_81
    assert passes(API + spec, "shop/web", port=80) is to_80


KUBERNETES: dict[str, Any] = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "NetworkPolicy",
    "metadata": {"name": "k", "namespace": "shop"},
    "spec": {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{}]},
}


@pytest.mark.parametrize("allowing", ["CNP", "CCNP", "NP"])
@pytest.mark.parametrize("denying", ["shop", ""], ids=["CNP", "CCNP"])
def test_deny_beats_allow_across_cnp_ccnp_and_np(allowing: str, denying: str) -> None:
    everyone = policy(
        "endpointSelector: {}\ningress: [{fromEntities: [all]}]", "shop" if allowing == "CNP" else "", "a"
    )
    admits = KUBERNETES if allowing == "NP" else everyone
    denies = policy(f"{API}ingressDeny: [{{fromEntities: [world]}}]", denying, "d")
    assert verdict([admits], "203.0.113.7", "shop/api").allowed is True
    assert verdict([admits, denies], "203.0.113.7", "shop/api").allowed is False
    assert verdict([admits, denies], "shop/web", "shop/api").allowed is True


def test_allow_rules_of_cnp_ccnp_and_np_add_up() -> None:
    isolating = {**KUBERNETES, "spec": {"podSelector": {}, "policyTypes": ["Ingress"]}}
    cnp = policy(f"{API}ingress: [{{fromEndpoints: [{{matchLabels: {{app: web}}}}]}}]")
    assert verdict([isolating], "shop/web", "shop/api").allowed is False
    assert verdict([isolating, cnp], "shop/web", "shop/api").allowed is True


# "Policy Enforcement Modes" --------------------------------------------------------------------------------------


def test_an_endpoint_that_no_policy_selects_is_not_restricted() -> None:
    assert passes(f"{API}ingress: [{{}}]", "shop/api", "db/pg") is True


@pytest.mark.parametrize(("section", "into", "out"), [("ingress", False, True), ("egress", True, False)])
@pytest.mark.parametrize("kind", ["", "Deny"])
def test_default_deny_is_per_direction_by_the_sections_there_are(
    section: str, kind: str, *, into: bool, out: bool
) -> None:
    spec = f"{API}{section}{kind}: [{{}}]"
    assert passes(spec, "shop/web", "shop/api") is into
    assert passes(spec, "shop/api", "db/pg") is out


def test_enable_default_deny_false_does_not_isolate() -> None:
    spec = f"{API}enableDefaultDeny: {{ingress: false}}\ningress: [{{fromEndpoints: [{{matchLabels: {{app: x}}}}]}}]"
    assert passes(spec, "shop/web") is True


def test_enable_default_deny_false_still_denies_what_it_denies() -> None:
    spec = f"{API}enableDefaultDeny: {{ingress: false}}\ningressDeny: [{{fromEntities: [world]}}]"
    assert (passes(spec, "203.0.113.7"), passes(spec, "shop/web")) == (False, True)


def test_any_policy_that_enables_default_deny_isolates() -> None:
    off = policy(f"{API}enableDefaultDeny: {{ingress: false}}\ningress: [{{fromEntities: [host]}}]", name="off")
    on = policy(f"{API}ingress: [{{fromEntities: [world]}}]", name="on")
    assert verdict([off], "shop/web", "shop/api").allowed is True
    assert verdict([off, on], "shop/web", "shop/api").allowed is False


def test_mode_always_isolates_who_no_policy_selects() -> None:
    always = [config(enable_policy="always")]
    assert verdict(always, "shop/web", "shop/api").allowed is False
    both = [
        *always,
        policy("endpointSelector: {}\ningress: [{fromEntities: [all]}]\negress: [{toEntities: [all]}]"),
    ]
    assert verdict(both, "shop/web", "shop/api").allowed is True
    assert verdict([config(enable_policy="default")], "shop/web", "shop/api").allowed is True


@pytest.mark.parametrize(
    ("data", "said"), [({"enable_policy": "never"}, "never"), ({"policy_audit_mode": "true"}, "nothing is dropped")]
)
def test_modes_in_which_nothing_is_dropped_are_said(data: dict[str, str], said: str) -> None:
    ((ref, text),) = compiled([policy(f"{API}ingress: [{{}}]"), config(**data)]).warnings
    assert (ref.kind, said in text) == ("ConfigMap", True)


# Lists: missing, empty, with an empty element ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("section", "allowed"),
    [
        ("", True),
        ("ingress: []", True),
        ("ingress: null", True),
        ("ingress: [{}]", False),
        ("ingress: [{fromEndpoints: []}]", False),
        ('ingress: [{fromEndpoints: [], toPorts: [{ports: [{port: "80"}]}]}]', False),
        ("ingress: [{fromEntities: []}]", False),
        ("ingress: [{fromCIDR: []}]", False),
        ("ingress: [{fromEndpoints: [{}]}]", True),
        ('ingress: [{toPorts: [{ports: [{port: "80"}]}]}]', True),
        ("ingress: [{toPorts: []}]", False),
    ],
)
def test_ingress_with_an_empty_rule_denies_all_and_without_rules_does_nothing(section: str, *, allowed: bool) -> None:
    assert passes(API + section, "shop/web") is allowed


def test_from_endpoints_empty_element_is_the_own_namespace_in_a_cnp_and_never_world() -> None:
    spec = f"{API}ingress: [{{fromEndpoints: [{{}}]}}]"
    sources = ("shop/web", "db/pg", "203.0.113.7", "n2")
    assert [passes(spec, source) for source in sources] == [True, False, False, False]


def test_from_endpoints_empty_element_is_all_managed_pods_in_a_ccnp_and_never_world() -> None:
    wide = policy(f"{API}ingress: [{{fromEndpoints: [{{}}]}}]", "")
    sources = ("shop/web", "db/pg", "203.0.113.7", "n2")
    assert [verdict([wide], source, "shop/api").allowed for source in sources] == [True, True, False, False]


def test_specs_is_a_list_of_rules_beside_spec() -> None:
    both = policy(f"{API}ingress: [{{fromEntities: [world]}}]")
    both["specs"] = [policy(f"{API}ingress: [{{fromEndpoints: [{{matchLabels: {{tier: front}}}}]}}]")["spec"]]
    assert verdict([both], "203.0.113.7", "shop/api").allowed is True
    found = verdict([both], "shop/web", "shop/api")
    assert found.allowed is True
    assert found.ingress.decided_by is not None
    assert found.ingress.decided_by.path == "specs[0].ingress[0].fromEndpoints[0]"


# Selectors -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("selector", "allowed"),
    [
        ("{matchLabels: {app: web}}", {"shop/web"}),
        ('{matchLabels: {"k8s:app": web}}', {"shop/web"}),
        ('{matchLabels: {"any:app": web}}', {"shop/web"}),
        ('{matchLabels: {"container:app": web}}', set()),
        ('{matchLabels: {"k8s:io.kubernetes.pod.namespace": db}}', {"db/pg", "db/job"}),
        ('{matchLabels: {"io.kubernetes.pod.namespace": db, app: web}}', {"db/job"}),
        ('{matchLabels: {"k8s:io.cilium.k8s.namespace.labels.team": blue}}', {"db/pg", "db/job"}),
        ('{matchLabels: {"io.cilium.k8s.policy.serviceaccount": web}}', {"shop/web"}),
        ('{matchLabels: {"io.cilium.k8s.policy.cluster": other}}', set()),
        ("{matchExpressions: [{key: app, operator: NotIn, values: [api]}]}", {"shop/web"}),
        ('{matchLabels: {"reserved:world": ""}}', {"203.0.113.7"}),
        ('{matchLabels: {"reserved:remote-node": ""}}', {"n2"}),
        # No namespace is meant besides, and who has no such label at all meets it: so do the world and nodes.
        (
            '{matchExpressions: [{key: "k8s:io.kubernetes.pod.namespace", operator: NotIn, values: [shop]}]}',
            {"db/pg", "db/job", "203.0.113.7", "n2"},
        ),
    ],
)
def test_label_prefixes_and_the_labels_that_cilium_gives(selector: str, allowed: set[str]) -> None:
    spec = f"{API}ingress: [{{fromEndpoints: [{selector}]}}]"
    sources = ("shop/web", "db/pg", "db/job", "203.0.113.7", "n2")
    assert {source for source in sources if passes(spec, source)} == allowed


def test_the_cluster_is_named_by_its_configuration() -> None:
    spec = f'{API}ingress: [{{fromEndpoints: [{{matchLabels: {{"io.cilium.k8s.policy.cluster": other}}}}]}}]'
    assert verdict([policy(spec), config(cluster_name="other")], "shop/web", "shop/api").allowed is True


def test_an_endpoint_selector_stays_in_its_namespace_whatever_it_says() -> None:
    spec = 'endpointSelector: {matchLabels: {"k8s:io.kubernetes.pod.namespace": db}}\ningress: [{}]'
    assert passes(spec, "db/job", "db/pg") is True
    assert passes(spec, "db/job", "shop/api") is False


# Entities and blocks -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entity", "allowed"),
    [
        ("all", {"shop/web", "db/pg", "203.0.113.7", "n2"}),
        ("cluster", {"shop/web", "db/pg", "n2"}),
        ("world", {"203.0.113.7"}),
        ("world-ipv4", {"203.0.113.7"}),
        ("world-ipv6", set()),
        ("remote-node", {"n2"}),
        ("host", set()),
        ("none", set()),
    ],
)
def test_entities(entity: str, allowed: set[str]) -> None:
    sources = ("shop/web", "db/pg", "203.0.113.7", "n2")
    spec = f"{API}ingress: [{{fromEntities: [{entity}]}}]"
    assert {source for source in sources if passes(spec, source)} == allowed


def test_the_local_host_is_always_let_in() -> None:
    assert passes(f"{API}ingress: [{{}}]", "n1") is True


def test_who_the_api_server_is_is_not_known() -> None:
    spec = f"{WEB}egress: [{{toEntities: [kube-apiserver]}}]"
    assert passes(spec, "shop/web", "203.0.113.7", port=443) is None
    assert passes(spec, "shop/web", "shop/api") is False


@pytest.mark.parametrize(
    ("peer", "allowed"),
    [
        ("fromCIDR: [0.0.0.0/0]", {"203.0.113.7"}),
        ("fromCIDR: [203.0.113.7]", {"203.0.113.7"}),
        ("fromCIDR: [10.244.0.0/16, 192.168.0.0/24]", set()),
        ("fromCIDRSet: [{cidr: 203.0.113.0/24}]", {"203.0.113.7"}),
        ("fromCIDRSet: [{cidr: 203.0.113.0/24, except: [203.0.113.0/28]}]", set()),
        ("fromCIDRSet: [{cidrGroupRef: partners}]", {"203.0.113.7"}),
        ("fromCIDRSet: [{cidrGroupRef: partners, except: [203.0.113.7/32]}]", set()),
        ("fromCIDRSet: [{cidrGroupSelector: {matchLabels: {kind: partner}}}]", {"203.0.113.7"}),
        ("fromCIDRSet: [{cidrGroupRef: gone}]", set()),
    ],
)
def test_blocks_and_groups_of_them_skip_pods_and_nodes(peer: str, allowed: set[str]) -> None:
    group = {
        "apiVersion": "cilium.io/v2",
        "kind": "CiliumCIDRGroup",
        "metadata": {"name": "partners", "labels": {"kind": "partner"}},
        "spec": {"externalCIDRs": ["203.0.113.0/24", "10.244.0.0/16"]},
    }
    documents = [policy(f"{API}ingress: [{{{peer}}}]"), group]
    sources = ("shop/web", "db/pg", "203.0.113.7", "n2")
    assert {source for source in sources if verdict(documents, source, "shop/api").allowed} == allowed


def test_blocks_match_nodes_where_that_is_asked_for() -> None:
    spec = policy(f"{API}ingress: [{{fromCIDR: [192.168.0.0/24, 10.244.0.0/16]}}]")
    asked = [spec, config(policy_cidr_match_mode="nodes")]
    assert [verdict(asked, source, "shop/api").allowed for source in ("n2", "db/pg")] == [True, False]


@pytest.mark.parametrize(("labels", "allowed"), [("true", True), ("false", False)])
def test_from_nodes_needs_labels_of_nodes(labels: str, *, allowed: bool) -> None:
    spec = policy(f"{API}ingress: [{{fromNodes: [{{matchExpressions: [{{key: none, operator: DoesNotExist}}]}}]}}]")
    named = policy(f"{API}ingress: [{{fromNodes: [{{matchLabels: {{zone: a}}}}]}}]")
    asked = config(enable_node_selector_labels=labels)
    assert verdict([spec, asked], "n2", "shop/api").allowed is True
    assert verdict([named, asked], "n2", "shop/api").allowed is False
    assert any("nodes have no labels" in text for _, text in compiled([named, asked]).warnings) is not allowed


# Services and names ----------------------------------------------------------------------------------------------


def service(name: str, selector: dict[str, str] | None, **labels: str) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "db", "labels": labels}
    spec = {"clusterIP": "10.96.0.9", "ports": [{"port": 5432}], **({"selector": selector} if selector else {})}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}


@pytest.mark.parametrize(
    ("peer", "allowed"),
    [
        ("{k8sService: {serviceName: pg, namespace: db}}", {"db/pg"}),
        ("{k8sService: {serviceName: pg}}", {"db/pg"}),
        ("{k8sService: {serviceName: pg, namespace: shop}}", set()),
        ("{k8sServiceSelector: {selector: {matchLabels: {kind: base}}}}", {"db/pg"}),
        ("{k8sService: {serviceName: away, namespace: db}}", {"203.0.113.7"}),
        ("{k8sService: {serviceName: gone, namespace: db}}", set()),
    ],
)
def test_to_services_means_the_pods_that_they_select_or_addresses_outside(peer: str, allowed: set[str]) -> None:
    away = {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": "away-1", "namespace": "db", "labels": {"kubernetes.io/service-name": "away"}},
        "addressType": "IPv4",
        "endpoints": [{"addresses": ["203.0.113.7", "10.244.1.1"]}],
    }
    documents = [policy(f"{WEB}egress: [{{toServices: [{peer}]}}]"), service("pg", {"app": "pg"}, kind="base")]
    documents += [service("away", None), away]
    found = {to for to in ("db/pg", "shop/api", "203.0.113.7") if verdict(documents, "shop/web", to).allowed}
    assert found == allowed


FQDN = "egress: [{toFQDNs: [{matchPattern: '*.example.org'}]}"


def test_to_fqdns_may_mean_any_address_outside_and_nobody_inside() -> None:
    spec = f"{WEB}{FQDN}]"
    assert passes(spec, "shop/web", "203.0.113.7") is None
    assert passes(spec, "shop/web", "db/pg") is False


def test_to_fqdns_needs_a_rule_for_dns() -> None:
    dns = "{toEntities: [cluster], toPorts: [{ports: [{port: '53'}], rules: {dns: [{matchPattern: '*'}]}}]}"
    warned = compiled([policy(f"{WEB}{FQDN}]")]).warnings
    assert [ref.path for ref, _ in warned] == ["spec.egress[0].toFQDNs"]
    assert compiled([policy(f"{WEB}{FQDN}, {dns}]")]).warnings == ()


# Ports -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("port", "allowed"),
    [
        ('{port: "80", protocol: TCP}', {("TCP", 80)}),
        ('{port: "80"}', {("TCP", 80), ("UDP", 80), ("SCTP", 80)}),
        ('{port: "80", protocol: ANY}', {("TCP", 80), ("UDP", 80), ("SCTP", 80)}),
        ('{port: "80", protocol: udp}', {("UDP", 80)}),
        ('{port: "79", endPort: 81, protocol: TCP}', {("TCP", 80), ("TCP", 81)}),
        ("{port: http, protocol: TCP}", {("TCP", 80)}),
        ("{port: HTTP}", {("TCP", 80)}),
        ("{port: http, endPort: 90, protocol: TCP}", {("TCP", 80)}),
        ("{port: nothing, protocol: TCP}", set()),
        ('{port: "0", protocol: TCP}', {("TCP", 80), ("TCP", 81)}),
    ],
)
def test_a_missing_protocol_is_any_and_names_and_ranges(port: str, allowed: set[tuple[Protocol, int]]) -> None:
    spec = f"{API}ingress: [{{toPorts: [{{ports: [{port}]}}]}}]"
    flows: list[tuple[Protocol, int]] = [("TCP", 80), ("UDP", 80), ("SCTP", 80), ("TCP", 81)]
    assert {(p, n) for p, n in flows if passes(spec, "shop/web", port=n, protocol=p)} == allowed


def test_icmps_admit_no_connection() -> None:
    assert passes(f"{API}ingress: [{{icmps: [{{fields: [{{type: 8}}]}}]}}]", "shop/web") is False


def test_both_sides_must_allow() -> None:
    receives = policy(f"{API}ingress: [{{fromEndpoints: [{{}}]}}]", name="r")
    sends = policy(f"{WEB}egress: [{{toEndpoints: [{{matchLabels: {{app: db}}}}]}}]", name="s")
    found = verdict([receives, sends], "shop/web", "shop/api")
    assert (found.allowed, found.ingress.allowed, found.egress.allowed) == (False, True, False)


# What is refused, and who counts ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "path"),
    [
        ("ingress: [{}]", "spec"),
        ("endpointSelector: {}\nnodeSelector: {}", "spec"),
        ("nodeSelector: {}", "spec.nodeSelector"),
        (f"{API}ingress: [{{fromEndpoints: [{{}}], fromEntities: [all]}}]", "spec.ingress[0]"),
        (f"{API}ingress: [{{fromRequires: [{{}}]}}]", "spec.ingress[0].fromRequires"),
        (f"{API}ingress: [{{fromEntities: [moon]}}]", "spec.ingress[0].fromEntities[0]"),
        (f"{API}ingress: [{{fromCIDR: [here]}}]", "spec.ingress[0].fromCIDR[0]"),
        (f"{API}ingress: [{{fromCIDRSet: [{{}}]}}]", "spec.ingress[0].fromCIDRSet[0]"),
        (
            f"{API}ingress: [{{fromCIDRSet: [{{cidr: 10.0.0.0/8, except: [x]}}]}}]",
            "spec.ingress[0].fromCIDRSet[0].except[0]",
        ),
        (f"{API}ingress: [{{toPorts: [{{}}]}}]", "spec.ingress[0].toPorts[0].ports"),
        (f'{API}ingress: [{{toPorts: [{{ports: [{{port: "70000"}}]}}]}}]', "spec.ingress[0].toPorts[0].ports[0].port"),
        (f'{API}ingress: [{{toPorts: [{{ports: [{{port: "1 2"}}]}}]}}]', "spec.ingress[0].toPorts[0].ports[0].port"),
        (
            f'{API}ingress: [{{toPorts: [{{ports: [{{port: "9", endPort: 8}}]}}]}}]',
            "spec.ingress[0].toPorts[0].ports[0].endPort",
        ),
        (
            f'{API}ingress: [{{toPorts: [{{ports: [{{port: "9", protocol: X}}]}}]}}]',
            "spec.ingress[0].toPorts[0].ports[0].protocol",
        ),
        (
            f"{API}ingress: [{{toPorts: [{{ports: [{{port: '9', protocol: TCP}}], rules: {{http: [{{path: (}}]}}}}]}}]",
            "spec.ingress[0].toPorts[0].rules.http[0].path",
        ),
        (
            f'{API}ingress: [{{toPorts: [{{ports: [{{port: "9"}}], rules: {{http: [{{}}]}}}}]}}]',
            "spec.ingress[0].toPorts[0].ports",
        ),
        (
            f'{API}ingress: [{{toPorts: [{{ports: [{{port: "53"}}], rules: {{dns: [{{}}]}}}}]}}]',
            "spec.ingress[0].toPorts[0].rules.dns",
        ),
        (f"{API}ingress: [{{icmps: [{{}}], toPorts: [{{ports: [{{port: x}}]}}]}}]", "spec.ingress[0]"),
        (f"{API}egressDeny: [{{toFQDNs: [{{}}]}}]", "spec.egressDeny[0].toFQDNs"),
        (f"{API}enableDefaultDeny: {{egress: true}}\ningress: []", "spec.enableDefaultDeny"),
        (
            f"{API}ingress: [{{fromEndpoints: [{{matchExpressions: [{{key: a, operator: In}}]}}]}}]",
            "spec.ingress[0].fromEndpoints[0].matchExpressions[0].values",
        ),
    ],
)
def test_what_an_agent_refuses_leaves_open_what_is_allowed(spec: str, path: str) -> None:
    (problem, *_) = compiled([policy(spec)]).problems
    assert problem[0].path == path
    assert verdict([policy(spec)], "shop/web", "shop/api").allowed is None
    assert verdict([policy(spec)], "db/job", "db/pg").allowed is True


def test_labels_of_pods_and_of_entities_in_one_selector_are_not_understood() -> None:
    spec = f'{API}ingress: [{{fromEndpoints: [{{matchLabels: {{app: web, "reserved:host": ""}}}}]}}]'
    assert verdict([policy(spec)], "shop/web", "shop/api").allowed is None


def test_a_group_that_holds_no_address_leaves_open_what_is_allowed() -> None:
    group = {
        "apiVersion": "cilium.io/v2",
        "kind": "CiliumCIDRGroup",
        "metadata": {"name": "odd"},
        "spec": {"externalCIDRs": ["here"]},
    }
    documents = [policy(f"{API}ingress: [{{fromCIDRSet: [{{cidrGroupRef: odd}}]}}]"), group]
    assert verdict(documents, "203.0.113.7", "shop/api").allowed is None
    assert verdict(documents, "db/job", "db/pg").allowed is True


def test_services_that_could_not_be_read_leave_open_what_is_allowed() -> None:
    spec = f"{WEB}egress: [{{toServices: [{{k8sService: {{serviceName: pg}}}}]}}]"
    snapshot = replace(compiled([policy(spec)]).snapshot, unread=(Unread("Service", "", "forbidden"),))
    assert "Services could not be read" in compile_policies(snapshot, cni="cilium").not_known("shop")


def test_a_policy_without_rules_is_none() -> None:
    neither = policy("endpointSelector: {}")
    del neither["spec"]
    assert [ref.path for ref, _ in compiled([neither]).problems] == ["spec"]


def test_without_cilium_its_policies_have_no_effect_and_that_is_said() -> None:
    (warning,) = compiled([policy(f"{API}ingress: [{{}}]")], cni="calico").warnings
    assert warning[1] == "it has no effect: the network plugin is calico, not Cilium"


def test_where_the_network_plugin_is_not_known_they_leave_the_verdict_open() -> None:
    found = compiled([policy(f"{API}ingress: [{{}}]")], cni="unknown")
    assert "counts where Cilium runs" in found.not_known("shop")
    assert found.not_known("db") == ""
