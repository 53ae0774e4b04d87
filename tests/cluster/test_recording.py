"""A Snapshot as a file, and back."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from netdoctor.cluster.decode import convert
from netdoctor.cluster.files import load, load_recorded
from netdoctor.cluster.objects import Object
from netdoctor.cluster.recording import document
from netdoctor.cluster.snapshot import Snapshot, Unread
from netdoctor.model.refs import ObjectRef
from netdoctor.report import Format, encode

SCENARIOS = Path(__file__).parents[2] / "e2e" / "scenarios"
RECORDED = sorted(file.parent.name for file in SCENARIOS.glob("*/snapshot.yaml"))
ENVIRONMENT = [{"name": "PASSWORD", "value": "hunter2"}]
CONTAINER = {"name": "main", "env": ENVIRONMENT, "livenessProbe": {"httpGet": {"port": "http"}}}
POD = {
    "kind": "Pod",
    "apiVersion": "v1",
    "metadata": {"name": "a", "namespace": "b"},
    "spec": {"containers": [CONTAINER]},
}


def read(manifest: object) -> Object:
    found = convert(msgspec.convert(manifest, dict))
    assert found is not None
    return found


def config_map(name: str) -> Object:
    return read(
        {
            "kind": "ConfigMap",
            "apiVersion": "v1",
            "metadata": {"name": name, "namespace": "kube-system"},
            "data": {"a": name},
        }
    )


def written(snapshot: Snapshot, file: Path) -> Path:
    file.write_text(encode(document(snapshot), Format.JSON if file.suffix == ".json" else Format.YAML))
    return file


@pytest.mark.parametrize("suffix", ["yaml", "json"])
def test_what_is_written_is_read_again(tmp_path: Path, suffix: str) -> None:
    snapshot = Snapshot.of(
        [read(POD), config_map("coredns")],
        source="kind-test",
        taken_at=datetime(2026, 1, 2, tzinfo=UTC),
        unread=(Unread("NetworkPolicy", "", "forbidden", ("b",)),),
        unsupported_policies=(ObjectRef("CiliumNetworkPolicy", "x", "b"),),
    )
    assert load([str(written(snapshot, tmp_path / f"file.{suffix}"))]) == snapshot


@pytest.mark.parametrize("name", RECORDED)
def test_every_object_of_every_recorded_scenario_survives(tmp_path: Path, name: str) -> None:
    snapshot = load([str(SCENARIOS / name / "snapshot.yaml")])
    again = load([str(written(snapshot, tmp_path / "file.json"))])
    config_maps = {one.ref for one in snapshot.config_maps} - {one.ref for one in again.config_maps}
    assert [one for one in snapshot.objects() if one.ref not in config_maps] == list(again.objects())


def test_no_environment_and_no_other_config_map_is_in_it() -> None:
    snapshot = Snapshot.of(
        [read(POD), config_map("coredns"), config_map("passwords")], source="", taken_at=datetime.now(UTC)
    )
    text = json.dumps(document(snapshot))
    assert "coredns" in text
    assert "passwords" not in text
    assert "hunter2" not in text


def test_checks_are_kept_as_they_are(tmp_path: Path) -> None:
    snapshot = Snapshot.of([read(POD)], source="", taken_at=datetime.now(UTC))
    file = tmp_path / "file.json"
    file.write_text(encode(document(snapshot, [{"target": "svc/a"}]), Format.JSON))
    assert load_recorded([str(file)]).checks == ({"target": "svc/a"},)
