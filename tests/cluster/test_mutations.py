"""Thousands of broken files: each is read or refused in one line, and what is read can be reasoned about."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from netdoctor.cli.main import main
from netdoctor.cluster.files import load
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.model.errors import InputError
from netdoctor.policy.compile import compile_policies
from netdoctor.policy.decide import decide
from netdoctor.policy.flow import Flow, ip_endpoint, pod_endpoint
from netdoctor.policy.profile import profile_for
from tests.cluster.mutations import OBJECTS, mutated, mutated_cluster

PER_TEST = 100


def read(content: bytes, folder: Path) -> Snapshot | str:
    """What is in the file, or why it is refused."""
    file = folder / "f.yaml"
    file.write_bytes(content)
    try:
        return load([str(file)])
    except InputError as error:
        return str(error).replace(str(file), "f.yaml")


def reason_about(snapshot: Snapshot) -> None:
    policies = compile_policies(snapshot, cni="calico")
    pods = [pod_endpoint(pod, snapshot) for pod in snapshot.pods]
    outside = ip_endpoint("192.0.2.1", snapshot)
    for pod in pods:
        for flow in (Flow(pod, outside, "TCP", 443), Flow(outside, pod, "UDP", 53), Flow(pods[0], pod, "TCP", 8080)):
            decide(policies, flow, profile_for("calico"))


@pytest.mark.parametrize("start", range(0, 1500, PER_TEST))
def test_a_broken_file_is_read_or_refused_in_one_line_that_says_where(start: int, tmp_path: Path) -> None:
    for seed in range(start, start + PER_TEST):
        outcome = read(mutated(seed), tmp_path)
        if isinstance(outcome, Snapshot):
            reason_about(outcome)
        else:
            refusal = r"f\.yaml:\d+: .{1,501}|f\.yaml: no object of a kind that netdoctor reads"
            assert re.fullmatch(refusal, outcome), f"seed {seed}: {outcome}"


def test_a_check_of_a_broken_file_answers_or_says_what_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NETDOCTOR_TRACEBACK", "1")  # what is not expected is raised
    file = tmp_path / "f.yaml"
    codes = set()
    for seed in range(80):
        file.write_bytes(mutated_cluster(seed))
        code = main(["check", "svc/web", "-n", "shop", "--from", "deploy/api", "--snapshot", str(file)])
        said = capsys.readouterr()
        assert (code == 2) == (not said.out), f"seed {seed}"
        assert len(said.err.splitlines()) <= (1 if str(file) in said.err else 3), f"seed {seed}: {said.err}"
        codes.add(code)
    assert {1, 2} <= codes <= {0, 1, 2, 3, 4}


def test_the_mutations_break_much_and_spare_much(tmp_path: Path) -> None:
    """Otherwise the test above would prove little."""
    refused = sum(isinstance(read(mutated(seed), tmp_path), str) for seed in range(300))
    assert 100 < refused < 250
    assert len({mutated(seed) for seed in range(300)}) > 280


@pytest.mark.parametrize("number", range(len(OBJECTS)), ids=lambda number: str(OBJECTS[number]["kind"]))
def test_the_objects_that_are_broken_are_valid_themselves(number: int, tmp_path: Path) -> None:
    (tmp_path / "f.json").write_text(json.dumps(OBJECTS[number]))
    assert len(load([str(tmp_path)]).origins) == 1
