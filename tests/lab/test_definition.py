from __future__ import annotations

from pathlib import Path

import pytest

from netdoctor.lab.control.shape import Shape
from netdoctor.lab.definition import define
from netdoctor.model.errors import InputError

_RECORDED = Path(__file__).parents[2] / "e2e/scenarios/policy-namespace-label-missing/snapshot.yaml"


def test_a_snapshot_is_replayed_with_its_own_nodes_and_addresses() -> None:
    definition = define(str(_RECORDED))
    assert definition.replayed
    nodes = {name for kind, _, name in definition.objects if kind == "Node"}
    assert {f"name: {name}" in _RECORDED.read_text() for name in nodes} == {True}
    addresses = {m["status"]["podIP"] for (kind, _, _), m in definition.objects.items() if kind == "Pod"}
    assert all(address in _RECORDED.read_text() for address in addresses)


def test_a_snapshot_takes_no_other_shape() -> None:
    with pytest.raises(InputError, match="a snapshot has nodes"):
        define(str(_RECORDED), Shape(nodes=2))


def test_more_than_a_machine_can_hold_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    container = "containers: [{name: app, image: 'netdoctor.dev/testapp:1', args: [sleep]}]"
    labels = "{app: big}"
    Path("big.yaml").write_text(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: big}\n"
        f"spec: {{replicas: 1001, selector: {{matchLabels: {labels}}}, "
        f"template: {{metadata: {{labels: {labels}}}, spec: {{{container}}}}}}}\n"
    )
    with pytest.raises(InputError, match=r"^big\.yaml: 10\d\d Pods are more than a lab can hold, which is 1000"):
        define("big.yaml")
