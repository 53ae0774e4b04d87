from __future__ import annotations

import re
import unicodedata
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from syrupy.assertion import SnapshotAssertion

from netdoctor.model.report import CheckReport, Verdict
from netdoctor.report import Format, Style, render
from tests.report.sample import CAUSE, HEALTHY, UNHEALTHY

STYLES = {
    "80": Style(),
    "ascii-50": Style(width=50, ascii=True),
    "quiet": Style(quiet=True),
    "color": Style(color=True),
    "verbose": Style(verbose=True),
}
ESCAPE_SEQUENCE = re.compile(r"\x1b\[[0-9;]*m")


@pytest.mark.parametrize("style", STYLES)
def test_one_report(style: str, snapshot: SnapshotAssertion) -> None:
    assert render(UNHEALTHY, Format.TABLE, STYLES[style]) == snapshot


def test_wide_adds_every_probe(snapshot: SnapshotAssertion) -> None:
    assert render(HEALTHY, Format.WIDE, Style()) + render(UNHEALTHY, Format.WIDE, Style(quiet=True)) == snapshot


def test_of_several_targets_only_those_in_disorder_are_told_in_full(snapshot: SnapshotAssertion) -> None:
    assert render([HEALTHY, UNHEALTHY, HEALTHY], Format.TABLE, Style()) == snapshot
    assert render([], Format.TABLE, Style()) == "no target\n"


@pytest.mark.parametrize("width", [20, 40, 80, 200])
def test_commands_are_never_broken_and_prose_never_overflows(width: int) -> None:
    commands = [fix.command for fix in CAUSE.fixes]
    lines = render(UNHEALTHY, Format.TABLE, Style(width=width)).splitlines()
    assert [line.strip() for line in lines if line.strip() in commands] == commands
    assert max(len(line) for line in lines if line.strip() not in commands) <= width


def test_color_adds_nothing_but_color() -> None:
    colored = render(UNHEALTHY, Format.TABLE, Style(color=True))
    assert ESCAPE_SEQUENCE.search(colored)
    assert ESCAPE_SEQUENCE.sub("", colored) == render(UNHEALTHY, Format.TABLE, Style())


HOSTILE = "a[]b:\n\r\t\x00\x07\x1b\x7f\x85\x9b\u200b\u202e\u2066\u2028\ud800\U000e0041é宽"
hostile = st.text(st.sampled_from(HOSTILE), min_size=1, max_size=12)


def poisoned(document: Any, draw: Any) -> Any:
    """`document` with every string replaced that is not of a closed list."""
    if isinstance(document, dict):
        return {k: v if k in ("verdict", "certainty") else poisoned(v, draw) for k, v in document.items()}
    if isinstance(document, list):
        return [poisoned(item, draw) for item in document]
    return draw() if isinstance(document, str) else document


@given(st.data(), st.sampled_from([Format.TABLE, Format.WIDE]), st.sampled_from([*Verdict]))
def test_no_character_from_a_cluster_reaches_the_terminal_unescaped(
    data: st.DataObject, output: Format, verdict: Verdict
) -> None:
    document = poisoned(msgspec.to_builtins(UNHEALTHY), lambda: data.draw(hostile))
    report = msgspec.convert(document | {"verdict": verdict}, CheckReport)
    for reports in (report, [report, report]):
        text = render(reports, output, Style())
        assert {c for c in text if unicodedata.category(c)[0] == "C" or c in "\u2028\u2029"} <= {"\n"}
    unwrapped = Style(width=10**6)  # no line can be forged: as many as in the report that was poisoned
    honest = msgspec.structs.replace(UNHEALTHY, verdict=verdict)
    assert render(report, output, unwrapped).count("\n") == render(honest, output, unwrapped).count("\n")
