"""Nodes that do not reach their own pods, and checks of nodes."""

from __future__ import annotations

import pytest

from netdoctor.diagnosis.causes.kubelet import KubeletToPodBlocked
from netdoctor.model.errors import InputError
from netdoctor.model.probe import Outcome, Position, Probe, Role
from netdoctor.model.report import Certainty, Verdict
from netdoctor.path.path import build_path
from netdoctor.path.target import TargetKind
from netdoctor.probing.aims import Aim, Aimed
from tests.diagnosis.builders import (
    NAMESPACE,
    Manifest,
    See,
    Sight,
    api,
    cluster,
    codes,
    container,
    deployment,
    endpoints,
    event,
    examine,
    found,
    pod,
    policy,
    refs,
    report,
    ruled_out,
    sees,
    service,
    web,
)

PROBED = container("app", 8080, readinessProbe={"httpGet": {"path": "/ready", "port": 8080}})


def node_cannot(outcome: Outcome = Outcome.TIMEOUT, elsewhere: Outcome = Outcome.OK) -> See:
    """What the node sends to its pods ends so; the ClusterIP has nothing behind it."""

    def see(aimed: Aimed, probe: Probe, position: Position) -> Sight:
        if aimed.aim in (Aim.NODE_POD, Aim.UNREADY):
            return outcome if position.role is Role.NODE else elsewhere
        return Outcome.REFUSED if aimed.aim is Aim.NODE else Outcome.REJECTED if aimed.aim is Aim.VIP else Outcome.OK

    return see


def unready(*more: Manifest) -> list[Manifest]:
    running = pod("api-1", "10.244.1.5", containers=(PROBED,), owner="api", ready=False)
    return [service("api"), *deployment("api", containers=(PROBED,)), running, endpoints("api", "!10.244.1.5"), *more]


def test_a_node_that_is_asked_about_does_not_reach_its_pods() -> None:
    case = examine(cluster(api(containers=(PROBED,))), "node/worker-1", node_cannot())
    item = found(KubeletToPodBlocked, case)
    assert refs(item) == ["Node worker-1"]
    assert item.finding.certainty is Certainty.LIKELY
    assert codes(case) == ["KubeletToPodBlocked"]


def test_it_is_why_pods_that_answer_are_not_ready() -> None:
    said = event("api-1", "Unhealthy", "Readiness probe failed: context deadline exceeded")
    case = examine(cluster(unready(said)), "svc/api", node_cannot())
    assert found(KubeletToPodBlocked, case).finding.certainty is Certainty.CERTAIN
    assert codes(case) == ["KubeletToPodBlocked"]


@pytest.mark.parametrize(("node", "elsewhere"), [(Outcome.OK, Outcome.OK), (Outcome.TIMEOUT, Outcome.TIMEOUT)])
def test_what_fails_nowhere_or_everywhere_is_no_matter_of_the_node(node: Outcome, elsewhere: Outcome) -> None:
    assert codes(examine(cluster(unready()), "svc/api", node_cannot(node, elsewhere))) == ["NoReadyEndpoints"]


def test_a_node_that_reaches_its_pods() -> None:
    case = examine(cluster(api(containers=(PROBED,))), "node/worker-1", node_cannot(Outcome.OK))
    assert "reaches its own pods" in ruled_out(KubeletToPodBlocked, case)
    assert report(case).verdict is Verdict.HEALTHY


def test_where_a_policy_isolates_the_pod_it_is_not_the_node() -> None:
    isolated = policy("some", {"app": "api"}, ingress=[{"from": [{"podSelector": {}}]}])
    case = examine(cluster(unready(isolated)), "svc/api", node_cannot())
    assert codes(case) == ["NoReadyEndpoints"]


def test_pods_of_the_node_that_policies_keep_others_from_are_not_asked_from_pods() -> None:
    denied = policy("none", {"app": "api"}, ingress=[])
    case = examine(cluster(api(containers=(PROBED,)), denied), "node/worker-1", sees())
    asked = [s for s in case.seen if s.aimed.aim is Aim.NODE_POD]
    assert {s.observed.position.role for s in asked} == {Role.NODE}
    assert codes(case) == []


def test_a_node_without_the_right_to_a_pod_in_its_network_is_asked_from_pods() -> None:
    def see(aimed: Aimed, probe: Probe, position: Position) -> Sight:
        return None if position.role is Role.NODE else sees(NODE=Outcome.REFUSED)(aimed, probe, position)

    told = report(examine(cluster(api(containers=(PROBED,))), "node/worker-1", see))
    assert told.verdict is Verdict.HEALTHY


def test_a_node_is_asked_for_in_the_namespace_given_and_by_port_as_an_address() -> None:
    snapshot = cluster(api(), web())
    path = build_path(snapshot, "node/worker-1", None, NAMESPACE)
    assert (path.target.kind, path.source.namespace, path.routes) == (TargetKind.NODE, NAMESPACE, ())
    by_port = build_path(snapshot, "node/worker-1:6443", None, NAMESPACE)
    assert [backend.label for backend in by_port.routes[0].ready] == ["172.18.0.1:6443"]
    with pytest.raises(InputError, match="no port of that name"):
        build_path(snapshot, "node/worker-1:https", None, NAMESPACE)
