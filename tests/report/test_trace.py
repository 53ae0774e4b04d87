"""A trace for a person: what is left out with --quiet."""

from __future__ import annotations

from netdoctor.model.refs import ObjectRef
from netdoctor.model.report import Hop, Untested, Verdict
from netdoctor.model.trace_report import Leg, TraceReport
from netdoctor.report.style import Style
from netdoctor.report.trace import render_trace
from netdoctor.report.trace_format import TraceFormat

REPORT = TraceReport(
    verdict=Verdict.HEALTHY,
    source=ObjectRef("Pod", "phone", "shop"),
    target=ObjectRef("Service", "web", "shop"),
    summary="every endpoint answers",
    legs=(Leg(from_="phone", to="10.244.1.5:8080", outcome="ok", hops=(Hop("bridge", "passes", "passes", True),)),),
    not_tested=(Untested("1 of 3 endpoints", "a trace looks at two"),),
)


def test_a_quiet_one_is_verdict_and_summary() -> None:
    quiet = render_trace(REPORT, TraceFormat.TABLE, Style(quiet=True))
    assert "every endpoint answers" in quiet
    assert [line for line in quiet.splitlines() if "Not tested" in line or "bridge" in line] == []


def test_another_says_what_was_not_tested() -> None:
    text = render_trace(REPORT, TraceFormat.TABLE, Style())
    assert "1 of 3 endpoints" in text
    assert "bridge" in text
