"""`netdoctor lint` over files: exit codes, formats, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from netdoctor.cli.main import main
from netdoctor.report.schema import schema
from tests.policy.clusters import cluster_policy, namespace, pod, policy

WEB = {"podSelector": {"matchLabels": {"app": "web"}}}
CLUSTER = (
    namespace("shop"),
    pod("shop/web", "10.0.0.1", {"app": "web"}),
    pod("shop/db", "10.0.0.2", {"app": "db"}),
    pod("shop/job", "10.0.0.3", {"app": "job"}),
)
VERSIONS = {"NetworkPolicy": "networking.k8s.io/v1", "ClusterNetworkPolicy": "policy.networking.k8s.io/v1alpha2"}


def write(path: Path, *manifests: dict[str, Any]) -> str:
    documents = [{"apiVersion": VERSIONS.get(str(one["kind"]), "v1"), **one} for one in manifests]
    path.write_text(yaml.safe_dump_all(documents, sort_keys=False))
    return str(path)


def db(*peers: dict[str, Any]) -> dict[str, Any]:
    return policy("shop/db", podSelector={"matchLabels": {"app": "db"}}, ingress=[{"from": peers}])


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Short names of files: lines of prose are wrapped."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def clean() -> str:
    return write(Path("clean.yaml"), *CLUSTER, db(WEB))


def test_nothing_found_is_0(clean: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint", "--snapshot", clean]) == 0
    assert capsys.readouterr().out == "✓ 1 policy: nothing found\n"


def test_a_finding_names_policy_path_line_reason_and_change(capsys: pytest.CaptureFixture[str]) -> None:
    file = write(Path("x.yaml"), *CLUSTER, db(WEB), policy("shop/typo", podSelector={"matchLabels": {"app": "wbe"}}))
    assert main(["lint", "--snapshot", file, "-o", "json"]) == 1
    document = json.loads(capsys.readouterr().out)
    jsonschema.Draft202012Validator(schema("PolicyLint")).validate(document)
    (finding,) = document["findings"]
    line = Path(file).read_text().splitlines().index("  name: typo") - 2
    assert document["kind"] == "PolicyLint"
    assert (finding["query"], finding["object"]["name"], finding["at"]) == ("emptiness", "typo", f"{file}:{line}")
    assert "no pod in namespace shop has app=wbe (but there is app=web)" in finding["because"]
    assert finding["fix"] == "correct spec.podSelector, or delete NetworkPolicy shop/typo"
    main(["lint", "--snapshot", file])
    said = " ".join(capsys.readouterr().out.split())
    assert f"NetworkPolicy shop/typo ({file}:{line})" in said
    assert "✗ 2 policies: 1 emptiness" in said


def test_what_cannot_be_judged_is_4(capsys: pytest.CaptureFixture[str]) -> None:
    invalid = policy("shop/bad", podSelector={}, ingress=[{"ports": [{"port": 70000}]}])
    assert main(["lint", "--snapshot", write(Path("x.yaml"), *CLUSTER, invalid), "--only", "redundancy"]) == 4
    assert "Cannot be judged: redundancy of NetworkPolicy shop/bad" in capsys.readouterr().out


def test_against_another_set_of_policies(clean: str, capsys: pytest.CaptureFixture[str]) -> None:
    wide = write(Path("wide.yaml"), db({"podSelector": {}}))
    assert main(["lint", "--snapshot", clean, "--against", wide, "--only", "containment"]) == 0
    assert main(["lint", "--snapshot", clean, "--against", wide]) == 1
    said = " ".join(capsys.readouterr().out.split())
    assert f"{wide} allows, and {clean} does not: Pod shop/job → Pod shop/db every port" in said
    tiers = write(Path("tiers.yaml"), db(WEB), cluster_policy("x", ingress=[]))
    assert main(["lint", "--snapshot", clean, "--against", tiers]) == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--only", "containment"], "with what is it to be compared?"),
        (["--only", "vacuity", "--against", "x.yaml"], "no query about two sets"),
        (["-n", "shpo"], "no such namespace"),
        (["--only", "style"], "'style'"),
    ],
)
def test_a_wrong_question_is_2(clean: str, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint", "--snapshot", clean, *arguments]) == 2
    assert said in capsys.readouterr().err


def test_a_set_without_policies_is_refused(clean: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint", "--snapshot", clean, "--against", write(Path("none.yaml"), *CLUSTER)]) == 2
    assert "there is no policy in it" in capsys.readouterr().err
