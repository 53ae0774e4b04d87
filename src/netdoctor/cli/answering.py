"""Verdicts on the flows between two ends, printed: `can`, and `matrix --why`."""

from __future__ import annotations

from collections.abc import Iterable

from netdoctor.cli.output import emit, terminal
from netdoctor.cli.policies import PolicyInput
from netdoctor.path.flow_reports import flow_report
from netdoctor.path.flows import asked_flows
from netdoctor.policy.requests import Request
from netdoctor.report import Format, encode, listed
from netdoctor.report.flow_table import flow_tables

_MOST_FIXED = 3  # flows of one question for which repairs are looked for


def answer(  # noqa: PLR0913 - a question
    asked: PolicyInput,
    source: str,
    destination: str,
    output: Format,
    *,
    quiet: bool,
    request: Request | None = None,
) -> int:
    """Decide and print every flow that the two ends mean; the exit code. Raises NetdoctorError."""
    flows = asked_flows(asked.policies, source, destination, asked.namespace)
    reports = []
    fixed = _MOST_FIXED if quiet else 0
    for flow in flows:
        reports.append(flow_report(asked.policies, flow, asked.profile, fixes=fixed < _MOST_FIXED, request=request))
        fixed += reports[-1].allowed is False
    if output in (Format.JSON, Format.YAML):
        emit(encode(reports[0] if len(reports) == 1 else listed(reports), output))
    else:
        emit(flow_tables(reports, terminal(quiet=quiet), wide=output is Format.WIDE))
    return _worst(report.exit_code for report in reports)


def _worst(codes: Iterable[int]) -> int:
    """Denied before unknown before allowed."""
    return min(codes, key=(1, 3, 0).index)
