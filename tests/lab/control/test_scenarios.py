"""A fresh lab of a scenario's manifests is to a diagnosis what the real cluster was."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from netdoctor.cluster.files import load as load_snapshot
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.diagnosis.case import Case
from netdoctor.diagnosis.diagnose import diagnose
from netdoctor.lab.control.shape import Shape
from netdoctor.lab.control.start import start
from netdoctor.lab.kubectl import kubectl
from netdoctor.lab.objects import Objects, snapshot_of
from netdoctor.lab.scenario import Scenario, documents, load, node_names, with_nodes
from netdoctor.path.expectation import expect
from netdoctor.path.path import build_path
from netdoctor.scenarios.ask import Answer
from netdoctor.scenarios.compare import mismatches

SCENARIOS = [load(file.parent) for file in sorted(Path("e2e/scenarios").glob("*/scenario.yaml"))]
# Those that are broken on a node have another network, but the same objects.
BY_OBJECTS = [
    s for s in SCENARIOS if {"static", "lab"} <= {*s.spec.modes} and all(step.kubectl for step in s.spec.inject)
]


@pytest.mark.parametrize("scenario", BY_OBJECTS, ids=lambda scenario: str(scenario.name))
def test_a_lab_is_diagnosed_as_the_recorded_cluster(scenario: Scenario) -> None:
    objects = injected(fresh(scenario), scenario)
    lab = snapshot_of({key: made for key, made in objects.items() if key[0] != "Secret"}, "lab")  # none is recorded
    nodes = names(scenario.spec.nodes)
    for check in (one for one in scenario.spec.checks if one.command.startswith("check ")):
        answer = ask(lab, with_nodes(check.command, nodes))
        assert mismatches(check.expected("static"), answer) == [], check.command
        there = ask(load_snapshot([str(scenario.snapshot)]), with_nodes(check.command, recorded_nodes(scenario)))
        assert essence(answer) == essence(there), check.command


def fresh(scenario: Scenario) -> Objects:
    text = with_nodes(scenario.manifests.read_text(), names(scenario.spec.nodes))
    spec = scenario.spec
    shape = Shape(nodes=max(3, spec.nodes), policy=spec.cni == "policy", dual_stack=spec.dual_stack)
    return start(documents(text), shape)


def injected(objects: Objects, scenario: Scenario) -> Objects:
    for step in scenario.spec.inject:
        ran = kubectl(objects, shlex.split(with_nodes(step.kubectl, names(scenario.spec.nodes))))
        assert (ran.code, ran.stderr) == (0, ""), step.kubectl
        objects = ran.objects
    return objects


def names(nodes: int) -> Mapping[str, str]:
    return {name: name for name in ("control-plane", *(f"worker-{n}" for n in range(1, max(3, nodes))))}


def recorded_nodes(scenario: Scenario) -> Mapping[str, str]:
    return node_names([item for item in documents(scenario.snapshot.read_text()) if item["kind"] == "Node"])


def ask(snapshot: Snapshot, command: str) -> Answer:
    words = shlex.split(command)
    assert words[0] == "check"
    given = dict(zip(words[2::2], words[3::2], strict=True))
    path = build_path(snapshot, words[1], given.get("--from"), given.get("-n", "default"))
    report = diagnose(Case(snapshot, path, expect(snapshot, path), {}, (), (), probed=False, logs={}))
    return Answer(tuple(words), report.exit_code, "", "", [msgspec.to_builtins(report)])


def essence(answer: Answer) -> Any:
    """What does not depend on the names that controllers make up."""
    return [
        (
            report["verdict"],
            report.get("allowed"),
            [
                [
                    (f["code"], f["certainty"], [named(ref) for ref in f.get("objects", ())])
                    for f in report.get(part, ())
                ]
                for part in ("causes", "warnings")
            ],
        )
        for report in answer.reports
    ]


def named(ref: Mapping[str, str]) -> tuple[str, ...]:
    made_up = ref["kind"] in {"Pod", "ReplicaSet", "Node"} or ref["kind"] == "EndpointSlice"
    return (ref["kind"], ref.get("namespace", ""), "" if made_up else ref["name"], ref.get("path", ""))
