"""`diff`: what opens and closes, the rule responsible, the exit code, and what a patch does to a cluster."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from netdoctor.cli.main import main
from netdoctor.report.schema import schema
from tests.cli.policy_files import BY_NAME, CLUSTER, EITHER, policy

DENY = policy("deny", "db", "{podSelector: {}, policyTypes: [Ingress]}")


@pytest.fixture
def compare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    monkeypatch.chdir(tmp_path)

    def compared(first: str, second: str, *arguments: str, patch: bool = False) -> tuple[int, str, str]:
        Path("a.yaml").write_text(CLUSTER + first)
        Path("b.yaml").write_text(second if patch else CLUSTER + second)
        middle = ["--patch"] if patch else []
        code = main(["diff", "a.yaml", *middle, "b.yaml", *arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return compared


def flows(text: str, kind: str) -> set[tuple[str, str, str, str]]:
    changes = json.loads(text)[kind]
    return {(source, c["to"], c["ports"], c["because"]) for c in changes for source in c["from"]}


def test_what_opens_and_what_closes_with_the_rule(compare: Any) -> None:
    code, out, _ = compare(DENY, DENY + EITHER, "-o", "json")
    assert code == 0
    jsonschema.Draft202012Validator(schema("PolicyDiff")).validate(json.loads(out))
    because = "ingress allowed by NetworkPolicy db/either spec.ingress[0].from[0]"
    assert flows(out, "opened") == {("Pod ops/job", "Pod db/pg", "every port", because)}
    assert flows(out, "closed") == set()
    _, out, _ = compare(DENY + EITHER, DENY, "-o", "json")
    because = "ingress no longer allowed by NetworkPolicy db/either spec.ingress[0].from[0]"
    assert flows(out, "closed") == {("Pod ops/job", "Pod db/pg", "every port", because)}


def test_a_first_policy_isolates_and_a_last_one_frees(compare: Any) -> None:
    _, out, _ = compare("", DENY, "-o", "json")
    closed = flows(out, "closed")
    assert {because for *_, because in closed} == {"ingress isolated by NetworkPolicy db/deny"}
    assert {source for source, *_ in closed} == {
        "Pod ops/job", "Pod shop/web", "Pod kube-system/coredns", "outside the cluster",
    }  # fmt: skip
    _, out, _ = compare(DENY, "", "-o", "json")
    assert {because for *_, because in flows(out, "opened")} == {"ingress no longer denied by NetworkPolicy db/deny"}


@pytest.mark.parametrize(
    ("first", "second", "fail_on", "code"),
    [
        (DENY, DENY + EITHER, "opened", 1),
        (DENY, DENY + EITHER, "closed", 0),
        (DENY + EITHER, DENY, "closed", 1),
        (DENY + EITHER, DENY, "any", 1),
        (DENY, DENY + BY_NAME, "any", 0),  # a rule that admits nobody
    ],
)
def test_the_exit_code_is_what_was_asked_for(compare: Any, first: str, second: str, fail_on: str, code: int) -> None:
    assert compare(first, second, "--fail-on", fail_on)[0] == code


def test_a_patch_is_applied_to_the_first_state(compare: Any) -> None:
    label = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {name: shop}}\n"
    _, out, _ = compare(BY_NAME, label, "-o", "json", patch=True)
    because = "ingress allowed by NetworkPolicy db/by-name spec.ingress[0].from[0]"
    assert flows(out, "opened") == {("Pod shop/web", "Pod db/pg", "every port", because)}


def test_a_table_and_a_page_for_a_pull_request(compare: Any) -> None:
    _, table, _ = compare(DENY, DENY + EITHER)
    assert table.startswith("1 flow opened, 0 flows closed (a.yaml → b.yaml)")
    _, markdown, _ = compare(DENY, DENY + EITHER, "-o", "markdown")
    assert markdown.startswith("### Network policies: 1 flow opened, 0 flows closed\n")
    (row,) = [line for line in markdown.splitlines() if line.startswith("| Pod")]
    assert row.split(" | ")[:3] == ["| Pod ops/job", "Pod db/pg", "every port"]


def test_markdown_is_text_whatever_the_names_are(compare: Any) -> None:
    name = '"a|b`<img src=x>[x](http://y)@all"'
    evil = f"apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: db}}\n---\n"
    _, out, _ = compare(evil, evil + DENY, "-o", "markdown")
    row = next(line for line in out.splitlines() if "img" in line)
    assert "<img" not in row
    assert "http://" not in row
    assert len(row.replace("\\|", "").split("|")) == 6


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "give two states"),
        (["a.yaml"], "what is it to be compared with?"),
        (["a", "b", "c"], "give two states"),
        (["missing.yaml", "missing.yaml"], "missing.yaml"),
    ],
)
def test_what_is_no_comparison(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", *arguments]) == 2
    assert said in capsys.readouterr().err


def test_what_cannot_be_known_is_neither_opened_nor_closed(compare: Any) -> None:
    broken = policy("oops", "db", "{podSelector: {}, ingres: []}")
    code, out, err = compare("", broken, "-o", "json", "--fail-on", "closed")
    assert code == 0
    assert "ingres" in err
    found = json.loads(out)
    assert (found["opened"], found["closed"]) == ([], [])
    assert {change["to"] for change in found["unclear"]} >= {"Pod db/pg"}
    assert all("cannot be known" in change["because"] for change in found["unclear"])
    assert compare("", broken, "--fail-on", "any")[0] == 1


def test_replicas_of_a_workload_that_has_no_pods_yet_are_told_of(compare: Any) -> None:
    deployment = (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: api, namespace: db}\n"
        "spec: {replicas: 2, selector: {matchLabels: {app: api}}, template: {metadata: {labels: {app: api}}}}\n---\n"
    )
    _, out, _ = compare(deployment, deployment + DENY, "-o", "json")
    assert (
        "Deployment db/api",
        "Deployment db/api",
        "every port",
        "ingress isolated by NetworkPolicy db/deny",
    ) in flows(out, "closed")
