"""`check -o markdown`, `html` and `junit`: what they look like, and that no text in them is anything but text."""

from __future__ import annotations

import re
import unicodedata
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from syrupy.assertion import SnapshotAssertion

from netdoctor.model.report import CheckReport, Verdict
from netdoctor.report.check import render_check
from netdoctor.report.check_format import CheckFormat
from netdoctor.report.style import Style
from tests.report.sample import CAUSE, HEALTHY, UNHEALTHY, WARNING
from tests.report.test_table import hostile, poisoned

PAGES = (CheckFormat.MARKDOWN, CheckFormat.HTML, CheckFormat.JUNIT)
UNDETERMINED = msgspec.structs.replace(UNHEALTHY, verdict=Verdict.UNDETERMINED, causes=(), warnings=())
UNTRIED = msgspec.structs.replace(HEALTHY, verdict=Verdict.NOT_TESTED, summary="No probe could start.", hops=())


def rendered(reports: CheckReport | list[CheckReport], output: CheckFormat) -> str:
    return render_check(reports, output, Style(), seconds=1.5)


@pytest.mark.parametrize("output", PAGES)
def test_one_report(output: CheckFormat, snapshot: SnapshotAssertion) -> None:
    assert rendered(UNHEALTHY, output) == snapshot


@pytest.mark.parametrize("output", PAGES)
def test_several_reports(output: CheckFormat, snapshot: SnapshotAssertion) -> None:
    assert rendered([HEALTHY, UNDETERMINED, UNTRIED], output) == snapshot


class _Tags(HTMLParser):
    """Elements with their attributes, and whether all that is opened is closed again."""

    VOID = frozenset({"meta"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, tuple[str, ...]]] = []
        self.open: list[str] = []
        self.balanced = True
        self.text = ""
        self.feed(page)
        self.close()
        self.balanced = self.balanced and not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(f"{name}={value}" for name, value in attrs if name != "content")))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self.balanced = self.balanced and bool(self.open) and self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_a_page_is_well_formed_and_needs_nothing_from_elsewhere() -> None:
    page = rendered([UNHEALTHY, HEALTHY, UNDETERMINED], CheckFormat.HTML)
    found = _Tags(page)
    assert found.balanced
    assert not {tag for tag, _ in found.tags} & {"script", "link", "img", "iframe", "object", "base", "form"}
    assert not re.search(r"url\(|@import|\bsrc=|https?:", page)
    assert {a for _, attributes in found.tags for a in attributes if a.startswith("href=")} == {
        "href=#target-0", "href=#target-1", "href=#target-2",
    }  # fmt: skip


def test_the_failing_hop_is_told_by_sign_and_word_not_by_colour_alone() -> None:
    page = rendered(UNHEALTHY, CheckFormat.HTML)
    (failing,) = re.findall(r'<li class="failed">(.*?)</li>', page, re.DOTALL)
    assert "✗" in failing
    assert "fails here" in failing
    assert "DNS name" in failing


@pytest.mark.parametrize("output", PAGES)
def test_commands_can_be_copied_as_they_are(output: CheckFormat) -> None:
    page = rendered(UNHEALTHY, output)
    text = _Tags(page).text if output is CheckFormat.HTML else page
    if output is CheckFormat.JUNIT:
        text = "".join(ET.fromstring(page).itertext())
    for fix in CAUSE.fixes:
        assert fix.command in text


def test_junit_counts_what_failed_what_could_not_be_told_and_what_was_not_tried() -> None:
    partial = msgspec.structs.replace(HEALTHY, not_tested=UNHEALTHY.not_tested)
    two = msgspec.structs.replace(UNHEALTHY, causes=(CAUSE, msgspec.structs.replace(WARNING, code="Other")))
    root = ET.fromstring(rendered([HEALTHY, two, UNDETERMINED, UNTRIED, partial], CheckFormat.JUNIT))
    (suite,) = root
    counts = {key: suite.get(key) for key in ("tests", "failures", "errors", "skipped", "time")}
    assert counts == {"tests": "5", "failures": "1", "errors": "1", "skipped": "1", "time": "1.500"}
    told = [[(child.tag, child.get("type")) for child in case if child.tag != "system-out"] for case in suite]
    causes = [("failure", "PolicyNamespaceLabelMissing"), ("failure", "Other")]
    assert told == [[], causes, [("error", "Undetermined")], [("skipped", None)], []]
    assert "who answers" in "".join(suite[4].itertext())


@pytest.mark.parametrize("output", PAGES)
def test_no_report_at_all(output: CheckFormat) -> None:
    text = rendered([], output)
    assert ('tests="0"' if output is CheckFormat.JUNIT else "no target") in text


MARKUP = st.text(st.sampled_from("<>&\"'`*_[](){}|#@!~$-=+.:/\\w1 ]]>"), min_size=1, max_size=12)


@given(st.data(), st.sampled_from(PAGES), st.sampled_from([*Verdict]))
def test_no_text_of_a_cluster_becomes_markup_or_control(
    data: st.DataObject, output: CheckFormat, verdict: Verdict
) -> None:
    document = poisoned(msgspec.to_builtins(UNHEALTHY), lambda: data.draw(hostile | MARKUP))
    report = msgspec.convert(document | {"verdict": verdict}, CheckReport)
    honest = msgspec.structs.replace(UNHEALTHY, verdict=verdict)
    text, expected = rendered([report, report], output), rendered([honest, honest], output)
    assert {c for c in text if unicodedata.category(c)[0] == "C"} <= {"\n", "\u200b"}
    if output is CheckFormat.HTML:
        assert _Tags(text).tags == _Tags(expected).tags
    elif output is CheckFormat.JUNIT:
        tags = [element.tag for element in ET.fromstring(text).iter()]
        assert tags == [element.tag for element in ET.fromstring(expected).iter()]
    else:
        assert text.count("\n") == expected.count("\n")
        assert re.findall("<[^>]*>", text) == re.findall("<[^>]*>", expected)


def test_a_fence_is_longer_than_any_in_the_command() -> None:
    fix = msgspec.structs.replace(CAUSE.fixes[0], command="echo ``` ````")
    report = msgspec.structs.replace(UNHEALTHY, causes=(msgspec.structs.replace(CAUSE, fixes=(fix,)),))
    assert "`````sh\necho ``` ````\n`````\n" in rendered(report, CheckFormat.MARKDOWN)


def test_a_terminal_without_unicode_gets_character_references() -> None:
    for output in (CheckFormat.MARKDOWN, CheckFormat.HTML):
        text = render_check(UNHEALTHY, output, Style(ascii=True), seconds=0.0)
        assert text.isascii()
        assert "&#" in text
