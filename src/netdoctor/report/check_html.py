"""`check -o html`: one file without scripts and without anything from elsewhere, to be sent and kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from netdoctor.model.report import CheckReport, Effect, Finding, Fix, Hop, ProbeResult, Verdict
from netdoctor.report.check_style import STYLE
from netdoctor.report.command import command_of
from netdoctor.report.untrusted import in_html

_VERDICTS = {Verdict.HEALTHY: "ok", Verdict.UNHEALTHY: "failed"}
_MARKS = {"ok": "✓", "failed": "✗", "unseen": "?"}
_SEEN = {"ok": "seen to work", "failed": "fails here", "unseen": "not seen"}
# Should any text ever come to be markup, it could still load and run nothing.
POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def as_html(reports: Sequence[CheckReport]) -> Iterator[str]:
    """Lines of the whole page; of several reports, an overview comes first."""
    title = _counts(reports) if len(reports) != 1 else f"{reports[0].verdict}: {reports[0].target}"
    yield '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{in_html(title)}</title><style>{STYLE}</style></head><body>"
    if len(reports) != 1:
        yield from _overview(reports)
    for number, report in enumerate(reports):
        yield from _report(number, report)
    yield "</body></html>"


def _counts(reports: Sequence[CheckReport]) -> str:
    verdicts = Counter(report.verdict for report in reports)
    counts = ", ".join(f"{verdicts[v]} {v}" for v in Verdict if verdicts[v])
    return f"{len(reports)} targets: {counts}" if reports else "no target"


def _overview(reports: Sequence[CheckReport]) -> Iterator[str]:
    yield f'<header><h1>{_counts(reports)}</h1><ul class="overview">'
    for number, report in enumerate(reports):
        codes = ", ".join(cause.code for cause in report.causes)
        link = f'<a href="#target-{number}">{in_html(str(report.target))}</a>'
        yield f"<li>{_badge(report.verdict)} {link} <span>{in_html(codes)}</span></li>"
    yield "</ul></header>"


def _badge(verdict: Verdict) -> str:
    kind = _VERDICTS.get(verdict, "unseen")
    return f'<strong class="verdict {kind}">{_MARKS[kind]} {verdict}</strong>'


def _report(number: int, report: CheckReport) -> Iterator[str]:
    target, source = in_html(str(report.target)), in_html(str(report.source))
    yield f'<article id="target-{number}"><h2>{_badge(report.verdict)} {target}</h2>'
    yield f"<p>from {source}</p>"
    if not report.causes:  # whose titles would say it again
        yield f"<p>{in_html(report.summary)}</p>"
    yield from _way(source, target, report.hops)
    for count, cause in enumerate(report.causes, start=1):
        label = "Cause" if len(report.causes) == 1 else f"Cause {count} of {len(report.causes)}"
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
        kind = {True: "ok", False: "failed", None: "unseen"}[hop.ok]
        yield f'<li class="{kind}"><span class="mark" aria-hidden="true">{_MARKS[kind]}</span>'
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
    yield f'<div class="scroll" tabindex="0"><table><thead><tr>{_cells("th", heads)}</tr></thead><tbody>'
    for probe in probes:
        where = (probe.id, probe.kind, probe.from_, probe.to, probe.outcome, probe.answered_by or "")
        yield f"<tr>{_cells('td', (*where, f'{probe.seconds:.3f}'))}</tr>"
    yield "</tbody></table></div>"


def _cells(tag: str, texts: Iterable[str]) -> str:
    return "".join(f"<{tag}>{in_html(text)}</{tag}>" for text in texts)
