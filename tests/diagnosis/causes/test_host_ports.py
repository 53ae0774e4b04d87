"""Pods that wait for a port of a node."""

from __future__ import annotations

import pytest

from netdoctor.diagnosis.causes.host_ports import HostPortConflict
from netdoctor.model.probe import Outcome
from tests.diagnosis.builders import (
    Manifest,
    cluster,
    codes,
    container,
    deployment,
    endpoints,
    examine,
    found,
    pod,
    refs,
    ruled_out,
    sees,
    service,
)

REFUSED = sees(VIP=Outcome.REFUSED)
NO_PORTS = "0/2 nodes are available: 2 node(s) didn't have free ports for the requested pod ports."


def on_host(number: int = 9000, protocol: str = "TCP", address: str = "") -> tuple[Manifest]:
    """A container with a hostPort."""
    port = {"containerPort": 8080, "hostPort": number, "protocol": protocol}
    return (container("app", port | ({"hostIP": address} if address else {})),)


def waiting(said: str = NO_PORTS, address: str = "") -> list[Manifest]:
    """Service api, whose one pod waits for port 9000 of a node."""
    unscheduled = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": said}
    ports = on_host(address=address)
    return [
        service("api"),
        *deployment("api", containers=ports),
        pod("api-1", containers=ports, ready=False, owner="api", conditions=(unscheduled,)),
        endpoints("api"),
    ]


def holder(*containers: Manifest, owner: str = "other") -> list[Manifest]:
    """Another workload's pod on worker-1."""
    made = deployment(owner, containers=containers) if owner != "api" else []
    return [*made, pod("holder", "10.244.1.9", {"app": owner}, containers, owner=owner)]


@pytest.mark.parametrize("target", ["svc/api", "deploy/api"])
def test_another_workloads_pod_has_the_port(target: str) -> None:
    case = examine(cluster(waiting(), holder(*on_host())), target + (":8080" if "deploy" in target else ""), REFUSED)
    one = found(HostPortConflict, case)
    assert one.finding.title == "Pod shop/api-1 waits for hostPort 9000/TCP, which Pod shop/holder has"
    assert refs(one) == [
        "Deployment shop/api spec.template.spec.containers[0].ports[0].hostPort",
        "Pod shop/api-1",
    ]
    assert {e.text for e in one.finding.evidence} >= {NO_PORTS, "has 9000/TCP on worker-1"}
    assert codes(case) == ["HostPortConflict"]


def test_more_replicas_than_nodes() -> None:
    case = examine(cluster(waiting(), holder(*on_host(), owner="api")), "svc/api", REFUSED)
    one = found(HostPortConflict, case)
    assert "more replicas than nodes" in one.finding.explanation
    assert one.finding.title.endswith("which other replicas of its own have")


@pytest.mark.parametrize(
    ("asked", "held", "conflict"),
    [
        ("", on_host(9001), False),
        ("", on_host(protocol="UDP"), False),
        ("10.0.0.1", on_host(address="10.0.0.2"), False),
        ("10.0.0.1", on_host(address="0.0.0.0"), True),
    ],
    ids=["another number", "another protocol", "another address", "every address"],
)
def test_what_overlaps_is_a_conflict(asked: str, held: tuple[Manifest], conflict: bool) -> None:
    case = examine(cluster(waiting(address=asked), holder(*held)), "svc/api", REFUSED)
    assert codes(case) == (["HostPortConflict"] if conflict else ["NoReadyEndpoints"])


def test_a_pod_that_waits_for_something_else_is_another_fault() -> None:
    case = examine(
        cluster(waiting("0/2 nodes are available: 2 Insufficient cpu."), holder(*on_host())), "svc/api", REFUSED
    )
    assert ruled_out(HostPortConflict, case) == "no pod with a hostPort waits for it"
    assert codes(case) == ["NoReadyEndpoints"]
