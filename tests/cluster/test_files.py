"""Snapshots from files."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from netdoctor.cluster.files import load
from netdoctor.cluster.snapshot import Origin
from netdoctor.model.errors import InputError
from netdoctor.model.refs import ObjectRef

SERVICE = "kind: Service\napiVersion: v1\nmetadata: {name: web}\nspec: {ports: [{port: 80}]}\n"
POLICY = "kind: NetworkPolicy\napiVersion: networking.k8s.io/v1\nmetadata: {name: p}\nspec: {podSelector: {}}\n"
SECRET = "kind: Secret\napiVersion: v1\nmetadata: {name: s}\nstringData: {password: hunter2}\n"


def test_a_directory_is_read_recursively_with_origins_and_defaults(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "a.yaml").write_text(f"{SECRET}---\n{SERVICE}")
    (tmp_path / "sub" / "b.yml").write_text(POLICY)
    (tmp_path / "notes.txt").write_text("not YAML: [")
    snapshot = load([str(tmp_path)])
    assert snapshot.origins == {
        ObjectRef("Service", "web", "default"): Origin(str(tmp_path / "a.yaml"), 6),
        ObjectRef("NetworkPolicy", "p", "default"): Origin(str(tmp_path / "sub" / "b.yml"), 1),
    }
    assert snapshot.services[0].spec.ports[0].target_port == 80
    assert snapshot.network_policies[0].spec.policy_types == ("Ingress",)
    assert snapshot.from_files
    assert snapshot.was_read("Pod")
    assert "hunter2" not in repr(snapshot)


def test_of_an_object_given_twice_the_last_counts(tmp_path: Path) -> None:
    (tmp_path / "1.yaml").write_text(SERVICE)
    (tmp_path / "2.yaml").write_text(SERVICE.replace("80", "81"))
    (service,) = load([str(tmp_path / "1.yaml"), str(tmp_path / "2.yaml")]).services
    assert service.spec.ports[0].port == 81


def test_stdin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(SERVICE.encode())))
    assert load(["-"]).origins[ObjectRef("Service", "web", "default")] == Origin("stdin", 1)


def test_an_object_of_the_wrong_shape(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(f"{SERVICE}---\n{SERVICE.replace('port: 80', 'port: http')}")
    with pytest.raises(InputError) as caught:
        load([str(file)])
    assert str(caught.value) == f"{file}:6: Service web: spec.ports[0].port: expected `int`, got `str`"


def test_paths_that_lead_nowhere(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere\.yaml: No such file"):
        load([str(tmp_path / "nowhere.yaml")])
    with pytest.raises(InputError, match="this directory has no"):
        load([str(tmp_path)])
    (tmp_path / "s.yaml").write_text(SECRET)
    with pytest.raises(InputError, match=r"s\.yaml: no object of a kind"):
        load([str(tmp_path / "s.yaml")])
