"""A trace in any of its formats."""

from __future__ import annotations

from collections.abc import Iterator

from netdoctor.model.report import Hop
from netdoctor.model.trace_report import Leg, TraceReport
from netdoctor.report import Format, Style, encode
from netdoctor.report.check_markdown import listed_lines, way_lines
from netdoctor.report.labels import COLORS, SIGNS, well
from netdoctor.report.page import Page
from netdoctor.report.table import tell_reasons
from netdoctor.report.trace_format import TraceFormat
from netdoctor.report.untrusted import in_markdown


def render_trace(report: TraceReport, output: TraceFormat, style: Style) -> str:
    """The whole output."""
    match output:
        case TraceFormat.JSON | TraceFormat.YAML:
            return encode(report, Format(output.value))
        case TraceFormat.MARKDOWN:
            return style.marked_up(_markdown(report))
    return _table(report, style)


def _table(report: TraceReport, style: Style) -> str:
    page = Page(style)
    ok = well(report.verdict)
    ends = page.text(str(report.target), "bold"), "from", str(report.source)
    page.prose(page.mark(ok), page.text(f"{report.verdict}:", COLORS[ok]), *ends, hang=2)
    page.prose(report.summary, indent=2)
    for leg in report.legs if not style.quiet else ():
        page.blank()
        page.prose(page.text(_heading(leg), "bold"))
        for hop in leg.hops:
            _hop(page, hop)
    if not style.quiet:
        tell_reasons(page, "Not tested", [(item.what, item.because) for item in report.not_tested])
    return str(page)


def _hop(page: Page, hop: Hop) -> None:
    """One line; what fails has what was expected below it."""
    seen = hop.seen or "not tried"
    page.prose(page.mark(hop.ok), page.text(f"{hop.name}:", "bold"), seen, indent=2, hang=4)
    if not hop.ok:
        page.prose("expected:", hop.expected, indent=6, hang=2)


def _heading(leg: Leg) -> str:
    return f"From {leg.from_} to {leg.to}"


def _markdown(report: TraceReport) -> Iterator[str]:
    sign = SIGNS[well(report.verdict)]
    yield f"### {sign} {report.verdict}: {in_markdown(str(report.target))} from {in_markdown(str(report.source))}"
    yield ""
    yield in_markdown(report.summary)
    for leg in report.legs:
        yield from way_lines(in_markdown(_heading(leg)), leg.hops)
    yield from listed_lines("Not tested", ((item.what, item.because) for item in report.not_tested))
