"""`check --save` in a lab, and `--snapshot` of what it wrote: the same report, and no probe."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest
import yaml

from netdoctor.cli.main import main
from netdoctor.lab.definition import define
from netdoctor.probing.lab import LabProber

SCENARIO = str(Path(__file__).parents[2] / "e2e" / "scenarios" / "policy-denies-ingress")
TARGET = ["svc/web", "-n", "denied-ingress", "--from", "deploy/client"]


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle from a lab, and the report beside it."""
    directory = tmp_path_factory.mktemp("saved")
    report = directory / "report.json"
    with pytest.MonkeyPatch.context() as patch, report.open("w") as stdout:
        patch.setattr("sys.stdout", stdout)
        code = main(["check", *TARGET, "--lab", SCENARIO, "--save", str(directory / "bundle.json"), "-o", "json"])
    assert code == 1
    return directory / "bundle.json"


@pytest.fixture
def check(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    def no_probe(*_: object) -> None:
        raise AssertionError("a probe is sent")

    monkeypatch.setattr(LabProber, "run", no_probe)

    def checked(*arguments: str) -> tuple[int, str, str]:
        code = main(["check", *arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return checked


def test_the_report_is_the_same_without_a_probe(saved: Path, check: Any) -> None:
    code, out, _ = check("--snapshot", str(saved), "-o", "json")
    assert out == (saved.parent / "report.json").read_text()
    assert code == 1
    assert json.loads(out)["probes"]


def test_what_was_asked_can_be_asked_again_by_its_name(saved: Path, check: Any) -> None:
    _, out, _ = check(*TARGET, "--snapshot", str(saved), "-o", "json")
    assert out == (saved.parent / "report.json").read_text()


def test_what_was_not_asked_is_judged_by_the_objects(saved: Path, check: Any) -> None:
    _, out, _ = check("svc/web", "-n", "denied-ingress", "--snapshot", str(saved), "-o", "json")
    assert not json.loads(out)["probes"]


def test_it_can_be_saved_again_as_yaml(saved: Path, check: Any, tmp_path: Path) -> None:
    check("--snapshot", str(saved), "--save", str(tmp_path / "again.yaml"))
    _, out, _ = check("--snapshot", str(tmp_path / "again.yaml"), "-o", "json")
    assert out == (saved.parent / "report.json").read_text()


def test_only_its_owner_may_read_it(saved: Path) -> None:
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600


def test_a_lab_replays_its_objects(saved: Path) -> None:
    definition = define(str(saved))
    assert definition.replayed
    assert ("NetworkPolicy", "denied-ingress") in {key[:2] for key in definition.objects}
    assert "Recording" not in {kind for kind, _, _ in definition.objects}


def test_a_file_that_cannot_be_written_is_refused_before_anything_is_done(check: Any, tmp_path: Path) -> None:
    for file in (tmp_path, tmp_path / "missing" / "file"):
        code, _, err = check(*TARGET, "--snapshot", "does-not-exist", "--save", str(file))
        assert code == 2
        assert str(file) in err


@pytest.mark.parametrize(
    ("change", "said"),
    [({"takenAt": "yesterday"}, "takenAt"), ({"checks": [{"target": 1}]}, "checks have another form")],
)
def test_a_recording_of_another_form(saved: Path, check: Any, tmp_path: Path, change: Any, said: str) -> None:
    bundle = json.loads(saved.read_text())
    bundle["items"][0] |= change
    (tmp_path / "other.yaml").write_text(yaml.safe_dump(bundle))
    code, _, err = check("--snapshot", str(tmp_path / "other.yaml"))
    assert code == 2
    assert said in err
    assert err.count("\n") == 1


def test_plain_objects_have_no_recorded_target(check: Any, tmp_path: Path) -> None:
    (tmp_path / "plain.yaml").write_text("{apiVersion: v1, kind: Namespace, metadata: {name: a}}")
    code, _, err = check("--snapshot", str(tmp_path / "plain.yaml"))
    assert code == 2
    assert "give one or more targets" in err
