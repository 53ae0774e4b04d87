"""`lint -o table`: the findings query by query, then what cannot be judged, then the counts."""

from __future__ import annotations

from itertools import groupby

from netdoctor.model.lint_report import LintFinding, LintGap, LintReport
from netdoctor.report.page import Page
from netdoctor.report.style import Style


def lint_table(report: LintReport, style: Style, *, wide: bool = False) -> str:
    """For a terminal; `wide` names all other objects that a finding is about."""
    page = Page(style)
    for query, same in groupby(report.findings if not style.quiet else (), key=lambda finding: finding.query):
        page.prose(page.text(query, "bold"))
        for finding in same:
            _finding(page, finding, wide=wide)
        page.blank()
    for gap in report.not_judged if not style.quiet else ():
        page.prose(page.text("Cannot be judged:", "bold yellow"), f"{gap.query} of {_what(gap)}: {gap.because}", hang=2)
    ok = {0: True, 1: False}.get(report.exit_code)
    page.prose(page.mark(ok), _summary(report), hang=2)
    return str(page)


def _finding(page: Page, finding: LintFinding, *, wide: bool) -> None:
    page.prose(page.mark(ok=False), page.text(_what(finding), "bold"), indent=2, hang=2)
    page.prose(finding.because, indent=4)
    if finding.fix:
        page.prose(page.text("Fix:", "bold"), finding.fix, indent=4, hang=2)
    for other in finding.others if wide else ():
        page.prose("-", str(other), indent=6, hang=2)


def _what(about: LintFinding | LintGap) -> str:
    at = f" ({about.at})" if about.at else ""
    return f"{about.object}{at}" if about.object else "all policies"


def _summary(report: LintReport) -> str:
    """`12 policies: 3 redundancy, 1 vacuity`."""
    counts = {query: sum(one.query == query for one in report.findings) for query in report.queries}
    found = ", ".join(f"{count} {query}" for query, count in counts.items() if count) or "nothing found"
    gaps = f", {len(report.not_judged)} not judged" if report.not_judged else ""
    return f"{report.policies} {'policy' if report.policies == 1 else 'policies'}: {found}{gaps}"
