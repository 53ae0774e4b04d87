"""NodePorts that nodes drop, in good order or not."""

from __future__ import annotations

from typing import Any

import pytest

from netdoctor.diagnosis.causes.node_ports import ExternalTrafficPolicyNoLocalEndpoint, NodePortBlocked
from netdoctor.diagnosis.diagnose import diagnose
from netdoctor.model.probe import Observation, Outcome, Position, Probe
from netdoctor.model.report import Certainty, Verdict
from netdoctor.probing.plan import Aimed
from tests.diagnosis.builders import (
    Manifest,
    See,
    Sight,
    api,
    cluster,
    codes,
    endpoints,
    examine,
    found,
    manifest,
    pod,
    policy,
    refs,
    ruled_out,
    sees,
    service,
    unless,
)

PORT = {"port": 80, "targetPort": 8080, "nodePort": 30080}
SILENT = Outcome.TIMEOUT


def node_port(**spec: Any) -> list[Manifest]:
    """Service api of type NodePort, with one pod on worker-1."""
    return api(PORT, **{"type": "NodePort", **spec})


def at(node: int, outcome: Outcome, otherwise: See | None = None) -> See:
    """The NodePort at one node's address ends so; nothing else is amiss."""
    other = otherwise or sees()

    def see(aimed: Aimed, probe: Probe, position: Position) -> Sight:
        here = aimed.entrance is not None and probe.port == 30080 and aimed.entrance.node == f"worker-{node}"
        return outcome if here else other(aimed, probe, position)

    return see


@pytest.mark.parametrize("source", [None, "outside"])
def test_a_node_that_drops_what_others_hand_on(source: str | None) -> None:
    case = examine(cluster(node_port()), "svc/api", at(2, SILENT), source=source)
    one = found(NodePortBlocked, case)
    assert refs(one) == ["Node worker-2"]
    assert one.finding.certainty is Certainty.LIKELY
    assert "At worker-1 it answers." in one.finding.explanation
    assert "10250" not in one.finding.explanation
    assert one.finding.fixes[0].title.endswith("the firewall of worker-2, 172.18.0.2:30080")
    assert one.explains == {s.id for s in case.failed}
    assert codes(case) == ["NodePortBlocked"]


def test_a_rejection_by_a_firewall_is_one_too() -> None:
    assert codes(examine(cluster(node_port()), "svc/api", at(1, Outcome.REJECTED))) == ["NodePortBlocked"]


def test_every_node_is_silent_and_the_cluster_ip_is_not() -> None:
    one = found(NodePortBlocked, examine(cluster(node_port()), "svc/api", sees(NODE_PORT=SILENT, NODE=SILENT)))
    assert refs(one) == ["Node worker-1", "Node worker-2"]
    assert "The way by ClusterIP works." in one.finding.explanation
    assert "worker-1, worker-2 did not answer on the kubelet's port 10250 either" in one.finding.explanation


def test_from_outside_nothing_answers_and_nothing_is_guessed() -> None:
    case = examine(cluster(node_port()), "svc/api", sees(default=SILENT), source="outside")
    assert NodePortBlocked().examine(case) is None
    assert diagnose(case).verdict is Verdict.UNDETERMINED


def test_from_outside_nodes_answer_on_another_port() -> None:
    case = examine(cluster(node_port()), "svc/api", sees(NODE_PORT=SILENT, NODE=Outcome.REFUSED), source="outside")
    assert refs(found(NodePortBlocked, case)) == ["Node worker-1", "Node worker-2"]


def test_a_refusal_is_no_firewall() -> None:
    case = examine(cluster(node_port()), "svc/api", at(2, Outcome.REFUSED))
    assert NodePortBlocked().examine(case) is None
    assert codes(case) == ["NodePortOutOfReach"]


def test_where_the_cluster_ip_fails_too_the_node_port_is_only_a_symptom() -> None:
    nothing = sees(VIP=SILENT, BACKEND=SILENT, NODE_PORT=SILENT)
    case = examine(cluster(node_port(), policy("closed", {"app": "api"}, ingress=[])), "svc/api", nothing)
    assert codes(case) == ["PolicyDeniesIngress"]


def test_ruled_out_where_each_node_answers() -> None:
    case = examine(cluster(node_port()), "svc/api", sees())
    assert ruled_out(NodePortBlocked, case) == "the NodePort answers at each of 2 nodes"
    assert diagnose(case).verdict is Verdict.HEALTHY


def test_policies_that_may_stop_what_comes_by_way_of_a_node_make_it_untested() -> None:
    only_pods = policy("pods", {"app": "api"}, ingress=[{"from": [{"namespaceSelector": {}}]}])
    report = diagnose(examine(cluster(node_port(), only_pods), "svc/api", sees(NODE_PORT=SILENT)))
    assert report.verdict is Verdict.HEALTHY
    assert [one.what for one in report.not_tested] == ["NodePort 30080 of worker-1, worker-2"]
    assert "policies may stop" in report.not_tested[0].because


def test_a_nodes_own_pods_prove_nothing() -> None:
    case = examine(cluster(node_port()), "svc/api", sees(), source="node/worker-1")
    report = diagnose(case)
    assert [one.what for one in report.not_tested] == ["NodePort 30080 of worker-1"]
    assert "NodePort 30080/TCP" in [hop.name for hop in report.hops]


LOCAL: dict[str, Any] = {"externalTrafficPolicy": "Local"}


