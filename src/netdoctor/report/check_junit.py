"""`check -o junit`: each target is a test case, and each cause one of its failures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from netdoctor.model.report import CheckReport, Finding, Verdict
from netdoctor.report.command import command_of
from netdoctor.report.junit_suite import Suite, add

SUITE = "netdoctor check"


def as_junit(reports: Sequence[CheckReport], seconds: float) -> str:
    """The XML document; `seconds` is how long it all took.

    What could not be told is an error, what could not be tried a skipped test: neither is the target's failure. What
    is left untested of a target that passes stands in its output.
    """
    suite = Suite(SUITE, seconds)
    for report in reports:
        _case(suite, report)
    return str(suite)


def _case(suite: Suite, report: CheckReport) -> None:
    case = suite.case(f"{report.target} from {report.source}", SUITE)
    for cause in report.causes:
        add(case, "failure", cause.title, list(_told(cause)), type=cause.code)
    if report.verdict is Verdict.UNDETERMINED:
        lines = [f"{item.id}: {item.text}" for item in report.unexplained]
        add(case, "error", report.summary, lines, type=report.verdict)
    elif report.verdict is Verdict.NOT_TESTED:
        add(case, "skipped", report.summary)
    said = [f"warning: {warning.code}: {warning.title}" for warning in report.warnings]
    said += [f"not tested: {item.what}: {item.because}" for item in report.not_tested]
    if said:
        add(case, "system-out", "", said)


def _told(cause: Finding) -> Iterator[str]:
    yield f"{cause.code} ({cause.certainty}): {cause.title}"
    yield cause.explanation
    for evidence in cause.evidence:
        yield f"evidence: {evidence.id}: {evidence.text}"
    for fix in cause.fixes:
        command = command_of(fix)
        yield f"fix: {fix.title}{f': {command}' if command else ''}"
