"""Snapshots from files."""

from __future__ import annotations

import gc
import io
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from netdoctor.cluster.files import load
from netdoctor.cluster.snapshot import Origin
from netdoctor.model.errors import InputError
from netdoctor.model.refs import ObjectRef

SERVICE = "kind: Service\napiVersion: v1\nmetadata: {name: web}\nspec: {ports: [{port: 80}]}\n"
POLICY = "kind: NetworkPolicy\napiVersion: networking.k8s.io/v1\nmetadata: {name: p}\nspec: {podSelector: {}}\n"
LEASE = "kind: Lease\napiVersion: coordination.k8s.io/v1\nmetadata: {name: s}\nspec: {holderIdentity: hunter2}\n"


def test_a_directory_is_read_recursively_with_origins_and_defaults(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "a.yaml").write_text(f"{LEASE}---\n{SERVICE}")
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
    (tmp_path / "s.yaml").write_text(LEASE)
    with pytest.raises(InputError, match=r"s\.yaml: no object of a kind"):
        load([str(tmp_path / "s.yaml")])


def refusal(*paths: Path) -> str:
    with pytest.raises(InputError) as caught:
        load([str(path) for path in paths])
    return caught.value.what


def test_what_is_no_file_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "f.yaml")
    assert refusal(tmp_path / "f.yaml") == f"{tmp_path / 'f.yaml'}: this is neither a file nor a directory"
    assert refusal(tmp_path) == f"{tmp_path / 'f.yaml'}: this is neither a file nor a directory"
    assert "neither a file" in refusal(Path("/dev/zero"))


def test_the_pipe_of_a_shells_process_substitution_is_read() -> None:
    reader, writer = os.pipe()
    os.write(writer, SERVICE.encode())
    os.close(writer)
    assert len(load([f"/dev/fd/{reader}"]).services) == 1
    os.close(reader)


def test_a_link_that_leads_nowhere_is_not_passed_over(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(SERVICE)
    (tmp_path / "b.yaml").symlink_to(tmp_path / "gone.yaml")
    assert refusal(tmp_path) == f"{tmp_path / 'b.yaml'}: No such file or directory"


def test_links_in_a_circle_do_no_harm(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(SERVICE)
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "up").symlink_to(tmp_path)
    assert list(load([str(tmp_path)]).origins.values()) == [Origin(str(tmp_path / "a.yaml"), 1)]
    (tmp_path / "self.yaml").symlink_to(tmp_path / "self.yaml")
    assert "Too many levels of symbolic links" in refusal(tmp_path)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(SERVICE)
    (tmp_path / "b.yaml").symlink_to("/proc/self/mem")  # its first page is none: the same for root, unlike a mode
    assert refusal(tmp_path) == f"{tmp_path / 'b.yaml'}: Input/output error"


def test_a_directory_that_cannot_be_read_is_not_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.yaml").write_text(SERVICE)
    (tmp_path / "secret").mkdir()
    scandir = os.scandir

    def forbidden(path: str) -> Any:
        if path.endswith("secret"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", forbidden)
    assert refusal(tmp_path) == f"{tmp_path / 'secret'}: Permission denied"


def test_a_name_that_is_too_long() -> None:
    assert refusal(Path("x" * 5000)).endswith(": File name too long")


def test_a_closed_stdin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert refusal(Path("-")) == "stdin: it is closed"


def test_malformed_json_inside_an_object_is_refused_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_bytes(
        b'{"kind": "List", "items": [\n{"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "\xff"}}]}'
    )
    assert refusal(file).startswith(f"{file}:2: Pod is malformed: ")


def test_garbage_is_collected_again_afterwards(tmp_path: Path) -> None:
    refusal(tmp_path)
    assert gc.isenabled()


def test_a_long_name_does_not_hide_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(SERVICE.replace("web", "x" * 5000).replace("80", "http"))
    assert refusal(tmp_path).endswith("x: spec.ports[0].port: expected `int`, got `str`")
