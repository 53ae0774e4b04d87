from __future__ import annotations

import json

import pytest
import yaml

from netdoctor.cli.main import main
from netdoctor.diagnosis.causes import ALL


@pytest.mark.parametrize("output", ["table", "wide"])
def test_one_line_for_each_cause(output: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["causes", "-o", output]) == 0
    header, *lines = capsys.readouterr().out.splitlines()
    assert header.split()[:2] == ["CODE", "TITLE"]
    assert ("YIELDS" in header) == (output == "wide")
    assert [line.split()[0] for line in lines] == sorted(cause.code for cause in ALL)


def test_documents(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["causes", "-o", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert {item["code"]: item["title"] for item in document["items"]} == {c.code: c.title for c in ALL}
    assert main(["causes", "-o", "yaml"]) == 0
    assert yaml.safe_load(capsys.readouterr().out) == document
