"""`netdoctor snapshot`: what it writes, and where."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from netdoctor.cli.main import main
from tests.cli.policy_files import CLUSTER


@pytest.fixture
def cluster(tmp_path: Path) -> str:
    (tmp_path / "cluster.yaml").write_text(CLUSTER)
    return str(tmp_path / "cluster.yaml")


def test_it_goes_to_stdout_as_yaml(cluster: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["snapshot", "--snapshot", cluster]) == 0
    items = yaml.safe_load(capsys.readouterr().out)["items"]
    assert {"Recording", "Namespace", "Pod"} <= {item["kind"] for item in items}


def test_it_goes_into_a_file_of_its_owner(cluster: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "saved.json"
    assert main(["snapshot", "--snapshot", cluster, "-o", str(file)]) == 0
    assert capsys.readouterr().out == ""
    assert json.loads(file.read_text())["kind"] == "List"
    assert file.stat().st_mode & 0o077 == 0


def test_one_namespace_only(cluster: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["snapshot", "--snapshot", cluster, "-n", "shop"]) == 0
    items = yaml.safe_load(capsys.readouterr().out)["items"]
    assert {item["metadata"].get("namespace") for item in items if item["kind"] == "Pod"} == {"shop", "kube-system"}


def test_a_redacted_one_is_a_snapshot_without_its_names(cluster: str, tmp_path: Path) -> None:
    file = tmp_path / "redacted.yaml"
    assert main(["snapshot", "--snapshot", cluster, "--redact", "-o", str(file)]) == 0
    text = file.read_text()
    assert "shop" in Path(cluster).read_text()
    assert "shop" not in text
    assert {item["kind"] for item in yaml.safe_load(text)["items"]} >= {"Recording", "Namespace", "Pod"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-n", "shop", "-A"], "not both"),
        (["--context", "x"], "--context"),
        (["-n", "shpo"], "no namespace shpo"),
        (["-o", "/nowhere/file"], "/nowhere"),
    ],
)
def test_what_makes_no_sense(cluster: str, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["snapshot", "--snapshot", cluster, *arguments]) == 2
    assert said in capsys.readouterr().err
