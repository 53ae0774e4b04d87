"""A report against what was expected."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import convert

from netdoctor.lab.scenario import Expected
from netdoctor.scenarios.ask import Answer
from netdoctor.scenarios.compare import mismatches

POLICY = {"kind": "NetworkPolicy", "namespace": "shop", "name": "out"}
NODE = {"kind": "Node", "name": "n1"}


def report(*codes: str, warnings: tuple[str, ...] = (), **others: Any) -> dict[str, Any]:
    return {
        "verdict": "Unhealthy",
        "causes": [{"code": code, "objects": [POLICY, NODE]} for code in codes],
        "warnings": [{"code": code, "objects": []} for code in warnings],
        **others,
    }


def compare(expected: dict[str, Any], *reports: dict[str, Any], exit: int = 1, problem: str = "") -> list[str]:  # noqa: A002
    answer = Answer(("netdoctor",), exit, "", "", list(reports), problem)
    return mismatches(convert(expected, Expected), answer)


@pytest.mark.parametrize(
    "expected",
    [
        {},
        {"verdict": "Unhealthy", "exit": 1, "causes": ["B", "A"], "warnings": ["W"]},
        {"objects": ["NetworkPolicy/shop/out", "Node/n1"], "absent": ["C"]},
    ],
)
def test_as_expected(expected: dict[str, Any]) -> None:
    assert compare(expected, report("A", "B", warnings=("W", "V"))) == []


@pytest.mark.parametrize(
    ("expected", "says"),
    [
        ({"verdict": "Healthy"}, "verdict Unhealthy, not Healthy"),
        ({"exit": 0}, "exit code 1, not 0"),
        ({"causes": ["A"]}, "causes A, B, not A"),
        ({"causes": []}, "causes A, B, not none"),
        ({"warnings": ["A"]}, "no warning A; there are W"),
        ({"absent": ["B"]}, "B must not be named"),
        ({"absent": ["W"]}, "W must not be named"),
        ({"objects": ["Node/n2"]}, "no cause names Node/n2; they name NetworkPolicy/shop/out, Node/n1"),
        ({"allowed": None}, "allowed is [None], not None"),
    ],
)
def test_what_differs_is_said(expected: dict[str, Any], says: str) -> None:
    assert compare(expected, report("A", "B", warnings=("W",))) == [says]


def test_allowed_may_be_expected_to_be_unknown() -> None:
    assert compare({"allowed": None}, {"allowed": None}) == []
    assert compare({"allowed": None}, {"allowed": False}) == ["allowed is [False], not None"]


def test_several_reports_count_together() -> None:
    healthy = report(verdict="Healthy")
    assert compare({"verdict": "Unhealthy", "causes": ["A"]}, healthy, report("A")) == []


def test_without_a_report_nothing_but_the_exit_code_can_be_right() -> None:
    assert compare({"exit": 2}, exit=2, problem="no JSON") == []
    assert compare({"exit": 2, "causes": []}, exit=2, problem="no JSON") == ["no JSON"]


def test_findings_of_cni_are_compared_as_causes_are() -> None:
    found = {"findings": [{"code": "A", "objects": [NODE]}]}
    assert compare({"findings": ["A"], "objects": ["Node/n1"]}, found) == []
    assert compare({"findings": []}, found) == ["findings A, not none"]
    assert compare({"absent": ["A"]}, found) == ["A must not be named"]
