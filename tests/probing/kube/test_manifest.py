"""The documents of a run."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from syrupy.assertion import SnapshotAssertion

from netdoctor.model.probe import Position, Probe, ProbeKind, Role
from netdoctor.model.refs import ObjectRef
from netdoctor.probing.kube.manifest import Run, anchor, ephemeral_container, owned, owner, probe_pod, reference, split
from netdoctor.probing.kube.options import ProbeOptions
from netdoctor_probe.wire import Plan, decode_plan, encode_plan

RUN = Run("abc", 1_800_000_000, ProbeOptions(image="probe:1", image_pull_secrets=("registry",)))
PLAN = Plan((Probe("a", ProbeKind.TCP, host="10.0.0.1", port=80),))
NEUTRAL = Position("neutral", Role.NEUTRAL, "shop")
STAND_IN = Position(
    "same-node",
    Role.SOURCE,
    "shop",
    labels={"app": "web", "app.kubernetes.io/managed-by": "Helm", "sidecar.istio.io/inject": "true"},
    stands_for=ObjectRef("Deployment", "web", "shop"),
    node="node-a",
    host_network=True,
    dns_policy="None",
    dns_config={"nameservers": ["10.96.0.10"], "options": [{"name": "ndots", "value": "2"}, {"name": "edns0"}]},
    host_aliases=({"ip": "10.0.0.9", "hostnames": ["db"]},),
    service_account="web",
)


def spec(position: Position, options: ProbeOptions = RUN.options) -> dict[str, Any]:
    document = probe_pod(replace(RUN, options=options), "netdoctor-abc-p0", position, PLAN)
    return dict(document["spec"])


def test_the_documents(snapshot: SnapshotAssertion) -> None:
    job = owner(RUN, "shop")
    created = {**job, "metadata": {**job["metadata"], "uid": "123"}}
    assert job == snapshot(name="owner")
    assert owned(anchor(RUN, "shop"), reference(created)) == snapshot(name="anchor")
    pod = probe_pod(RUN, "netdoctor-abc-p0", STAND_IN, PLAN)
    assert owned(pod, reference(created, controller=True)) == snapshot(name="stand-in")
    assert probe_pod(RUN, "netdoctor-abc-p1", NEUTRAL, PLAN)["metadata"] == snapshot(name="neutral metadata")
    assert ephemeral_container(RUN, "netdoctor-abc-p2", PLAN) == snapshot(name="ephemeral container")


def test_a_named_node_is_taken_whatever_its_taints() -> None:
    placed = spec(replace(STAND_IN, node_selector={"disk": "ssd"}, tolerations=({"key": "gpu"},)))
    assert placed["nodeName"] == "node-a"
    assert placed["tolerations"] == [{"operator": "Exists"}]
    assert "nodeSelector" not in placed
    assert "affinity" not in placed


def test_otherwise_the_scheduler_chooses_among_the_nodes_of_the_workload() -> None:
    zone = {"matchExpressions": [{"key": "zone", "operator": "In", "values": ["a"]}]}
    old = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["b"]}]}
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [zone, old]}}
    position = replace(
        NEUTRAL,
        not_node="node-a",
        node_selector={"disk": "ssd"},
        affinity={"nodeAffinity": required, "podAntiAffinity": {"any": "thing"}},
        tolerations=({"key": "gpu"},),
    )
    placed = spec(position, ProbeOptions(node_selector={"pool": "x"}, tolerations=({"key": "spot"},)))
    other = {"key": "metadata.name", "operator": "NotIn", "values": ["node-a"]}
    terms = [{**zone, "matchFields": [other]}, {"matchFields": [*old["matchFields"], other]}]
    assert placed["affinity"] == {
        "nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}
    }
    assert placed["nodeSelector"] == {"pool": "x", "disk": "ssd"}
    assert placed["tolerations"] == [{"key": "gpu"}, {"key": "spot"}]
    assert "nodeName" not in placed


def test_without_wishes_nothing_is_asked_of_the_scheduler() -> None:
    assert not {"affinity", "nodeSelector", "tolerations", "nodeName"} & spec(NEUTRAL).keys()


@pytest.mark.parametrize("path", ["/$(HOME)", "$$", "/a$"])
def test_the_kubelet_finds_nothing_to_expand_in_a_plan(path: str) -> None:
    plan = Plan((Probe("a", ProbeKind.HTTP, path=path),))
    document = probe_pod(RUN, "p", NEUTRAL, plan)
    [variable] = document["spec"]["containers"][0]["env"]
    assert "$" not in variable["value"]
    assert decode_plan(variable["value"]) == plan


@given(st.lists(st.integers(0, 300), max_size=40), st.integers(250, 2000))
def test_large_plans_are_split_and_nothing_is_lost(sizes: list[int], limit: int) -> None:
    probes = tuple(Probe(f"{i}", ProbeKind.HTTP, path="x" * size) for i, size in enumerate(sizes))
    parts = split(probes, limit)
    assert tuple(probe for part in parts for probe in part) == probes
    assert all(len(part) < 2 or len(encode_plan(Plan(part))) <= limit for part in parts)


def test_a_plan_of_usual_size_stays_whole() -> None:
    probes = tuple(Probe(f"same-node-{i}", ProbeKind.TCP, host="10.244.13.250", port=8080) for i in range(500))
    assert split(probes) == (probes,)
    assert len(split(probes * 4)) > 1
