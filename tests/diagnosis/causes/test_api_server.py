"""Pods that do not reach the API server."""

from __future__ import annotations

import pytest

from netdoctor.diagnosis.causes.api_server import APIServerUnreachable
from netdoctor.model.probe import Outcome, Position, Probe, Role
from netdoctor.model.report import Certainty
from netdoctor.probing.aims import Aim, Aimed
from tests.diagnosis.builders import (
    Manifest,
    See,
    Sight,
    api,
    cluster,
    codes,
    examine,
    found,
    labels_matter,
    policy,
    refs,
    report,
    ruled_out,
    sees,
    web,
)
from tests.probing.test_egress import API_SERVER

DNS = {"ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]}
TO_CLUSTER_IP = {"to": [{"ipBlock": {"cidr": "10.96.0.1/32"}}], "ports": [{"port": 443}]}
TO_ENDPOINT = {"to": [{"ipBlock": {"cidr": "172.18.0.1/32"}}], "ports": [{"port": 6443}]}
DROPPED = labels_matter(sees(VIP=Outcome.TIMEOUT, BACKEND=Outcome.TIMEOUT))
TARGETS = ["svc/kubernetes.default", "10.96.0.1:443", "172.18.0.1:6443"]


def out(*rules: Manifest) -> Manifest:
    return policy("web-out", {"app": "web"}, egress=[*rules, DNS])


def from_pods(vip: Outcome, backend: Outcome, node: Outcome) -> See:
    """What pods and nodes see; names resolve."""

    def see(aimed: Aimed, probe: Probe, position: Position) -> Sight:
        if aimed.aim not in (Aim.VIP, Aim.BACKEND):
            return Outcome.OK
        return node if position.role is Role.NODE else vip if aimed.aim is Aim.VIP else backend

    return see


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("rule", [TO_CLUSTER_IP, {"ports": [{"port": 443}]}])
def test_a_rule_that_is_about_the_cluster_ip_admits_nothing(target: str, rule: Manifest) -> None:
    case = examine(cluster(web(), API_SERVER, out(rule)), target, DROPPED, source="deploy/web")
    one = found(APIServerUnreachable, case)
    assert refs(one)[0].startswith("NetworkPolicy shop/web-out spec.egress[")
    assert one.finding.title == (
        "NetworkPolicy shop/web-out does not let shop/web reach the API server at 172.18.0.1:6443"
    )
    assert one.finding.certainty is Certainty.CERTAIN
    assert codes(case) == ["APIServerUnreachable"]


def test_what_policies_see_is_explained() -> None:
    case = examine(cluster(web(), API_SERVER, out(TO_CLUSTER_IP)), TARGETS[0], DROPPED, source="deploy/web")
    explanation = found(APIServerUnreachable, case).finding.explanation
    assert "after 10.96.0.1:443 was translated to the control plane's 172.18.0.1:6443" in explanation


@pytest.mark.parametrize("target", TARGETS)
def test_a_rule_for_the_endpoint_admits_it(target: str) -> None:
    case = examine(cluster(web(), API_SERVER, out(TO_ENDPOINT)), target, sees(), source="deploy/web")
    assert ruled_out(APIServerUnreachable, case) == "its endpoints answer"
    assert codes(case) == []


def test_a_cluster_ip_that_leads_nowhere_has_the_targets_own_name() -> None:
    see = from_pods(vip=Outcome.TIMEOUT, backend=Outcome.OK, node=Outcome.OK)
    case = examine(cluster(web(), API_SERVER), TARGETS[0], see, source="deploy/web")
    one = found(APIServerUnreachable, case)
    assert refs(one)[0] == "DaemonSet kube-system/kube-proxy"
    assert one.finding.title.startswith("the API server is not reached: ClusterIP 10.96.0.1:443")
    assert codes(case) == ["APIServerUnreachable"]
    assert "ServiceProxyBroken" in {r.code for r in report(case).ruled_out}


@pytest.mark.parametrize(
    ("node", "said"),
    [(Outcome.OK, "itself gets an answer: what keeps pods"), (Outcome.TIMEOUT, "itself gets no answer either")],
)
def test_packets_that_are_lost_without_a_policy(node: Outcome, said: str) -> None:
    see = from_pods(vip=Outcome.TIMEOUT, backend=Outcome.TIMEOUT, node=node)
    case = examine(cluster(web(), API_SERVER), TARGETS[0], see, source="deploy/web")
    one = found(APIServerUnreachable, case)
    assert all(ref.startswith("Node worker-") for ref in refs(one))
    assert said in one.finding.explanation
    assert one.finding.certainty is Certainty.LIKELY
    assert one.explains == {s.id for s in case.failed}
    assert codes(case) == ["APIServerUnreachable"]


@pytest.mark.parametrize("target", ["svc/api", "172.18.0.1:10250"])
def test_other_targets_have_other_causes(target: str) -> None:
    case = examine(cluster(api(), web(), API_SERVER, out()), target, DROPPED, source="deploy/web")
    assert APIServerUnreachable().examine(case) is None
    assert codes(case) == ["PolicyDeniesEgress"]
