"""`-o table`: for a reader at 3 a.m., on 80 columns, without colour. What is wrong and what to do come first."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from netdoctor.model.report import CheckReport, Contrast, Effect, Finding, Fix, ProbeResult, RuledOut, Verdict
from netdoctor.report.command import command_of
from netdoctor.report.labels import COLORS, labelled, verdicts, well
from netdoctor.report.page import Page
from netdoctor.report.style import Style


def tables(reports: Sequence[CheckReport], style: Style, *, wide: bool = False) -> str:
    """All reports; of several, one line each comes first, and those in order are not said again in full."""
    page = Page(style)
    if len(reports) != 1:
        _overview(page, reports)
    told = [r for r in reports if len(reports) == 1 or wide or r.exit_code != 0]
    for number, report in enumerate(told):
        if number or len(reports) != 1:
            page.blank()
        _report(page, report, style, wide=wide)
    return str(page)


def _overview(page: Page, reports: Sequence[CheckReport]) -> None:
    page.prose(verdicts(reports))
    for report in reports:
        ok = well(report.verdict)
        codes = ", ".join(cause.code for cause in report.causes)
        target = f"{report.target} ({codes})" if codes else str(report.target)
        page.prose(page.mark(ok), page.text(report.verdict, COLORS[ok]), target, indent=2, hang=2)


def _report(page: Page, report: CheckReport, style: Style, *, wide: bool) -> None:
    ok = well(report.verdict)
    verdict = page.text(f"{report.verdict}:", COLORS[ok])
    page.prose(page.mark(ok), verdict, page.text(f"{report.target}", "bold"), "from", str(report.source), hang=2)
    if not report.causes:  # whose titles would say it again
        page.prose(report.summary, indent=2)
    for label, cause in labelled(report.causes):
        tell_finding(page, label, cause, quiet=style.quiet, verbose=style.verbose)
    tell_reasons(page, "Not explained", [(item.id, item.text) for item in report.unexplained])
    if not style.quiet:
        _hops(page, report)
        if style.verbose:
            _contrasts(page, report.contrasts)
        for warning in report.warnings:
            tell_finding(page, "Warning", warning, quiet=False, verbose=style.verbose)
        tell_reasons(page, "Not tested", [(item.what, item.because) for item in report.not_tested])
        if wide or report.verdict is Verdict.UNDETERMINED:
            tell_reasons(page, "Ruled out", [(item.code, item.because) for item in report.ruled_out])
        else:
            _ruled_out_in_short(page, report.ruled_out)
    if wide and report.probes:
        _probes(page, report.probes)


def tell_finding(page: Page, label: str, finding: Finding, *, quiet: bool, verbose: bool = False) -> None:
    """One cause or warning, with its fixes."""
    page.blank()
    color = "bold yellow" if label == "Warning" else "bold red"
    page.prose(page.text(f"{label}:", "bold"), page.text(finding.code, color), f"({finding.certainty})")
    page.prose(page.text(finding.title, "bold"), indent=2)
    if not quiet:
        _heading(page, "Why", indent=2)
        page.prose(finding.explanation, indent=4)
        if finding.evidence:
            _heading(page, "Evidence", indent=2)
        for evidence in finding.evidence:
            page.prose("-", f"{evidence.id}:", evidence.text, indent=4, hang=2)
    if verbose and finding.would_change:
        _heading(page, "What would change this", indent=2)
        page.prose(finding.would_change, indent=4)
    for fix in finding.fixes:
        _fix(page, fix, quiet=quiet)


def _fix(page: Page, fix: Fix, *, quiet: bool) -> None:
    """The command stands alone on its line, unbroken, between blank lines: ready to be copied."""
    page.blank()
    page.prose(page.text("Fix:", "bold"), fix.title, indent=2)
    command = command_of(fix)
    if command:
        page.blank()
        page.verbatim(command, indent=4, style="cyan")
    if fix.effect and not quiet:
        page.blank()
        _effect(page, fix.effect)


def _effect(page: Page, effect: Effect) -> None:
    for verb, flows in (("opens", effect.opens), ("closes", effect.closes)):
        for flow in flows:
            page.prose(f"{verb}:", flow, indent=4, hang=2)
    if not effect.opens and not effect.closes:
        page.prose("opens and closes no flow by itself", indent=4)


def _hops(page: Page, report: CheckReport) -> None:
    """The path from its one end to the other; what fails has its sign, and two lines of its own."""
    if not report.hops:
        return
    page.blank()
    _heading(page, "The way there")
    page.prose("o", str(report.source), indent=2, hang=2)
    for hop in report.hops:
        name = page.text(f"{hop.name}:", "bold")
        if hop.ok is False:
            page.prose(page.mark(hop.ok), name, indent=2)
            page.prose("expected:", hop.expected, indent=6, hang=2)
            page.prose("seen:", hop.seen, indent=6, hang=2)
        else:
            told = hop.seen or hop.expected if hop.ok else f"{hop.expected} ({hop.seen or 'not tried'})"
            page.prose(page.mark(hop.ok), name, told, indent=2, hang=4)
    page.prose("o", str(report.target), indent=2, hang=2)


def _contrasts(page: Page, contrasts: Sequence[Contrast]) -> None:
    rows = [(c.factor, f"{c.text} [{c.passed}, {c.failed}]") for c in contrasts]
    tell_reasons(page, "What made the difference", rows)


def tell_reasons(page: Page, heading: str, items: Iterable[tuple[str, str]]) -> None:
    """(what, because) under a heading; nothing where there are none."""
    for number, (what, because) in enumerate(items):
        if number == 0:
            page.blank()
            _heading(page, heading)
        page.prose("-", f"{what}:", because, indent=2, hang=2)


def _ruled_out_in_short(page: Page, items: Sequence[RuledOut]) -> None:
    if items:
        page.blank()
        _heading(page, "Ruled out (-o wide says why)")
        page.prose(", ".join(item.code for item in items), indent=2)


def _probes(page: Page, probes: Sequence[ProbeResult]) -> None:
    """A row for each, aligned; what each saw besides, which no column would hold, comes after all of them."""
    rows = [("ID", "KIND", "FROM", "OUTCOME", "SECONDS", "ANSWERED BY", "TO")]
    for probe in probes:
        seen = (probe.outcome, f"{probe.seconds:.3f}", probe.answered_by or "-")
        rows.append((probe.id, probe.kind, probe.from_, *seen, probe.to or "-"))
    page.blank()
    page.columns(rows)
    tell_reasons(page, "What they saw", [(probe.id, _detail(probe)) for probe in probes if probe.detail])


def _detail(probe: ProbeResult) -> str:
    return " ".join(f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in probe.detail.items())


def _heading(page: Page, heading: str, indent: int = 0) -> None:
    page.prose(page.text(heading, "bold"), indent=indent)
