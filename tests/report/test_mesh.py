"""A mesh in all its formats."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from itertools import pairwise

import jsonschema
import msgspec
import pytest
import yaml

from netdoctor.model.mesh_report import Coverage, Delay, MeshPair, MeshReport
from netdoctor.model.refs import ObjectRef
from netdoctor.model.report import Certainty, Evidence, Finding, Untested, Verdict
from netdoctor.report.mesh import render_mesh
from netdoctor.report.mesh_format import MeshFormat
from netdoctor.report.schema import schema
from netdoctor.report.style import Style

EVIL = "node\x1b[2J<script>|`\n"
BROKEN = Finding(
    "CrossNodePathBroken",
    "pods of a and b",
    Certainty.LIKELY,
    (ObjectRef("Node", EVIL),),
    "why",
    (Evidence("pod:a>b", EVIL),),
)


def pair(source: str, to: str, **fields: object) -> MeshPair:
    made = {
        "outcome": "ok",
        "network": "pod",
        "sent": 20,
        "received": 20,
        "delay": Delay(20, 0.0003, 0.001, 0.02),
        "mtu": 1500,
    }
    return MeshPair(from_=source, to=to, **{**made, **fields})  # type: ignore[arg-type]


def report(nodes: tuple[str, ...], pairs: tuple[MeshPair, ...], **fields: object) -> MeshReport:
    made = {"verdict": Verdict.UNHEALTHY, "summary": EVIL, "cni": "calico", "namespace": "default", "causes": (BROKEN,)}
    count = len(nodes)
    coverage = Coverage(count, count * (count - 1), count * (count - 1), ("every node",))
    return MeshReport(nodes=nodes, coverage=coverage, pairs=pairs, **{**made, **fields})  # type: ignore[arg-type]


MIXED = report(
    ("a", "b", EVIL),
    (
        pair("a", "b", outcome="timeout", received=0, delay=None, mtu=None),
        pair("b", "a", mtu=1400, believed_mtu=1500, black_hole=True),
        pair("a", EVIL, received=17),
        pair(EVIL, "a", seen_as="10.0.0.1"),
        pair("b", EVIL, outcome="skipped", because=EVIL),
        pair(EVIL, "b"),
    ),
    not_tested=(Untested("pods", EVIL),),
)


def rendered(output: MeshFormat, made: MeshReport = MIXED) -> str:
    return render_mesh(made, output, Style(width=100))


@pytest.mark.parametrize("output", MeshFormat)
def test_no_name_of_a_node_speaks_to_the_reader(output: MeshFormat) -> None:
    text = rendered(output)
    assert "\x1b" not in text
    assert "<script>" not in text or output not in (MeshFormat.HTML, MeshFormat.MARKDOWN)


@pytest.mark.parametrize(("output", "parse"), [(MeshFormat.JSON, json.loads), (MeshFormat.YAML, yaml.safe_load)])
def test_the_document_is_as_its_schema_says(output: MeshFormat, parse: object) -> None:
    document = parse(rendered(output))  # type: ignore[operator]
    jsonschema.Draft202012Validator(schema("MeshReport")).validate(document)
    assert msgspec.convert(document, MeshReport) == MIXED


@pytest.mark.parametrize("output", [MeshFormat.TABLE, MeshFormat.MARKDOWN, MeshFormat.HTML])
def test_what_is_wrong_with_each_pair_is_in_its_cell(output: MeshFormat) -> None:
    text = rendered(output)
    for said in ("timeout", "MTU 1400", "15 % lost", "not tested", "0.30 ms"):
        assert said in text, said


def test_wide_lists_every_pair_with_its_numbers() -> None:
    lines = [line for line in rendered(MeshFormat.WIDE).splitlines() if line.startswith("from pod to pod")]
    assert len(lines) == len(MIXED.pairs)
    assert "1400 of 1500" in lines[1]
    assert "3/20" in lines[2]


def test_of_many_nodes_only_the_wrong_pairs_are_shown() -> None:
    names = tuple(f"n{number}" for number in range(40))
    pairs = tuple(pair(a, b) for a, b in pairwise(names))
    made = report(names, (*pairs, pair("n3", "n1", outcome="timeout")))
    for output in (MeshFormat.TABLE, MeshFormat.MARKDOWN, MeshFormat.HTML):
        text = rendered(output, made)
        assert "n3" in text
        assert "n39" not in text


def test_the_page_is_well_formed() -> None:
    open_: list[str] = []

    class Checker(HTMLParser):
        def handle_starttag(self, tag: str, attrs: object) -> None:
            if tag not in {"meta", "!doctype"}:
                open_.append(tag)

        def handle_endtag(self, tag: str) -> None:
            assert open_.pop() == tag

    Checker().feed(rendered(MeshFormat.HTML))
    assert open_ == []


@pytest.mark.parametrize("output", [MeshFormat.TABLE, MeshFormat.MARKDOWN, MeshFormat.HTML])
def test_a_list_that_is_cut_says_how_many_more_there_are(output: MeshFormat) -> None:
    names = tuple(f"n{number}" for number in range(50))
    pairs = tuple(pair(a, b, outcome="timeout") for a, b in pairwise(names))  # 49, of which 40 are shown
    unexplained = tuple(Evidence(one.id, "nothing came back") for one in (*pairs, *pairs))
    text = rendered(output, report(names, pairs, unexplained=unexplained))
    assert "9 more" in text
    assert "58 more" in text


@pytest.mark.parametrize("output", [MeshFormat.TABLE, MeshFormat.MARKDOWN, MeshFormat.HTML, MeshFormat.WIDE])
def test_a_black_hole_of_which_the_size_is_not_known_is_shown(output: MeshFormat) -> None:
    made = report(("a", "b"), (pair("b", "a", mtu=None, believed_mtu=1500, black_hole=True),))
    assert ("? of 1500" if output is MeshFormat.WIDE else "MTU ?") in rendered(output, made)
