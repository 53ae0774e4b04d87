"""`verify -o table`: what is not as expected first, with the deciding rules and fixes, then how many of each."""

from __future__ import annotations

from collections.abc import Sequence

from netdoctor.model.verify_report import Result, VerifiedFlow, VerifyReport
from netdoctor.report.flow_table import verdict_details
from netdoctor.report.page import Page
from netdoctor.report.style import Style

_MARKS: dict[Result, tuple[bool | None, str, str]] = {
    Result.MISMATCH: (False, "MISMATCH", "bold red"),
    Result.NOT_TESTED: (None, "NOT TESTED", "bold yellow"),
    Result.AS_EXPECTED: (True, "as expected", "green"),
}


def verify_table(report: VerifyReport, style: Style, *, wide: bool = False) -> str:
    """All that is not as expected; `wide` lists the rest, too, and what each packet met."""
    page = Page(style)
    for result in (Result.MISMATCH, Result.NOT_TESTED):
        for flow in _of(report, result):
            _flow(page, flow, quiet=style.quiet, wide=wide)
            page.blank()
    expected = _of(report, Result.AS_EXPECTED)
    noted = [flow for flow in expected if wide or flow.agreement is False]
    for flow in noted:
        _flow(page, flow, quiet=style.quiet, wide=wide)
    if noted:
        page.blank()
    for untested in report.not_tested if not style.quiet else ():
        page.prose(page.text("Not tested:", "bold"), f"{untested.what}: {untested.because}", hang=2)
    _counts(page, report)
    return str(page)


def _of(report: VerifyReport, result: Result) -> Sequence[VerifiedFlow]:
    return [flow for flow in report.flows if flow.result is result]


def _flow(page: Page, flow: VerifiedFlow, *, quiet: bool, wide: bool) -> None:
    ok, word, color = _MARKS[flow.result]
    at = f"({flow.at})" if flow.at else ""
    seen = f"expected {flow.expected}, policies: {flow.policies}"
    packets = f", packets: {flow.packets}" if flow.packets else ""
    page.prose(page.mark(ok), page.text(word, color), page.text(flow.name, "bold"), at, hang=2)
    page.prose(f"{seen}{packets}", page.text(flow.code, "bold red"), indent=2, hang=2)
    if quiet:
        return
    if flow.text:
        page.prose(flow.text, indent=2, hang=2)
    if flow.because:
        page.prose(page.text("Expected because:", "bold"), flow.because, indent=2, hang=2)
    for verdict in flow.verdicts:
        verdict_details(page, verdict, wide=wide)
    for packet in flow.probes if wide else ():
        page.prose("-", f"{packet.from_} → {packet.to}: {packet.outcome}", indent=4, hang=2)


def _counts(page: Page, report: VerifyReport) -> None:
    counts = ", ".join(
        f"{report.counted(result)} {word}"
        for result, word in (
            (Result.AS_EXPECTED, "as expected"),
            (Result.MISMATCH, "not as expected"),
            (Result.NOT_TESTED, "not tested"),
        )
    )
    ok = {0: True, 1: False}.get(report.exit_code)
    against = "policies and packets" if report.probed else "policies"
    page.prose(page.mark(ok), page.text(f"{len(report.flows)} expected flows:", "bold"), counts, f"(against {against})")