@pytest.mark.parametrize("see", [None, sees(), at(2, SILENT)], ids=["static", "pods are exempt", "dropped"])
def test_a_node_without_an_endpoint(see: See | None) -> None:
    case = examine(cluster(node_port(**LOCAL)), "svc/api", see)
    one = found(ExternalTrafficPolicyNoLocalEndpoint, case)
    assert refs(one) == ["Service shop/api spec.externalTrafficPolicy"]
    assert "worker-2 has no ready endpoint (only worker-1)" in one.finding.explanation
    dropped = any(s.aimed.entrance and not s.ok for s in case.seen)
    assert one.finding.certainty is (Certainty.CERTAIN if dropped else Certainty.LIKELY)
    assert one.finding.fixes[0].patch == {"spec": {"externalTrafficPolicy": "Cluster"}}
    assert codes(case) == ["ExternalTrafficPolicyNoLocalEndpoint"]


def test_a_client_outside_that_is_answered_all_the_same() -> None:
    case = examine(cluster(node_port(**LOCAL)), "svc/api", sees(), source="outside")
    assert ruled_out(ExternalTrafficPolicyNoLocalEndpoint, case) == "worker-2 answer all the same"


def test_a_node_with_an_endpoint_that_drops_has_a_firewall() -> None:
    case = examine(cluster(node_port(**LOCAL)), "svc/api", at(1, SILENT, at(2, SILENT)), source="outside")
    assert codes(case) == ["ExternalTrafficPolicyNoLocalEndpoint", "NodePortBlocked"]
    assert refs(found(NodePortBlocked, case)) == ["Node worker-1"]
    assert "has an endpoint of its own" in found(NodePortBlocked, case).finding.explanation


def test_nodes_that_load_balancers_leave_out_need_no_endpoint() -> None:
    left_out = {"node.kubernetes.io/exclude-from-external-load-balancers": ""}
    ready = {"conditions": [{"type": "Ready", "status": "True"}]}
    control_plane = manifest("Node", "control-plane", namespace="", labels=left_out, status=ready)
    pods = [pod("api-1", "10.244.1.5"), pod("api-2", "10.244.2.6"), endpoints("api", "10.244.1.5", "10.244.2.6")]
    case = examine(cluster(service("api", PORT, type="NodePort", **LOCAL), pods, control_plane), "svc/api")
    because = ruled_out(ExternalTrafficPolicyNoLocalEndpoint, case)
    assert because == "each node that clients may use has a ready endpoint"


def balanced(**spec: Any) -> list[Manifest]:
    objects = node_port(type="LoadBalancer", **LOCAL, **spec)
    objects[0]["status"] = {"loadBalancer": {"ingress": [{"ip": "203.0.113.9"}]}}
    return objects


@pytest.mark.parametrize("source", [None, "outside"])
def test_behind_a_load_balancer_it_is_in_order(source: str | None) -> None:
    case = examine(cluster(balanced()), "svc/api", at(2, SILENT), source=source)
    assert "leaves out" in ruled_out(ExternalTrafficPolicyNoLocalEndpoint, case)
    assert diagnose(case).verdict is Verdict.HEALTHY


def test_a_load_balancer_that_fails_may_not_heed_the_health_check() -> None:
    case = examine(cluster(balanced()), "svc/api", sees(LOAD_BALANCER=SILENT), source="outside")
    assert codes(case) == ["ExternalTrafficPolicyNoLocalEndpoint"]
    assert not found(ExternalTrafficPolicyNoLocalEndpoint, case).proven


def test_what_nodes_say_to_the_load_balancer_is_evidence() -> None:
    unfit = Observation("", Outcome.OK, 0.01, detail={"status": 503})
    seen = sees(LOAD_BALANCER=SILENT, HEALTH_CHECK=unfit)
    case = examine(cluster(balanced(healthCheckNodePort=32000)), "svc/api", seen, source="outside")
    said = [one.text for one in found(ExternalTrafficPolicyNoLocalEndpoint, case).finding.evidence]
    assert "healthCheckNodePort 32000 of worker-2 answers with status 503" in said


@pytest.mark.parametrize(("pods", "named"), [(1, True), (0, False)])
def test_without_ready_endpoints_it_will_be_the_traffic_policy_where_the_pods_nodes_are_known(
    pods: int, named: bool
) -> None:
    objects = [service("api", PORT, type="NodePort", **LOCAL), *[pod("api-1", "10.244.1.5", ready=False)] * pods]
    case = examine(cluster(objects), "svc/api", sees(VIP=Outcome.REJECTED, NODE_PORT=SILENT), source="outside")
    assert ("ExternalTrafficPolicyNoLocalEndpoint" in codes(case)) is named
    assert ("NoReadyEndpoints" in codes(case)) is named


def test_silence_on_udp_tells_where_each_endpoint_answers() -> None:
    port = {"port": 53, "targetPort": 8080, "nodePort": 30080, "protocol": "UDP"}
    objects = api(port, type="NodePort")
    objects[-1]["ports"][0]["protocol"] = "UDP"
    case = examine(cluster(objects), "svc/api", at(2, SILENT, sees(OTHER_PROTOCOL=Outcome.REFUSED)))
    assert codes(case) == ["NodePortBlocked"]


def test_a_node_whose_address_is_that_of_another_case_is_not_mixed_up() -> None:
    see = unless(sees(), **{"172.18.0.1": SILENT})
    assert refs(found(NodePortBlocked, examine(cluster(node_port()), "svc/api", see))) == ["Node worker-1"]
