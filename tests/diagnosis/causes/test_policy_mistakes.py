"""Rules that are meant to admit the flow, and do not for a well-known mistake."""

from __future__ import annotations

from typing import Any

import pytest

from netdoctor.diagnosis.cause import Cause
from netdoctor.diagnosis.causes.policy_mistakes import (
    PolicyNamedPortUnresolved,
    PolicyNamespaceLabelMissing,
    PolicyUsesServicePort,
)
from netdoctor.model.probe import Outcome
from netdoctor.model.report import Certainty
from tests.diagnosis.builders import (
    Manifest,
    api,
    cluster,
    codes,
    container,
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

TO_API = {"to": [{"podSelector": {"matchLabels": {"app": "api"}}}]}
UDP_53 = {"port": 53, "protocol": "UDP"}
NAMED = (container("app", {"containerPort": 8080, "name": "web"}),)


def namespaces(**labels: str) -> Manifest:
    return {"namespaceSelector": {"matchLabels": labels}}


def admits(*ports: Any, **peers: Any) -> Manifest:
    """A policy at the api pods with one rule."""
    rule = {"ports": [{"port": port} for port in ports]} if ports else {}
    return policy("api-in", {"app": "api"}, ingress=[rule | peers])


def test_dns_pods_selected_by_a_label_that_their_namespace_lacks() -> None:
    by_name = {"to": [namespaces(name="kube-system")], "ports": [UDP_53]}
    objects = cluster(api(), web(), policy("web-out", {"app": "web"}, egress=[by_name, TO_API]))
    case = examine(objects, "svc/api", NO_NAMES, source="deploy/web")
    one = found(PolicyNamespaceLabelMissing, case)
    assert refs(one) == ["NetworkPolicy shop/web-out spec.egress[0].to[0]", "Namespace kube-system"]
    assert "is meant to let it ask the DNS servers" in one.finding.explanation
    assert "every namespace has kubernetes.io/metadata.name=kube-system" in one.finding.explanation
    assert one.finding.certainty is Certainty.CERTAIN
    assert one.explains == {s.id for s in case.failed}
    assert codes(case) == ["PolicyNamespaceLabelMissing"]


def test_the_namespace_is_named_in_the_policy_or_labelled() -> None:
    objects = cluster(api(), admits(**{"from": [namespaces(name="other")]}))
    by_name, label = found(PolicyNamespaceLabelMissing, examine(objects, "svc/api", source="ns/other")).finding.fixes
    assert by_name.patch == {
        "op": "replace",
        "path": "/spec/ingress/0/from/0/namespaceSelector",
        "value": {"matchLabels": {"kubernetes.io/metadata.name": "other"}},
    }
    assert by_name.command.startswith("kubectl patch networkpolicy api-in -n shop --type=json -p ")
    assert label.command == "kubectl label namespace other name=other"


def test_other_policies_with_the_same_defect_are_named() -> None:
    peer = {"from": [namespaces(name="other")]}
    objects = cluster(api(), admits(**peer), policy("db-in", {"app": "db"}, ingress=[peer]))
    one = found(PolicyNamespaceLabelMissing, examine(objects, "svc/api", DROPPED, source="ns/other"))
    assert one.finding.explanation.endswith("The same defect is in NetworkPolicy shop/db-in.")


@pytest.mark.parametrize(
    "peer",
    [
        {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "othr"}}},
        {**namespaces(name="other"), "podSelector": {"matchLabels": {"app": "front"}}},
    ],
    ids=["another value of a key that is there", "a pod label misses too"],
)
def test_more_than_a_missing_key_is_a_plain_denial(peer: Manifest) -> None:
    case = examine(cluster(api(), admits(**{"from": [peer]})), "svc/api", DROPPED, source="ns/other")
    assert PolicyNamespaceLabelMissing().examine(case) is None
    assert codes(case) == ["PolicyDeniesIngress"]


def test_a_label_that_is_there_admits() -> None:
    objects = cluster(api(), admits(**{"from": [namespaces(**{"kubernetes.io/metadata.name": "other"})]}))
    case = examine(objects, "svc/api", sees(), source="ns/other")
    assert PolicyNamespaceLabelMissing().examine(case) is None
    assert codes(case) == []


def test_the_services_port_in_a_rule() -> None:
    case = examine(cluster(api(), admits(80)), "svc/api", DROPPED)
    one = found(PolicyUsesServicePort, case)
    assert refs(one) == ["NetworkPolicy shop/api-in spec.ingress[0]"]
    assert one.finding.title == "NetworkPolicy shop/api-in allows the Service's port 80, the pods listen on 8080"
    assert "Policies are applied after the translation to the pod" in one.finding.explanation
    assert one.finding.certainty is Certainty.CERTAIN
    assert codes(case) == ["PolicyUsesServicePort"]


def test_the_target_port_is_added_to_the_rule() -> None:
    fixes = found(PolicyUsesServicePort, examine(cluster(api(), admits(80)), "svc/api", DROPPED)).finding.fixes
    fix = next(fix for fix in fixes if fix.title.startswith("add port"))
    assert fix.patch == {"op": "add", "path": "/spec/ingress/0/ports/-", "value": {"port": 8080, "protocol": "TCP"}}
    assert fix.command.startswith("kubectl patch networkpolicy api-in -n shop --type=json -p ")


