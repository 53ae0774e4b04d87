"""Reports of checks in any of their formats."""

from __future__ import annotations

from collections.abc import Sequence

from netdoctor.model.report import CheckReport
from netdoctor.report import Format, render
from netdoctor.report.check_format import CheckFormat
from netdoctor.report.check_html import as_html
from netdoctor.report.check_junit import as_junit
from netdoctor.report.check_markdown import as_markdown
from netdoctor.report.style import Style

_PAGES = (CheckFormat.MARKDOWN, CheckFormat.HTML, CheckFormat.JUNIT)


def render_check(
    reports: CheckReport | Sequence[CheckReport], output: CheckFormat, style: Style, seconds: float
) -> str:
    """The whole output, with its closing newline; `seconds` is how long it took to come to."""
    if output not in _PAGES:
        return render(reports, Format(output.value), style)
    several = reports if isinstance(reports, Sequence) else [reports]
    if output is CheckFormat.JUNIT:
        return as_junit(several, seconds)
    lines = as_markdown(several) if output is CheckFormat.MARKDOWN else as_html(several)
    return style.marked_up(lines)
