"""`check -o markdown`: for a ticket, a chat or a pull request; what is wrong and what to do come first."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from netdoctor.model.report import CheckReport, Finding, Fix, Hop, ProbeResult
from netdoctor.report.command import command_of
from netdoctor.report.labels import SIGNS, labelled, verdicts, well
from netdoctor.report.untrusted import in_markdown, printable


def as_markdown(reports: Sequence[CheckReport]) -> Iterator[str]:
    """Lines of all reports (CommonMark with tables, as GitHub and GitLab show it); of several, a table comes first."""
    if len(reports) != 1:
        yield from _overview(reports)
    for report in reports:
        yield from _report(report, first=len(reports) == 1)


def _overview(reports: Sequence[CheckReport]) -> Iterator[str]:
    yield f"### {verdicts(reports)}" if reports else verdicts(reports)
    if reports:
        yield ""
        yield "| | target | from | verdict | causes |"
        yield "|---|---|---|---|---|"
    for report in reports:
        codes = ", ".join(cause.code for cause in report.causes)
        yield row_line(SIGNS[well(report.verdict)], str(report.target), str(report.source), report.verdict, codes)


def _report(report: CheckReport, *, first: bool) -> Iterator[str]:
    if not first:
        yield ""
    sign = SIGNS[well(report.verdict)]
    yield f"### {sign} {report.verdict}: {in_markdown(str(report.target))} from {in_markdown(str(report.source))}"
    if not report.causes:  # whose titles would say it again
        yield ""
        yield in_markdown(report.summary)
    for label, cause in labelled(report.causes):
        yield from finding_lines(label, cause)
    yield from listed_lines("Not explained", ((item.id, item.text) for item in report.unexplained))
    yield from way_lines("The way there", report.hops)
    for warning in report.warnings:
        yield from finding_lines("Warning", warning)
    yield from listed_lines("Not tested", ((item.what, item.because) for item in report.not_tested))
    made = ((c.factor, f"{c.text} ({c.passed}, {c.failed})") for c in report.contrasts)
    yield from _folded("What made the difference", listed_lines("", made))
    yield from _folded("Ruled out", listed_lines("", ((item.code, item.because) for item in report.ruled_out)))
    yield from _folded(f"{len(report.probes)} probes", _probes(report.probes))


def finding_lines(label: str, finding: Finding) -> Iterator[str]:
    """One cause or warning, with its fixes."""
    yield ""
    yield f"#### {label}: {in_markdown(finding.code)} ({finding.certainty})"
    yield ""
    yield f"**{in_markdown(finding.title)}**"
    yield ""
    yield in_markdown(finding.explanation)
    yield from listed_lines("", ((item.id, item.text) for item in finding.evidence))
    if finding.would_change:
        yield ""
        yield f"What would change this: {in_markdown(finding.would_change)}."
    for fix in finding.fixes:
        yield from _fix(fix)


def _fix(fix: Fix) -> Iterator[str]:
    yield ""
    yield f"**Fix:** {in_markdown(fix.title)}"
    if command := printable(command_of(fix)):
        fence = "`" * max(3, 1 + max(map(len, re.findall("`+", command)), default=0))
        yield ""
        yield f"{fence}sh" if fix.command else f"{fence}json"
        yield command
        yield fence
    if fix.effect:
        flows = [("opens", flow) for flow in fix.effect.opens] + [("closes", flow) for flow in fix.effect.closes]
        yield from listed_lines("", flows)
        if not flows:
            yield ""
            yield "This opens and closes no flow by itself."


def way_lines(heading: str, hops: Sequence[Hop]) -> Iterator[str]:
    """The way step by step under a heading; nothing where there is none."""
    if hops:
        yield ""
        yield f"#### {heading}"
        yield ""
        yield "| | step | expected | seen |"
        yield "|---|---|---|---|"
    for hop in hops:
        yield row_line(SIGNS[hop.ok], hop.name, hop.expected, hop.seen or "not tried")


def listed_lines(heading: str, items: Iterable[tuple[str, str]]) -> Iterator[str]:
    """(what, text) as a list under a heading; nothing where there are none."""
    for number, (what, text) in enumerate(items):
        if number == 0:
            yield ""
        if number == 0 and heading:
            yield f"#### {heading}"
            yield ""
        yield f"- {in_markdown(what)}: {in_markdown(text)}"


def _folded(summary: str, lines: Iterable[str]) -> Iterator[str]:
    """What need not be read, where HTML is shown; nothing where there is nothing."""
    if held := list(lines):
        yield from ("", f"<details><summary>{summary}</summary>", *held, "", "</details>")


def _probes(probes: Sequence[ProbeResult]) -> Iterator[str]:
    if probes:
        yield ""
        yield "| id | kind | from | to | outcome | answered by | seconds |"
        yield "|---|---|---|---|---|---|---|"
    for probe in probes:
        where = (probe.id, probe.kind, probe.from_, probe.to, probe.outcome, probe.answered_by or "")
        yield row_line(*where, f"{probe.seconds:.3f}")


def row_line(*cells: str) -> str:
    """A row of a table."""
    return f"| {' | '.join(map(in_markdown, cells))} |"
