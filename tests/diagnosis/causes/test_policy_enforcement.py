"""Policies that deny a flow which passes all the same."""

from __future__ import annotations

import pytest

from netdoctor.diagnosis.causes.policy_enforcement import PolicyNotEnforced
from netdoctor.model.probe import Outcome
from netdoctor.model.report import Certainty
from tests.diagnosis.builders import (
    Manifest,
    See,
    api,
    cluster,
    codes,
    container,
    examine,
    found,
    manifest,
    policy,
    refs,
    report,
    ruled_out,
    sees,
    unless,
    web,
)

CLOSED = policy("api-in", {"app": "api"}, ingress=[])
DROPPED = sees(VIP=Outcome.TIMEOUT, BACKEND=Outcome.TIMEOUT)


def plugin(name: str) -> Manifest:
    """The DaemonSet of a network plugin."""
    return manifest("DaemonSet", name, "apps/v1", "kube-system", spec={"template": {"spec": {"containers": []}}})


def test_an_answer_against_a_denial() -> None:
    case = examine(cluster(api(), plugin("calico-node"), CLOSED), "svc/api", sees())
    one = found(PolicyNotEnforced, case)
    assert refs(one) == ["NetworkPolicy shop/api-in"]
    assert one.finding.title == (
        "NetworkPolicy shop/api-in denies shop/probe → shop/api-1  8080/TCP, and nothing enforces it"
    )
    assert "Its agent may be down or late on worker-1 (network plugin: calico" in one.finding.explanation
    assert one.finding.certainty is Certainty.CERTAIN
    assert one.finding.fixes[0].title.startswith("Install a network plugin or agent that enforces NetworkPolicy")
    assert codes(case) == ["PolicyNotEnforced"]


def test_a_refusal_is_an_answer() -> None:
    case = examine(cluster(api(), CLOSED), "svc/api", sees(VIP=Outcome.REFUSED, BACKEND=Outcome.REFUSED))
    assert found(PolicyNotEnforced, case).finding.certainty is Certainty.CERTAIN


def test_a_plugin_without_policy_support() -> None:
    case = examine(cluster(api(), plugin("kube-flannel-ds"), CLOSED), "svc/api")
    one = found(PolicyNotEnforced, case)
    assert "DaemonSet kube-system/kube-flannel-ds does not enforce NetworkPolicy" in one.finding.explanation
    assert one.finding.certainty is Certainty.LIKELY
    assert codes(case) == ["PolicyNotEnforced"]


def test_a_plugin_without_policy_support_that_answers() -> None:
    case = examine(cluster(api(), plugin("kube-flannel-ds"), CLOSED), "svc/api", sees())
    one = found(PolicyNotEnforced, case)
    assert "The network plugin (flannel) does not enforce NetworkPolicy" in one.finding.explanation
    assert one.finding.certainty is Certainty.CERTAIN


def test_silence_is_believed_more_than_the_plugins_name() -> None:
    case = examine(cluster(api(), plugin("kube-flannel-ds"), CLOSED), "svc/api", DROPPED)
    assert ruled_out(PolicyNotEnforced, case) == "what the policies deny does not get through"
    assert codes(case) == ["PolicyDeniesIngress"]


def test_every_policy_that_denies_is_named() -> None:
    out = policy("web-out", {"app": "web"}, egress=[{"ports": [{"port": 53, "protocol": "UDP"}]}])
    case = examine(cluster(api(), web(), CLOSED, out), "svc/api", sees(), source="deploy/web")
    assert refs(found(PolicyNotEnforced, case)) == ["NetworkPolicy shop/web-out", "NetworkPolicy shop/api-in"]


def test_a_node_and_its_own_pods_are_not_subject_to_policies() -> None:
    case = examine(cluster(api(), CLOSED), "svc/api", sees(), source="node/worker-1")
    assert PolicyNotEnforced().examine(case) is None
    assert codes(case) == []


def test_pods_on_their_nodes_network_are_not_subject_to_policies() -> None:
    out = policy("web-out", {"app": "web"}, egress=[])
    source = web(hostNetwork=True, dnsPolicy="ClusterFirstWithHostNet")
    case = examine(cluster(api(), source, out), "svc/api", sees(), source="deploy/web")
    assert PolicyNotEnforced().examine(case) is None


@pytest.mark.parametrize(
    ("see", "because"),
    [(DROPPED, "what the policies deny does not get through"), (None, "no packet contradicts them")],
    ids=["dropped", "not probed"],
)
def test_ruled_out(see: See | None, because: str) -> None:
    case = examine(cluster(api(), CLOSED), "svc/api", see)
    assert ruled_out(PolicyNotEnforced, case) == because


def test_does_not_apply_where_nothing_is_denied() -> None:
    assert PolicyNotEnforced().examine(examine(cluster(api()), "svc/api", sees())) is None


def test_what_one_node_drops_is_no_proof_of_enforcement_missing() -> None:
    half = unless(sees(), **{"10.244.1.5": Outcome.TIMEOUT})
    finding = found(PolicyNotEnforced, examine(cluster(api(), CLOSED), "svc/api", sees())).finding
    assert all("timeout" not in evidence.text for evidence in finding.evidence)
    assert "PolicyNotEnforced" not in codes(examine(cluster(api(), CLOSED), "svc/api", half))


def test_silence_on_udp_is_no_proof_of_a_denial() -> None:
    objects = api(
        {"port": 53, "targetPort": 8080, "protocol": "UDP"},
        containers=(container("app", {"containerPort": 8080, "protocol": "UDP"}),),
    )
    objects[-1]["ports"][0]["protocol"] = "UDP"
    case = examine(cluster(objects, plugin("kube-flannel-ds"), CLOSED), "svc/api", DROPPED)
    assert codes(case) == ["PolicyNotEnforced"]
    enforced = examine(cluster(objects, plugin("calico-node"), CLOSED), "svc/api", DROPPED)
    assert [c.certainty for c in report(enforced).causes] == [Certainty.LIKELY]
