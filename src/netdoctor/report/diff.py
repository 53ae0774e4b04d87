"""`diff -o table` and `markdown`: what opens first, since that is what a reviewer has to approve."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from netdoctor.model.diff_report import DiffReport, FlowChange
from netdoctor.report.page import Page
from netdoctor.report.style import Style
from netdoctor.report.untrusted import in_markdown

_MOST_NAMES = 12  # of one change that are worth reading; wide shows all


def count(changes: Sequence[FlowChange]) -> int:
    """How many pairs of a source and a destination change."""
    pairs = {(source, change.to) for change in changes for source in change.from_}
    return len(pairs)


def diff_table(report: DiffReport, style: Style, *, wide: bool = False) -> str:
    """For a terminal."""
    page = Page(style)
    page.prose(_summary(report), f"({report.before} → {report.after})", hang=2)
    for heading, changes, color in (
        ("Opened", report.opened, "bold red"),
        ("Closed", report.closed, "bold yellow"),
        ("Unclear", report.unclear, "bold yellow"),
    ):
        if not changes or style.quiet:
            continue
        page.blank()
        page.prose(page.text(heading, color))
        for destination, same in groupby(changes, key=lambda change: change.to):
            page.prose(page.text(destination, "bold"), indent=2)
            for change in same:
                page.prose(change.ports, "from", _names(change.from_, wide=wide), indent=4, hang=2)
                page.prose(change.because, indent=8, hang=2)
    for problem in report.problems:
        page.blank()
        page.prose(page.text("Warning:", "bold yellow"), problem, hang=2)
    return str(page)


def diff_markdown(report: DiffReport) -> Iterator[str]:
    """For a pull request: a table each of what opens and what closes."""
    yield f"### Network policies: {_summary(report)}\n"
    for heading, changes in (("Opened", report.opened), ("Closed", report.closed), ("Unclear", report.unclear)):
        if changes:
            yield f"\n**{heading}**\n\n| from | to | ports | because |\n|---|---|---|---|\n"
        for change in changes:
            names = _names(change.from_, wide=False)
            yield "| " + " | ".join(map(in_markdown, (names, change.to, change.ports, change.because))) + " |\n"
    for problem in report.problems:
        yield f"\n> **Warning:** {in_markdown(problem)}\n"


def _summary(report: DiffReport) -> str:
    opened, closed = count(report.opened), count(report.closed)
    unclear = count(report.unclear)
    more = f", {unclear} unclear" if unclear else ""
    if not opened and not closed:
        return f"no flow opens or closes{more}"
    return f"{opened} {_flows(opened)} opened, {closed} {_flows(closed)} closed{more}"


def _flows(number: int) -> str:
    return "flow" if number == 1 else "flows"


def _names(names: Sequence[str], *, wide: bool) -> str:
    shown = names if wide else names[:_MOST_NAMES]
    more = f" and {len(names) - len(shown)} more" if len(names) > len(shown) else ""
    return ", ".join(shown) + more
