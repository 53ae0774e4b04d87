"""A verification in any of its formats."""

from __future__ import annotations

from netdoctor.model.verify_report import VerifyReport
from netdoctor.report import Format, Style, encode
from netdoctor.report.junit import as_junit
from netdoctor.report.tap import as_tap
from netdoctor.report.verify_format import VerifyFormat
from netdoctor.report.verify_table import verify_table


def render_verification(report: VerifyReport, output: VerifyFormat, style: Style, seconds: float) -> str:
    """The whole output; `seconds` is how long it took to come to."""
    match output:
        case VerifyFormat.JSON | VerifyFormat.YAML:
            return encode(report, Format(output.value))
        case VerifyFormat.JUNIT:
            return as_junit(report, seconds)
        case VerifyFormat.TAP:
            return as_tap(report)
    return verify_table(report, style, wide=output is VerifyFormat.WIDE)
