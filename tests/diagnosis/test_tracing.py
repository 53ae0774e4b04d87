"""The way hop by hop, and which hop fails."""

from __future__ import annotations

from typing import Any

import pytest

from netdoctor.diagnosis.tracing import TraceCase, explain_trace
from netdoctor.diagnosis.whose import whose
from netdoctor.model.probe import Observation, Observed, Outcome
from netdoctor.model.report import Hop, Verdict
from netdoctor.model.trace_report import Leg, TraceReport
from netdoctor.path.expectation import expect
from netdoctor.path.path import build_path
from netdoctor.probing.trace_plan import plan_trace
from tests.diagnosis.builders import Manifest, api, cluster, policy, web

FAR, OWN = "172.18.0.1", "172.18.0.2"  # worker-1, where the endpoint is, and worker-2


def traced(
    outcome: Outcome,
    *routers: str | None,
    vip: Outcome | None = None,
    by: str | None = None,
    policies: list[Manifest] = [],  # noqa: B006
) -> TraceReport:
    """From Deployment web on worker-2 to Service api, whose pod is on worker-1; `routers` answered on the way."""
    snapshot = cluster(api(), web(), policies)
    path = build_path(snapshot, "svc/api", "deploy/web", "shop")
    plan = plan_trace(snapshot, path, expect(snapshot, path), 1.0, attach=False)
    observed = []
    for pod in plan.pods:
        if pod.position.node == "worker-1":
            continue
        for probe in pod.probes:
            aim = plan.aims[probe.id]
            end = (vip or outcome) if aim.vip else outcome
            hops = [{"ttl": ttl, "address": address} for ttl, address in enumerate(routers, 1)]
            detail: dict[str, Any] = {"hops": hops} if aim.hops else {}
            seen = Observation(probe.id, end, 0.1, by, detail)
            observed.append(Observed(probe, pod.position, seen, "worker-2", "10.244.2.9"))
    return explain_trace(TraceCase(snapshot, path, expect(snapshot, path), plan.aims, tuple(observed)))


def leg(report: TraceReport) -> Leg:
    [only] = report.legs
    return only


def hop(report: TraceReport, name: str) -> Hop:
    return next(one for one in leg(report).hops if name in one.name)


def test_a_sound_way_names_both_nodes_and_the_step_between_them() -> None:
    made = traced(Outcome.OK, OWN, FAR, "10.244.1.5")
    assert (made.verdict, made.exit_code, leg(made).fails_at) == (Verdict.HEALTHY, 0, "")
    assert [one.name.partition(":")[2].strip() or one.name for one in leg(made).hops][1:4] == [
        "node worker-2",
        "from node worker-2 to node worker-1",
        "node worker-1",
    ]


def test_silence_behind_the_own_node_is_between_the_nodes() -> None:
    made = traced(Outcome.TIMEOUT, OWN)
    assert (made.verdict, made.exit_code) == (Verdict.UNHEALTHY, 1)
    assert leg(made).fails_at == "from node worker-2 to node worker-1"
    assert "behind node worker-2" in hop(made, "from node").seen
    assert leg(made).hops[-1].ok is None


def test_silence_behind_the_far_node_is_at_the_pod() -> None:
    made = traced(Outcome.TIMEOUT, OWN, FAR)
    assert leg(made).fails_at.startswith("pod api")
    assert hop(made, "from node").ok is True


def test_a_refusal_shows_that_packets_arrive() -> None:
    made = traced(Outcome.REFUSED, OWN, FAR, "10.244.1.5")
    assert hop(made, "from node").ok is True
    assert leg(made).fails_at.startswith("pod api")


def test_what_policies_deny_fails_there_whatever_is_silent_behind() -> None:
    closed = policy("closed", {"app": "api"}, ingress=[])
    made = traced(Outcome.TIMEOUT, OWN, FAR, policies=[closed])
    assert leg(made).fails_at.startswith("NetworkPolicy ingress")
    assert leg(made).hops[-1].ok is None


def test_what_the_own_policies_deny_is_not_blamed_on_the_way_between_nodes() -> None:
    closed = policy("closed", {"app": "web"}, egress=[])
    made = traced(Outcome.TIMEOUT, OWN, policies=[closed])
    assert leg(made).fails_at.startswith("NetworkPolicy egress")
    assert hop(made, "from node").ok is None


def test_a_denial_that_nothing_enforces_does_not_fail() -> None:
    closed = policy("closed", {"app": "api"}, ingress=[])
    made = traced(Outcome.OK, OWN, FAR, policies=[closed])
    assert (made.verdict, leg(made).fails_at) == (Verdict.HEALTHY, "")
    assert hop(made, "NetworkPolicy ingress").seen.endswith("and it passes")


def test_an_endpoint_that_answers_behind_a_cluster_ip_that_does_not_fails_at_the_translation() -> None:
    made = traced(Outcome.OK, OWN, FAR, vip=Outcome.TIMEOUT)
    assert (made.verdict, made.exit_code) == (Verdict.UNHEALTHY, 1)
    assert leg(made).fails_at.startswith("NAT of ClusterIP")


def test_who_rejects_is_named() -> None:
    made = traced(Outcome.REJECTED, OWN, by=FAR)
    assert leg(made).hops[-1].seen == "rejected by 172.18.0.1 (node worker-1)"


def test_probes_that_were_not_sent_are_not_tested() -> None:
    made = traced(Outcome.SKIPPED)
    assert made.not_tested[-1].because == "its probes could not be sent"
    assert made.verdict is Verdict.NOT_TESTED


def test_nothing_sent_is_nothing_tested() -> None:
    made = traced(Outcome.SKIPPED)
    assert (made.verdict, made.exit_code) == (Verdict.NOT_TESTED, 3)


@pytest.mark.parametrize(
    ("address", "name"),
    [
        (FAR, "node worker-1"),
        ("10.244.1.5", "pod shop/api-1"),
        ("169.254.1.1", "node worker-2"),
        ("203.0.113.1", "a router that is no node"),
        (None, "silent"),
        ("nonsense", "an unknown address"),
    ],
)
def test_whose_an_address_is(address: str | None, name: str) -> None:
    said = whose(cluster(api()), address, "worker-2")
    assert said == name or (name.startswith("pod") and said.startswith("pod shop/api"))
