"""Readiness probes that policies drop."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from netdoctor.diagnosis.causes.readiness_policy import ReadinessProbeBlockedByPolicy
from netdoctor.model.probe import Outcome, Position, Probe, Role
from netdoctor.model.report import Certainty
from netdoctor.probing.aims import Aim, Aimed
from tests.diagnosis.builders import (
    NOW,
    Manifest,
    See,
    Sight,
    cluster,
    codes,
    container,
    deployment,
    endpoints,
    event,
    examine,
    found,
    manifest,
    pod,
    policy,
    refs,
    ruled_out,
    service,
    web,
)

PROBED = (container("app", 8080, readinessProbe={"httpGet": {"port": 8080}}),)
TO_WEB = {"from": [{"podSelector": {"matchLabels": {"app": "web"}}}], "ports": [{"port": 8080}]}
TIMEOUT = 'Readiness probe failed: Get "http://10.244.1.5:8080/": context deadline exceeded (Client.Timeout exceeded)'


def plugin(name: str = "kube-router") -> Manifest:
    made = manifest("DaemonSet", name, "apps/v1", spec={"template": {}})
    made["metadata"]["namespace"] = "kube-system"
    return made


def unready(message: str = TIMEOUT, chosen: Manifest | None = None) -> list[Manifest]:
    """Service api, whose pod is not Ready since a minute, by the kubelet's words; a policy admits web only."""
    since = (NOW - timedelta(minutes=1)).isoformat()
    state = [{"type": "Ready", "status": "False", "lastTransitionTime": since}]
    return [
        service("api"),
        *deployment("api", containers=PROBED),
        pod("api-1", "10.244.1.5", containers=PROBED, ready=False, owner="api", status={"conditions": state}),
        endpoints("api", "!10.244.1.5"),
        event("api-1", "Unhealthy", message),
        chosen or policy("api-in", {"app": "api"}, ingress=[TO_WEB]),
        *web(),
    ]


def asked(node: Outcome = Outcome.TIMEOUT, pods: Outcome = Outcome.OK) -> See:
    """What the unready pod answers to its node, and to pods; the ClusterIP has nothing behind it."""

    def see(aimed: Aimed, probe: Probe, position: Position) -> Sight:
        if aimed.aim is Aim.UNREADY:
            return node if position.role is Role.NODE else pods
        return Outcome.REFUSED if aimed.aim is Aim.VIP else Outcome.OK

    return see


def case_of(objects: list[Manifest], see: See | None = None, name: str = "kube-router") -> Any:
    return examine(cluster(objects, plugin(name)), "svc/api", see, source="deploy/web")


def test_the_node_gets_no_answer_and_pods_that_the_policy_admits_do() -> None:
    case = case_of(unready(), asked())
    one = found(ReadinessProbeBlockedByPolicy, case)
    assert refs(one) == ["NetworkPolicy shop/api-in"]
    assert one.finding.certainty is Certainty.LIKELY
    assert "has no rule for its node worker-1" in one.finding.explanation
    assert "answers pods that the policy admits, and not worker-1" in one.finding.explanation
    assert one.finding.fixes[0].patch == {
        "op": "add",
        "path": "/spec/ingress/0/from/-",
        "value": {"ipBlock": {"cidr": "172.18.0.1/32"}},
    }
    assert one.explains == {s.id for s in case.failed}
    assert codes(case) == ["ReadinessProbeBlockedByPolicy"]


def test_without_a_probe_it_is_only_possible() -> None:
    case = case_of(unready())
    assert found(ReadinessProbeBlockedByPolicy, case).finding.certainty is Certainty.POSSIBLE
    assert codes(case) == ["NoReadyEndpoints", "ReadinessProbeBlockedByPolicy"]  # what is known, and what may be why


def test_of_a_plugin_that_nobody_knows_only_probes_make_it_possible() -> None:
    assert codes(case_of(unready(), name="else")) == ["NoReadyEndpoints"]
    seen = found(ReadinessProbeBlockedByPolicy, case_of(unready(), asked(), "else"))
    assert seen.finding.certainty is Certainty.POSSIBLE


