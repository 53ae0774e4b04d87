"""`can -o table`: the verdict, then each side with the rule that decides and those that nearly matched."""

from __future__ import annotations

from collections.abc import Sequence

from netdoctor.model.flow_report import FlowEnd, FlowReport, NearMiss, RequestAnswer, Side
from netdoctor.model.report import Effect, Fix
from netdoctor.report.command import command_of
from netdoctor.report.page import Page
from netdoctor.report.style import Style

_ANSWERS: dict[bool | None, tuple[str, str]] = {
    True: ("ALLOWED", "bold green"),
    False: ("DENIED", "bold red"),
    None: ("UNKNOWN", "bold yellow"),
}
_MOST_NEAR = 4  # near misses of a side that are worth reading; wide shows all
_MOST_FLOWS = 6  # flows of a fix that are worth reading; wide shows all


def flow_tables(reports: Sequence[FlowReport], style: Style, *, wide: bool = False) -> str:
    """All verdicts; of several, one line each comes first, and then those in full that are not allowed."""
    page = Page(style)
    for report in reports if len(reports) > 1 else ():
        _headline(page, report)
    told = [r for r in reports if len(reports) == 1 or wide or not r.allowed]
    for number, report in enumerate(told if not style.quiet else ()):
        if number or len(reports) > 1:
            page.blank()
        verdict_details(page, report, wide=wide)
    if style.quiet and len(reports) == 1:
        _headline(page, reports[0])
    return str(page)


def _headline(page: Page, report: FlowReport) -> None:
    flow = report.flow
    answer, color = _ANSWERS[report.allowed]
    request = report.request
    if request and request.answer:
        answer = f"REFUSED with {request.protocol.upper()} {request.answer}"
    way = f"(Service {flow.service} port {flow.service_port})" if flow.service else ""
    parts = [f"{request.text}:"] if request else []
    parts += [f"{_name(flow.from_)} → {_name(flow.to)}", f"{flow.port}/{flow.protocol}", way]
    page.prose(page.mark(report.allowed), page.text(answer, color), *filter(None, parts), hang=2)


def _name(end: FlowEnd) -> str:
    name = f"{end.namespace}/{end.name}" if end.namespace else end.name
    name = f"node {name}" if end.kind == "Node" else name
    return f"{name} (and {end.count - 1} alike)" if end.count > 1 else name


def verdict_details(page: Page, report: FlowReport, *, wide: bool) -> None:
    """One verdict in full: the deciding rules, what nearly matched, the nearest fixes, what was assumed."""
    _headline(page, report)
    for name, side, end in (
        ("egress of", report.egress, report.flow.from_),
        ("ingress of", report.ingress, report.flow.to),
    ):
        _side(page, f"{name} {_name(end)}", side, wide=wide)
    if report.request:
        _request(page, report.request)
    for text in report.hints:
        page.prose(page.text("Note:", "bold"), text.text, indent=2, hang=2)
    for number, fix in enumerate(report.fixes):
        _fix(page, fix, "Nearest fix:" if number == 0 else "Or:", wide=wide)
    for text in report.assumptions:
        page.prose(
            page.text("Assumed:" if report.allowed is not None else "Because:", "bold"), text.text, indent=2, hang=2
        )


def _request(page: Page, request: RequestAnswer) -> None:
    """What the rules for requests say, where the connection itself is allowed."""
    rules = ", ".join(request.rules)
    if request.allowed is None:
        said = f"cannot be known: {request.because}"
    elif request.allowed:
        said = f"by {rules}" if rules else "no rule is about requests"
    else:
        said = f"the connection is allowed, the request is answered {request.answer}: {rules} {request.because}"
    page.prose(page.mark(request.allowed), page.text(f"{request.text}:", "bold"), said, indent=2, hang=4)


def _side(page: Page, name: str, side: Side, *, wide: bool) -> None:
    page.prose(page.mark(side.allowed), page.text(f"{name}:", "bold"), side.because, indent=2, hang=4)
    shown = side.near_misses if wide else side.near_misses[:_MOST_NEAR]
    for near in shown:
        _near(page, near)
    if left := len(side.near_misses) - len(shown):
        page.prose(f"and {left} more rules that do not match (-o wide)", indent=6)


def _near(page: Page, near: NearMiss) -> None:
    at = f" ({near.at})" if near.at else ""
    page.prose("-", f"{near.rule}{at}: {near.missed} does not match: {near.because}", indent=6, hang=2)


def _fix(page: Page, fix: Fix, label: str, *, wide: bool) -> None:
    page.blank()
    page.prose(page.text(label, "bold"), fix.title, indent=2, hang=2)
    page.verbatim(command_of(fix), indent=4, style="cyan")
    if fix.effect:
        _effect(page, fix.effect, wide=wide)


def _effect(page: Page, effect: Effect, *, wide: bool) -> None:
    for verb, flows in (("opens", effect.opens), ("closes", effect.closes)):
        shown = flows if wide else flows[:_MOST_FLOWS]
        for flow in shown:
            page.prose(f"{verb}:", flow, indent=4, hang=2)
        if left := len(flows) - len(shown):
            page.prose(f"{verb}: {left} more (-o wide)", indent=4)
