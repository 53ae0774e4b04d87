"""`-o json` and `-o yaml`: the same document, and as its schema says."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import jsonschema
import msgspec
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from syrupy.assertion import SnapshotAssertion

from netdoctor.model.report import CheckReport
from netdoctor.report import Format, Style, render, schema
from tests.report.sample import HEALTHY, UNHEALTHY

PARSERS: dict[Format, Callable[[str], Any]] = {Format.JSON: json.loads, Format.YAML: yaml.safe_load}


@pytest.mark.parametrize("output", PARSERS)
def test_document(output: Format, snapshot: SnapshotAssertion) -> None:
    assert render(UNHEALTHY, output, Style()) == snapshot


@pytest.mark.parametrize("output", PARSERS)
def test_several_reports_are_a_list(output: Format) -> None:
    document = PARSERS[output](render([UNHEALTHY, HEALTHY], output, Style()))
    assert (document["kind"], [item["verdict"] for item in document["items"]]) == (
        "List",
        ["Unhealthy", "Healthy"],
    )
    assert PARSERS[output](render([], output, Style()))["items"] == []


@pytest.mark.parametrize("report", [UNHEALTHY, HEALTHY], ids=["unhealthy", "healthy"])
@pytest.mark.parametrize("output", PARSERS)
def test_output_is_as_the_schema_says(output: Format, report: CheckReport) -> None:
    document = PARSERS[output](render(report, output, Style()))
    jsonschema.Draft202012Validator(schema.schema("CheckReport")).validate(document)
    assert msgspec.convert(document, CheckReport) == report


def test_the_schema_refuses_what_is_no_report() -> None:
    document = json.loads(render(HEALTHY, Format.JSON, Style()))
    validator = jsonschema.Draft202012Validator(schema.schema("CheckReport"))
    for wrong in ({"verdict": "Fine"}, {"kind": "Pod"}, {"causes": [{"code": "X"}]}, {"target": None}):
        assert not validator.is_valid(document | wrong), wrong


@given(st.text(st.characters(exclude_categories=["Cs"])), st.sampled_from([*PARSERS]))
def test_any_string_survives_and_is_written_in_printable_ascii(text: str, output: Format) -> None:
    rendered = render(msgspec.structs.replace(HEALTHY, summary=text), output, Style())
    assert PARSERS[output](rendered)["summary"] == text
    assert rendered.replace("\n", "").isprintable()
    assert rendered.isascii()