@pytest.mark.parametrize("name", ["calico-node", "cilium", "antrea-agent", "ovnkube-node"])
def test_most_network_plugins_always_admit_the_node(name: str) -> None:
    case = case_of(unready(), asked(), name)
    assert "whatever policies say" in ruled_out(ReadinessProbeBlockedByPolicy, case)
    assert codes(case) == ["NoReadyEndpoints"]


def test_where_nothing_enforces_policies_they_block_nothing() -> None:
    assert "ReadinessProbeBlockedByPolicy" not in codes(case_of(unready(), asked(), "kube-flannel-ds"))


@pytest.mark.parametrize(
    "message",
    [
        'Readiness probe failed: Get "http://10.244.1.5:8080/": dial tcp 10.244.1.5:8080: connect: connection refused',
        "Readiness probe failed: HTTP probe failed with statuscode: 503",
        'Readiness probe failed: Get "http://10.244.1.5:9090/": context deadline exceeded',
        'Liveness probe failed: Get "http://10.244.1.5:8080/": context deadline exceeded',
        'Readiness probe errored: command "check" timed out',
    ],
    ids=["refused", "answered", "other port", "liveness", "exec"],
)
def test_a_probe_that_reached_the_pod_or_is_another_is_not_blocked(message: str) -> None:
    assert codes(case_of(unready(message))) == ["NoReadyEndpoints"]


@pytest.mark.parametrize(
    "message",
    [
        "Readiness probe failed: dial tcp 10.244.1.5:8080: i/o timeout",
        'Readiness probe failed: timeout: failed to connect service "10.244.1.5:8080" within 1s',
    ],
)
def test_what_the_kubelet_says_of_other_kinds_of_probes(message: str) -> None:
    assert codes(case_of(unready(message), asked())) == ["ReadinessProbeBlockedByPolicy"]


def test_a_node_that_reaches_the_pod_is_not_kept_out() -> None:
    case = case_of(unready(), asked(node=Outcome.OK))
    assert "worker-1 reaches its own pods" in ruled_out(ReadinessProbeBlockedByPolicy, case)
    assert codes(case) == ["NoReadyEndpoints"]


def test_an_application_that_answers_nobody_is_at_fault_itself() -> None:
    case = case_of(unready(), asked(pods=Outcome.TIMEOUT))
    assert "get no answer either" in ruled_out(ReadinessProbeBlockedByPolicy, case)
    assert codes(case) == ["NoReadyEndpoints"]


def test_a_policy_that_admits_the_nodes() -> None:
    nodes = policy("api-in", {"app": "api"}, ingress=[TO_WEB, {"from": [{"ipBlock": {"cidr": "172.18.0.0/16"}}]}])
    assert codes(case_of(unready(chosen=nodes))) == ["NoReadyEndpoints"]


@pytest.mark.parametrize(("seconds", "code"), [(10, "NoReadyEndpoints"), (90, "ReadinessProbeBlockedByPolicy")])
def test_a_policy_that_came_after_the_pod_was_unready(seconds: float, code: str) -> None:
    made = policy("api-in", {"app": "api"}, ingress=[TO_WEB])
    made["metadata"]["creationTimestamp"] = (NOW - timedelta(seconds=seconds)).isoformat()
    assert codes(case_of(unready(chosen=made), asked())) == [code]


def test_a_pod_that_is_asked_for_itself_answers_though_it_is_not_ready() -> None:
    case = examine(cluster(unready(), plugin()), "pod/api-1:8080", asked(), source="deploy/web")
    assert codes(case) == []


def test_a_service_that_publishes_pods_that_are_not_ready() -> None:
    objects = unready()
    objects[0]["spec"]["publishNotReadyAddresses"] = True
    assert ReadinessProbeBlockedByPolicy().examine(case_of(objects)) is None