def test_the_services_port_in_an_egress_rule() -> None:
    rules: list[Manifest] = [{"ports": [UDP_53]}, {**TO_API, "ports": [{"port": 80}]}]
    objects = cluster(api(), web(), policy("web-out", {"app": "web"}, egress=rules))
    case = examine(objects, "svc/api", DROPPED, source="deploy/web")
    assert refs(found(PolicyUsesServicePort, case)) == ["NetworkPolicy shop/web-out spec.egress[1]"]
    assert codes(case) == ["PolicyUsesServicePort"]


def test_pods_that_are_asked_for_have_no_services_port() -> None:
    case = examine(cluster(api(), admits(80)), "pod/api-1:8080", DROPPED)
    assert PolicyUsesServicePort().examine(case) is None
    assert codes(case) == ["PolicyDeniesIngress"]


def test_a_range_that_holds_the_services_port() -> None:
    rule = {"ports": [{"port": 1, "endPort": 1024}]}
    case = examine(cluster(api(), policy("api-in", ingress=[rule])), "svc/api")
    assert found(PolicyUsesServicePort, case).finding.certainty is Certainty.LIKELY


def test_a_port_that_is_the_target_port_too_is_right() -> None:
    same = {"port": 8080, "targetPort": 8080}
    case = examine(cluster(api(same), admits(8080)), "svc/api", sees())
    assert PolicyUsesServicePort().examine(case) is None
    assert codes(case) == []


@pytest.mark.parametrize(
    "rule",
    [
        {"ports": [{"port": 9090}]},
        {"ports": [{"port": 80}], "from": [{"podSelector": {"matchLabels": {"app": "front"}}}]},
    ],
    ids=["neither of the ports", "the peer misses too"],
)
def test_another_port_is_a_plain_denial(rule: Manifest) -> None:
    case = examine(cluster(api(), policy("api-in", ingress=[rule])), "svc/api", DROPPED)
    assert PolicyUsesServicePort().examine(case) is None
    assert codes(case) == ["PolicyDeniesIngress"]


@pytest.mark.parametrize(
    ("cause", "chosen"),
    [
        (PolicyNamespaceLabelMissing, admits(**{"from": [namespaces(name="shop")]})),
        (PolicyUsesServicePort, admits(80)),
        (PolicyNamedPortUnresolved, admits("http")),
    ],
)
def test_ruled_out_where_the_policy_is_not_enforced(cause: type[Cause], chosen: Manifest) -> None:
    case = examine(cluster(api(), chosen), "svc/api", sees())
    assert ruled_out(cause, case) == "the network does not enforce the policies that deny it"
    assert codes(case) == ["PolicyNotEnforced"]


def test_a_named_port_that_the_pod_does_not_declare() -> None:
    case = examine(cluster(api(containers=NAMED), admits("http")), "svc/api", DROPPED)
    one = found(PolicyNamedPortUnresolved, case)
    assert refs(one) == ["NetworkPolicy shop/api-in spec.ingress[0]"]
    assert "allows port http/TCP, which pod api-1 (10.244.1.5:8080) does not declare" in one.finding.title
    assert "found shop/api-1, which names web=8080/TCP" in one.finding.explanation
    assert one.finding.certainty is Certainty.CERTAIN
    assert any("kubectl patch networkpolicy api-in -n shop" in fix.command for fix in one.finding.fixes)
    assert codes(case) == ["PolicyNamedPortUnresolved"]


def test_a_named_port_of_another_protocol_is_not_declared() -> None:
    udp = (container("app", {"containerPort": 8080, "name": "web", "protocol": "UDP"}),)
    case = examine(cluster(api(containers=udp), admits("web")), "svc/api")
    assert "which names web=8080/UDP" in found(PolicyNamedPortUnresolved, case).finding.explanation


def test_a_name_may_stand_for_another_number_on_each_pod() -> None:
    second = (container("app", {"containerPort": 9090, "name": "web"}),)
    objects = [
        service("api", {"port": 80, "targetPort": "web"}),
        pod("api-1", "10.244.1.5", containers=NAMED),
        pod("api-2", "10.244.2.6", containers=second),
        endpoints("api", "10.244.1.5"),
        endpoints("api", "10.244.2.6", port=9090, name="api-2"),
    ]
    case = examine(cluster(objects, admits("web")), "svc/api", sees())
    assert PolicyNamedPortUnresolved().examine(case) is None
    assert codes(case) == []


def test_a_name_for_another_port_is_resolved_and_denies() -> None:
    both = (container("app", 8080, {"containerPort": 9090, "name": "metrics"}),)
    case = examine(cluster(api(containers=both), admits("metrics")), "svc/api", DROPPED)
    assert PolicyNamedPortUnresolved().examine(case) is None
    assert codes(case) == ["PolicyDeniesIngress"]


def test_a_peer_for_another_namespace_is_no_mistake_beside_a_nearer_one() -> None:
    monitoring = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": "monitoring", "labels": {"team": "monitoring"}},
    }
    peers = [{"podSelector": {"matchLabels": {"app": "front"}}}, namespaces(team="monitoring")]
    for order in (peers, peers[::-1]):
        mixed = policy("api-in", {"app": "api"}, ingress=[{"from": order}])
        case = examine(cluster(api(), web(), monitoring, mixed), "svc/api", DROPPED, source="deploy/web")
        assert codes(case) == ["PolicyDeniesIngress"]
        nobody = examine(cluster(api(), web(), mixed), "svc/api", DROPPED, source="deploy/web")
        assert codes(nobody) == ["PolicyNamespaceLabelMissing"]
