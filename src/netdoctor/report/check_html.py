"""`check -o html`: one file without scripts and without anything from elsewhere, to be sent and kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from netdoctor.model.report import CheckReport, Effect, Finding, Fix, Hop, ProbeResult
from netdoctor.report.command import command_of
from netdoctor.report.html_page import KINDS, MARKS, badge, head, table
from netdoctor.report.labels import labelled, verdicts
from netdoctor.report.untrusted import in_html

_SEEN = {"ok": "seen to work", "failed": "fails here", "unseen": "not seen"}


def as_html(reports: Sequence[CheckReport]) -> Iterator[str]:
    """Lines of the whole page; of several reports, an overview comes first."""
    yield from head(verdicts(reports) if len(reports) != 1 else f"{reports[0].verdict}: {reports[0].target}")
    if len(reports) != 1:
        yield from _overview(reports)
    for number, report in enumerate(reports):
        yield from _report(number, report)
    yield "</body></html>"


def _overview(reports: Sequence[CheckReport]) -> Iterator[str]:
    yield f'<header><h1>{verdicts(reports)}</h1><ul class="overview">'
    for number, report in enumerate(reports):
        codes = ", ".join(cause.code for cause in report.causes)
        link = f'<a href="#target-{number}">{in_html(str(report.target))}</a>'
        yield f"<li>{badge(report.verdict)} {link} <span>{in_html(codes)}</span></li>"
    yield "</ul></header>"


def _report(number: int, report: CheckReport) -> Iterator[str]:
    target, source = in_html(str(report.target)), in_html(str(report.source))
    yield f'<article id="target-{number}"><h2>{badge(report.verdict)} {target}</h2>'
    yield f"<p>from {source}</p>"
    if not report.causes:  # whose titles would say it again
        yield f"<p>{in_html(report.summary)}</p>"
    yield from _way(source, target, report.hops)
    for label, cause in labelled(report.causes):
        yield from finding_lines(label, cause)
    yield from listed_lines("Not explained", ((item.id, item.text) for item in report.unexplained))
    for warning in report.warnings:
        yield from finding_lines("Warning", warning)
    yield from listed_lines("Not tested", ((item.what, item.because) for item in report.not_tested))
    made = ((c.factor, f"{c.text} ({c.passed}, {c.failed})") for c in report.contrasts)
    yield from _folded("What made the difference", listed_lines("", made))
    yield from _folded("Ruled out", listed_lines("", ((item.code, item.because) for item in report.ruled_out)))
    yield from _folded(f"{len(report.probes)} probes", _probes(report.probes))
    yield "</article>"


def _way(source: str, target: str, hops: Sequence[Hop]) -> Iterator[str]:
    """The path as a line from the source to the target; what fails stands out by its sign, frame and words."""
    if not hops:
        return
    yield f'<h3>The way there</h3><ol class="way"><li class="end"><b>{source}</b></li>'
    for hop in hops:
        kind = KINDS[hop.ok]
        yield f'<li class="{kind}"><span class="mark" aria-hidden="true">{MARKS[kind]}</span>'
        yield f"<b>{in_html(hop.name)}</b> <em>{_SEEN[kind]}</em>"
        yield f"<dl><dt>expected</dt><dd>{in_html(hop.expected)}</dd>"
        yield f"<dt>seen</dt><dd>{in_html(hop.seen or 'not tried')}</dd></dl></li>"
    yield f'<li class="end"><b>{target}</b></li></ol>'


def finding_lines(label: str, finding: Finding) -> Iterator[str]:
    """One cause or warning, with its fixes."""
    kind = "warning" if label == "Warning" else "cause"
    yield f'<section class="{kind}"><h3>{label}: {in_html(finding.code)} <small>({finding.certainty})</small></h3>'
    yield f"<p><strong>{in_html(finding.title)}</strong></p><p>{in_html(finding.explanation)}</p>"
    yield from listed_lines("", ((item.id, item.text) for item in finding.evidence))
    if finding.would_change:
        yield f"<p><small>What would change this: {in_html(finding.would_change)}.</small></p>"
    for fix in finding.fixes:
        yield from _fix(fix)
    yield "</section>"


def _fix(fix: Fix) -> Iterator[str]:
    yield f"<h4>Fix: {in_html(fix.title)}</h4>"
    if command := command_of(fix):
        yield f"<pre><code>{in_html(command)}</code></pre>"
    if fix.effect:
        yield from _effect(fix.effect)


def _effect(effect: Effect) -> Iterator[str]:
    flows = [("opens", flow) for flow in effect.opens] + [("closes", flow) for flow in effect.closes]
    yield from listed_lines("", flows)
    if not flows:
        yield "<p>opens and closes no flow by itself</p>"


def listed_lines(heading: str, items: Iterable[tuple[str, str]]) -> Iterator[str]:
    """(what, text) as a list under a heading; nothing where there are none."""
    rows = [f"<li><b>{in_html(what)}</b>: {in_html(text)}</li>" for what, text in items]
    if rows and heading:
        yield f"<h3>{heading}</h3>"
    if rows:
        yield from ("<ul>", *rows, "</ul>")


def _folded(summary: str, lines: Iterable[str]) -> Iterator[str]:
    if held := list(lines):
        yield from (f"<details><summary>{summary}</summary>", *held, "</details>")


def _probes(probes: Sequence[ProbeResult]) -> Iterator[str]:
    if not probes:
        return
    heads = ("id", "kind", "from", "to", "outcome", "answered by", "seconds")
    yield from table(heads, (_row(probe) for probe in probes))


def _row(probe: ProbeResult) -> tuple[str, ...]:
    by = probe.answered_by or ""
    return (probe.id, probe.kind, probe.from_, probe.to, probe.outcome, by, f"{probe.seconds:.3f}")
