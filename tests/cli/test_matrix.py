"""`matrix`: every format says the same, the choice of rows and columns, and hostile names."""

from __future__ import annotations

import csv
import json
from io import StringIO
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from netdoctor.cli.main import main
from netdoctor.report.schema import schema
from tests.cli.policy_files import BY_NAME, CLUSTER, EITHER, NO_TYPES, policy


@pytest.fixture
def show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    monkeypatch.chdir(tmp_path)

    def shown(policies: str, *arguments: str) -> tuple[int, str, str]:
        file = Path("cluster.yaml")
        file.write_text(CLUSTER + policies)
        code = main(["matrix", *arguments, "--snapshot", str(file)])
        said = capsys.readouterr()
        return code, said.out, said.err

    return shown


def pairs_of_csv(text: str) -> set[tuple[str, str, str, str]]:
    return {(row["from"], row["to"], row["ports"], row["answer"]) for row in csv.DictReader(StringIO(text))}


def pairs_of_json(text: str) -> set[tuple[str, str, str, str]]:
    return {
        (source, row["to"], cell["ports"], answer)
        for row in json.loads(text)["destinations"]
        for answer in ("allowed", "partly", "unknown")
        for cell in row[answer]
        for source in cell["from"]
    }


@pytest.mark.parametrize("by", ["pod", "workload", "namespace"])
def test_csv_and_json_hold_the_same_pairs(show: Any, by: str) -> None:
    _, as_csv, _ = show(EITHER + NO_TYPES, "--by", by, "-o", "csv")
    _, as_json, _ = show(EITHER + NO_TYPES, "--by", by, "-o", "json")
    assert pairs_of_csv(as_csv) == pairs_of_json(as_json)
    assert json.loads(as_json)["by"] == by
    jsonschema.Draft202012Validator(schema("ConnectivityMatrix")).validate(json.loads(as_json))


def test_the_cells_are_those_that_can_decides(show: Any) -> None:
    _, out, _ = show(EITHER, "-o", "csv")
    to_pg = {(source, ports) for source, to, ports, _ in pairs_of_csv(out) if to == "Pod db/pg"}
    assert to_pg == {("Pod ops/job", "every port")}


def test_a_table_says_many_in_few_words(show: Any) -> None:
    code, out, err = show(EITHER)
    assert (code, err) == (0, "")
    assert "Pod db/pg\n  every port  from Pod ops/job\n" in out
    assert "Pod shop/web\n  every port  from everyone\n" in out


def test_a_table_shows_the_first_of_very_many(show: Any) -> None:
    pods = "".join(
        f"apiVersion: v1\nkind: Pod\nmetadata: {{name: p{n}, namespace: n{n}, labels: {{many: x}}}}\n---\n"
        for n in range(40)
    )
    many = policy(
        "m",
        "db",
        "{podSelector: {}, ingress: [{from: [{namespaceSelector: {}, podSelector: {matchLabels: {many: x}}}]}]}",
    )
    shown, wide = (
        " ".join(show(many + pods, "--to", "pod/pg.db", *output)[1].split()) for output in ((), ("-o", "wide"))
    )
    assert "and 10 more (-o wide)" in shown
    assert sum(f"Pod n{n}/p{n}" in shown for n in range(40)) == 30
    assert all(f"Pod n{n}/p{n}" in wide for n in range(40))


def test_wide_says_who_is_denied_and_why(show: Any) -> None:
    _, out, _ = show(BY_NAME, "-o", "wide")
    told = " ".join(out.split())
    assert "every port denied from everyone: ingress isolated by NetworkPolicy db/by-name" in told
    assert "NetworkPolicy db/by-name spec.ingress[0] admits all pods in namespaces with name=shop" in told


def test_only_what_was_chosen(show: Any) -> None:
    arguments = ("--from", "ns/ops", "--from", "external", "--to", "pod/pg.db", "--port", "5432", "-o", "csv")
    _, out, _ = show(EITHER, *arguments)
    assert pairs_of_csv(out) == {("Pod ops/job", "Pod db/pg", "5432/TCP", "allowed")}


def test_a_namespace_means_what_it_admits(show: Any) -> None:
    _, out, _ = show(EITHER, "-n", "db", "-o", "csv")
    assert {to for _, to, _, _ in pairs_of_csv(out)} == {"Pod db/pg"}


def test_why_explains_a_cell(show: Any) -> None:
    code, out, _ = show(BY_NAME, "--why", "pod/web.shop", "pod/pg.db")
    assert code == 0
    assert "wants namespace label name=shop" in " ".join(out.split())


@pytest.mark.parametrize(("output", "edge"), [("dot", "n{} -> n{} ["), ("mermaid", "n{} -->|")])
def test_graphs_have_an_edge_for_each_pair(show: Any, output: str, edge: str) -> None:
    _, out, _ = show(EITHER, "-o", output)
    _, as_csv, _ = show(EITHER, "-o", "csv")
    assert out.count(" -> " if output == "dot" else "-->") == len(pairs_of_csv(as_csv))
    names = [line.split('"')[1] for line in out.splitlines() if "-->" not in line and "->" not in line and '"' in line]
    one, other = names.index("Pod ops/job"), names.index("Pod db/pg")
    assert edge.format(one, other) in out


def test_a_page_holds_every_allowed_cell(show: Any) -> None:
    _, out, _ = show(EITHER, "-o", "html")
    _, as_csv, _ = show(EITHER, "-o", "csv")
    assert out.count("<td class=allowed") == len(pairs_of_csv(as_csv))
    assert 'title="Pod ops/job → Pod db/pg: allowed: every port"' in out


@pytest.mark.parametrize("output", ["table", "wide", "json", "csv", "dot", "mermaid", "html"])
def test_names_from_a_cluster_are_text_in_every_format(show: Any, output: str) -> None:
    name = '"<script>\\e[2J\\"]; click|=x"'
    evil = f"apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: shop}}\n---\n"
    _, out, _ = show(evil, "-o", output)
    assert "\x1b" not in out
    assert "script" in out
    if output == "html":
        assert "<script" not in out
    if output == "json":
        assert any("<script>" in row["to"] for row in json.loads(out)["destinations"])
    if output in ("dot", "mermaid"):
        assert "\\u001b" not in out
        assert not [line for line in out.splitlines() if line.count('"') % 2 and '\\"' not in line]


def test_a_name_is_no_formula_for_a_spreadsheet(show: Any) -> None:
    block = policy("b", "shop", "{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 198.51.100.0/24}}]}]}")
    _, out, _ = show(block, "-o", "csv")
    assert not [row for row in csv.reader(StringIO(out)) for cell in row if cell[:1] in "=+-@"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--from", "pod/nobody"), "--from pod/nobody: Pod 'nobody' not found"),
        (("--to", "nonsense"), "--to"),
        (("--port", "http"), "--port"),
        (("--port", "99999"), "not between 1 and 65535"),
        (("--why", "pod/web.shop", "pod/pg.db", "-o", "csv"), "--why"),
        (("--by", "node"), "--by"),
    ],
)
def test_what_is_no_matrix(show: Any, arguments: tuple[str, ...], said: str) -> None:
    code, out, err = show(EITHER, *arguments)
    assert (code, out) == (2, "")
    assert said in err


def test_a_broken_policy_is_said_and_leaves_its_namespace_unknown(show: Any) -> None:
    broken = policy("oops", "db", "{podSelector: {}, ingres: []}")
    code, out, err = show(broken, "-o", "csv")
    assert code == 0
    assert "ingres" in err
    assert {answer for _, to, _, answer in pairs_of_csv(out) if to == "Pod db/pg"} == {"unknown"}
