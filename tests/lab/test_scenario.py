"""scenario.yaml and manifests.yaml → Scenario, or an error that names file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from netdoctor.lab.scenario import Scenario, ScenarioError, find, load, node_names, with_nodes

CHECK = """
title: t
checks:
- command: check svc/a -n one
  verdict: Unhealthy
  exit: 1
  causes: [A, B]
  static: {verdict: Undetermined, causes: []}
"""
MANIFESTS = """
{kind: Service, metadata: {name: a, namespace: one}}
---
kind: List
items:
- {kind: Namespace, metadata: {name: two}}
"""


def write(directory: Path, text: str, manifests: str = MANIFESTS) -> Path:
    directory.mkdir(exist_ok=True)
    (directory / "scenario.yaml").write_text(text)
    (directory / "manifests.yaml").write_text(manifests)
    return directory


def scenario(directory: Path, text: str, manifests: str = MANIFESTS) -> Scenario:
    return load(write(directory / "s", text, manifests))


def test_override_replaces_whole_keys_and_leaves_the_others(tmp_path: Path) -> None:
    check = scenario(tmp_path, CHECK).spec.checks[0]
    assert check.expected("live").causes == ("A", "B")
    assert check.expected("static").causes == ()
    assert (check.expected("static").verdict, check.expected("static").exit) == ("Undetermined", 1)


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        (CHECK.replace("  exit: 1", "  exit: one"), 6, "Expected `int"),
        (CHECK.replace("  exit: 1", "  exitCode: 1"), 6, "unknown field `exitCode`"),
        (CHECK.replace("Unhealthy", "Broken"), 5, "Broken"),
        (CHECK.replace("verdict: Undetermined", "verdikt: Undetermined"), 8, "verdikt"),
        (CHECK + "inject: [{node: worker-1}]", 9, "either `kubectl`, or `fault`, or `node` and `run`"),
        (CHECK + "inject: [{kubectl: get pods, fault: dns-down}]", 9, "either `kubectl`, or `fault`"),
        (CHECK + "inject: [{kubectl: get pods, node: worker-1}]", 9, "`node` and `run` belong together"),
        (CHECK + "inject: [{fault: dns-up}]", 9, "fault dns-up: there is no such fault; there are vxlan-dropped,"),
        (CHECK + "overlay: geneve", 9, "geneve"),
        (CHECK + "modes: [static, alive]", 9, "alive"),
        ("title: t\nchecks: []", 1, "`checks` is empty"),
        ("title: [", 2, "did not find expected node content"),
        ("- a", 1, "Expected `object`"),
    ],
)
def test_a_mistake_is_named_with_file_and_line(tmp_path: Path, text: str, line: int, says: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        scenario(tmp_path, text)
    assert str(caught.value).startswith(f"{tmp_path}/s/scenario.yaml:{line}: ")
    assert says in str(caught.value)


def test_a_fault_by_its_name_is_for_the_lab_alone(tmp_path: Path) -> None:
    found = scenario(tmp_path, CHECK + "inject: [{fault: dns-down}, {kubectl: get pods}]")
    assert [step.fault for step in found.steps(found.spec.inject, "lab")] == ["dns-down", ""]
    assert [step.kubectl for step in found.steps(found.spec.inject, "live")] == ["get pods"]


def test_manifests_must_hold_objects(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"manifests\.yaml: something in it is no Kubernetes object"):
        scenario(tmp_path, CHECK, "kind: Service")


def test_missing_manifests(tmp_path: Path) -> None:
    (tmp_path / "scenario.yaml").write_text(CHECK)
    with pytest.raises(ScenarioError, match=r"manifests\.yaml: No such file"):
        load(tmp_path)


def test_own_namespaces_are_those_named_by_any_object(tmp_path: Path) -> None:
    assert scenario(tmp_path, CHECK).namespaces == ("one", "two")


@pytest.mark.parametrize(
    ("text", "manifests", "alone"),
    [
        (CHECK, MANIFESTS, False),
        (CHECK + "inject: [{kubectl: delete pod x}]", MANIFESTS, True),
        (CHECK, "{kind: Service, metadata: {name: a, namespace: kube-system}}", True),
        (CHECK, "{kind: Service, metadata: {name: a}}", True),
        (CHECK, "{kind: Namespace, metadata: {name: kube-system}}", True),
        (CHECK, "{kind: IngressClass, metadata: {name: a}}", True),
    ],
)
def test_what_others_would_notice_runs_alone(tmp_path: Path, text: str, manifests: str, alone: bool) -> None:
    assert scenario(tmp_path, text, manifests).alone is alone


def test_find_takes_scenarios_and_directories_of_scenarios(tmp_path: Path) -> None:
    write(tmp_path / "b", CHECK)
    write(tmp_path / "a", CHECK)
    assert [s.name for s in find([tmp_path])] == ["a", "b"]
    assert [s.name for s in find([tmp_path / "b"])] == ["b"]


def test_find_refuses_a_directory_without_any(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"no scenario\.yaml in it or below it"):
        find([tmp_path])


def node(name: str, *labels: str) -> dict[str, dict[str, object]]:
    return {"metadata": {"name": name, "labels": dict.fromkeys(labels, "")}}


def test_nodes_have_their_own_order() -> None:
    nodes = [node("x-worker2"), node("x-worker"), node("x-master", "node-role.kubernetes.io/control-plane")]
    names = node_names(nodes)
    assert names == {"control-plane": "x-master", "worker-1": "x-worker", "worker-2": "x-worker2"}
    assert with_nodes("on ${node:worker-2} and ${node:worker-2}", names) == "on x-worker2 and x-worker2"
    with pytest.raises(ScenarioError, match=r"worker-3.*control-plane, worker-1, worker-2"):
        with_nodes("${node:worker-3}", names)
