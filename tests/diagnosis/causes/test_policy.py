"""Policies that keep the source from the target or from the DNS servers."""

from __future__ import annotations

import pytest

from netdoctor.cluster.snapshot import Unread
from netdoctor.diagnosis.cause import Cause
from netdoctor.diagnosis.causes.policy import DNSEgressDenied, PolicyDeniesEgress, PolicyDeniesIngress
from netdoctor.diagnosis.causes.policy_admin import AdminPolicyDenies
from netdoctor.model.probe import Outcome
from netdoctor.model.report import Certainty
from tests.diagnosis.builders import (
    Manifest,
    admin_policy,
    api,
    cluster,
    codes,
    endpoints,
    examine,
    found,
    labels_matter,
    pod,
    policy,
    refs,
    ruled_out,
    sees,
    service,
    web,
)

DROPPED = labels_matter(sees(VIP=Outcome.TIMEOUT, BACKEND=Outcome.TIMEOUT))
NO_NAMES = labels_matter(sees(NAME=Outcome.TIMEOUT, DNS_VIP=Outcome.TIMEOUT, DNS_SERVER=Outcome.TIMEOUT))
NOTHING = labels_matter(sees(Outcome.TIMEOUT))

FRONT = {"podSelector": {"matchLabels": {"app": "front"}}}
WEB = {"podSelector": {"matchLabels": {"app": "web"}}}
TO_API = {"to": [{"podSelector": {"matchLabels": {"app": "api"}}}]}
DNS_PODS = {
    "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
    "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
}
TO_DNS = {"to": [DNS_PODS], "ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]}

ONLY_FRONT = policy("api-in", {"app": "api"}, ingress=[{"from": [FRONT], "ports": [{"port": 8080}]}])
ONLY_DNS = policy("web-out", {"app": "web"}, egress=[TO_DNS])
ONLY_API = policy("web-out", {"app": "web"}, egress=[TO_API])


def test_ingress_names_the_nearest_rule_and_what_missed() -> None:
    case = examine(cluster(api(), web(), ONLY_FRONT), "svc/api", DROPPED, source="deploy/web")
    one = found(PolicyDeniesIngress, case)
    assert refs(one) == ["NetworkPolicy shop/api-in spec.ingress[0].from[0]"]
    assert one.finding.title == "NetworkPolicy shop/api-in does not admit shop/web to pod api-1 (10.244.1.5:8080)"
    assert "which wants pod label app=front, found app=web" in one.finding.explanation
    assert one.finding.certainty is Certainty.CERTAIN
    assert one.explains == {s.id for s in case.failed}
    assert codes(case) == ["PolicyDeniesIngress"]


def test_ingress_is_repaired_by_a_peer_more_or_a_policy_more() -> None:
    case = examine(cluster(api(), web(), ONLY_FRONT), "svc/api", DROPPED, source="deploy/web")
    patch, create = found(PolicyDeniesIngress, case).finding.fixes
    assert patch.command.startswith("kubectl patch networkpolicy api-in -n shop --type=json -p ")
    assert patch.patch == {"op": "add", "path": "/spec/ingress/0/from/-", "value": WEB}
    assert create.command.endswith(" | kubectl create -f -")


def test_a_neutral_pod_that_gets_through_is_evidence() -> None:
    case = examine(cluster(api(), web(), ONLY_FRONT), "svc/api", DROPPED, source="deploy/web")
    evidence = found(PolicyDeniesIngress, case).finding.evidence[-1]
    assert evidence.text == "TCP 10.244.1.5 port 8080 from neutral on worker-1: ok"


def test_a_neutral_pod_is_sent_under_a_policy_for_the_whole_cluster_too() -> None:
    web_pods = {"pods": {"namespaceSelector": {}, "podSelector": {"matchLabels": {"app": "web"}}}}
    deny = admin_policy("lockdown", ingress=[{"action": "Deny", "from": [web_pods]}])
    case = examine(cluster(api(), web(), deny), "svc/api", DROPPED, source="deploy/web")
    evidence = found(AdminPolicyDenies, case).finding.evidence[-1]
    assert evidence.text == "TCP 10.244.1.5 port 8080 from neutral on worker-1: ok"


def test_a_policy_without_any_rule_is_named_itself() -> None:
    case = examine(cluster(api(), policy("deny-all", ingress=[])), "svc/api", DROPPED)
    one = found(PolicyDeniesIngress, case)
    assert refs(one) == ["NetworkPolicy shop/deny-all"]
    assert "has a rule for ingress, so nothing passes" in one.finding.explanation


ANYWHERE: Manifest = {"namespaces": {}}
DENY_OUT = admin_policy("lockdown", egress=[{"action": "Deny", "to": [ANYWHERE]}])


def test_a_rule_for_the_whole_cluster_that_denies_dns_is_named() -> None:
    allowing = policy("api-in", {"app": "api"}, ingress=[{}])
    case = examine(cluster(api(), web(), DENY_OUT, allowing), "svc/api", source="deploy/web")
    one = found(DNSEgressDenied, case)
    assert one.finding.title == "AdminNetworkPolicy lockdown does not let shop/web ask the cluster's DNS servers"
    assert refs(one) == ["AdminNetworkPolicy lockdown spec.egress[0].to[0]"]
    assert "AdminNetworkPolicy lockdown, whose rule spec.egress[0].to[0] denies it" in one.finding.explanation


@pytest.mark.parametrize(
    ("cause", "chosen", "code"),
    [
        (PolicyDeniesIngress, ONLY_FRONT, "PolicyDeniesIngress"),
        (PolicyDeniesEgress, ONLY_DNS, "PolicyDeniesEgress"),
        (DNSEgressDenied, ONLY_API, "DNSEgressDenied"),
    ],
)
def test_objects_alone_are_enough_and_likely(cause: type[Cause], chosen: Manifest, code: str) -> None:
    case = examine(cluster(api(), web(), chosen), "svc/api", source="deploy/web")
    assert found(cause, case).finding.certainty is Certainty.LIKELY
    assert codes(case) == [code]


@pytest.mark.parametrize(
    ("cause", "chosen"),
    [(PolicyDeniesIngress, ONLY_FRONT), (PolicyDeniesEgress, ONLY_DNS), (DNSEgressDenied, ONLY_API)],
)
def test_a_policy_that_is_not_enforced_is_no_cause(cause: type[Cause], chosen: Manifest) -> None:
    case = examine(cluster(api(), web(), chosen), "svc/api", sees(), source="deploy/web")
    assert ruled_out(cause, case) == "the network does not enforce the policies that deny it"
    assert codes(case) == ["PolicyNotEnforced"]


def test_endpoints_that_are_not_ready_are_no_denial() -> None:
    objects = [service("api"), pod("api-1", "10.244.1.5", ready=False), endpoints("api", "!10.244.1.5")]
    admits = policy("api-in", {"app": "api"}, ingress=[{"from": [WEB]}])
    case = examine(cluster(objects, web(), admits), "svc/api", sees(VIP=Outcome.REJECTED), source="deploy/web")
    assert ruled_out(PolicyDeniesIngress, case) == "no policy denies it: the rules of shop/api-in admit it"
    assert codes(case) == ["NoReadyEndpoints"]


@pytest.mark.parametrize("cause", [PolicyDeniesIngress, PolicyDeniesEgress, DNSEgressDenied])
def test_ruled_out_where_no_policy_selects_either_end(cause: type[Cause]) -> None:
    elsewhere = policy("other", {"app": "db"}, ingress=[], egress=[])
    case = examine(cluster(api(), web(), elsewhere), "svc/api", DROPPED, source="deploy/web")
    assert ruled_out(cause, case) == "no policy denies it: none selects the source or the target"


def test_policies_that_could_not_be_read_rule_nothing_out() -> None:
    snapshot = cluster(api(), web(), unread=(Unread("NetworkPolicy", "", "forbidden"),))
    case = examine(snapshot, "svc/api", DROPPED, source="deploy/web")
    assert PolicyDeniesIngress().examine(case) is None
    assert PolicyDeniesEgress().examine(case) is None


def test_a_refusal_shows_that_the_packet_came_through() -> None:
    refused = sees(VIP=Outcome.REFUSED, BACKEND=Outcome.REFUSED)
    case = examine(cluster(api(), web(), ONLY_FRONT), "svc/api", refused, source="deploy/web")
    assert "PolicyDeniesIngress" not in codes(case)


def test_egress_to_the_target() -> None:
    case = examine(cluster(api(), web(), ONLY_DNS), "svc/api", DROPPED, source="deploy/web")
    one = found(PolicyDeniesEgress, case)
    assert one.finding.title == "NetworkPolicy shop/web-out does not let shop/web reach pod api-1 (10.244.1.5:8080)"
    assert refs(one) == ["NetworkPolicy shop/web-out spec.egress[0].to[0]"]
    assert one.finding.certainty is Certainty.CERTAIN
    create = one.finding.fixes[0]
    assert create.title == "create NetworkPolicy shop/allow-web-to-api-1 for this flow alone"
    assert create.effect is not None
    assert create.effect.closes == ()
    assert codes(case) == ["PolicyDeniesEgress"]


def test_dns_queries_held_back_are_not_the_target_held_back() -> None:
    case = examine(cluster(api(), web(), ONLY_API), "svc/api", NO_NAMES, source="deploy/web")
    assert ruled_out(PolicyDeniesEgress, case) == "no policy denies it: the rules of shop/web-out admit it"
    assert codes(case) == ["DNSEgressDenied"]


def test_dns_egress() -> None:
    case = examine(cluster(api(), web(), ONLY_API), "svc/api", NO_NAMES, source="deploy/web")
    one = found(DNSEgressDenied, case)
    assert one.finding.title == "NetworkPolicy shop/web-out does not let shop/web ask the cluster's DNS servers"
    assert refs(one) == ["NetworkPolicy shop/web-out spec.egress[0].to[0]"]
    assert one.finding.certainty is Certainty.CERTAIN
    assert one.explains == {s.id for s in case.failed}
    assert one.finding.fixes[0].patch == {"op": "add", "path": "/spec/egress/0/to/-", "value": DNS_PODS}


def test_servers_that_answer_nobody_are_not_a_denial() -> None:
    silent = sees(NAME=Outcome.TIMEOUT, DNS_VIP=Outcome.TIMEOUT, DNS_SERVER=Outcome.TIMEOUT)
    admits = policy("web-out", {"app": "web"}, egress=[TO_DNS, TO_API])
    case = examine(cluster(api(), web(), admits), "svc/api", silent, source="deploy/web")
    assert ruled_out(DNSEgressDenied, case) == "no policy denies it: the rules of shop/web-out admit it"
    assert codes(case) == ["DNSServerDown"]


def test_a_rule_for_the_dns_services_address_admits_nothing() -> None:
    to_vip = {"to": [{"ipBlock": {"cidr": "10.96.0.10/32"}}], "ports": [{"port": 53, "protocol": "UDP"}]}
    objects = cluster(api(), web(), policy("web-out", {"app": "web"}, egress=[TO_API, to_vip]))
    one = found(DNSEgressDenied, examine(objects, "svc/api", NO_NAMES, source="deploy/web"))
    assert refs(one)[0] == "NetworkPolicy shop/web-out spec.egress[1].to[0]"


def test_egress_without_any_rule_denies_names_and_target() -> None:
    case = examine(cluster(api(), web(), policy("deny-out", egress=[])), "svc/api", NOTHING, source="deploy/web")
    assert codes(case) == ["DNSEgressDenied", "PolicyDeniesEgress"]


def test_dns_servers_that_the_source_does_not_ask() -> None:
    objects = cluster(api(), web(dnsPolicy="Default"), ONLY_API)
    case = examine(objects, "svc/api", sees(DNS_SERVER=Outcome.TIMEOUT, DNS_VIP=Outcome.TIMEOUT), source="deploy/web")
    assert codes(case) == []


def test_a_policy_at_the_dns_servers_denies_ingress() -> None:
    closed = policy("dns-in", {"k8s-app": "kube-dns"}, ingress=[{"from": [FRONT]}])
    closed["metadata"]["namespace"] = "kube-system"
    case = examine(cluster(api(), web(), closed), "svc/api", NO_NAMES, source="deploy/web")
    one = found(PolicyDeniesIngress, case)
    assert refs(one) == ["NetworkPolicy kube-system/dns-in spec.ingress[0].from[0]"]
    assert codes(case) == ["PolicyDeniesIngress"]


def test_egress_to_an_address_outside_has_a_code_of_its_own() -> None:
    case = examine(cluster(web(), ONLY_DNS), "192.0.2.1:443", sees(Outcome.TIMEOUT), source="deploy/web")
    assert PolicyDeniesEgress().examine(case) is None
    assert codes(case) == ["EgressDenied"]


def test_egress_to_a_node_is_inside_the_cluster() -> None:
    case = examine(cluster(web(), ONLY_DNS), "172.18.0.1:10250", sees(Outcome.TIMEOUT), source="deploy/web")
    assert refs(found(PolicyDeniesEgress, case))[0] == "NetworkPolicy shop/web-out spec.egress[0].to[0]"
    assert codes(case) == ["PolicyDeniesEgress"]


def test_pods_on_their_nodes_network_are_not_selected() -> None:
    objects = cluster(api(), web(hostNetwork=True, dnsPolicy="ClusterFirstWithHostNet"), ONLY_DNS)
    case = examine(objects, "svc/api", sees(), source="deploy/web")
    assert ruled_out(PolicyDeniesEgress, case) == "no policy denies it: none selects the source or the target"


def test_only_what_is_decided_on_that_side_is_quoted_for_ruling_out() -> None:
    only_names = policy("web-out", {"app": "web"}, egress=[{"ports": [{"port": 53, "protocol": "UDP"}]}])
    case = examine(cluster(api(), web(), only_names), "svc/api", DROPPED, source="deploy/web")
    assert codes(case) == ["PolicyDeniesEgress"]
    assert ruled_out(PolicyDeniesIngress, case) == "no policy denies it: none selects the source or the target"
    assert ruled_out(DNSEgressDenied, case) == "no policy denies it: the rules of shop/web-out admit it"
