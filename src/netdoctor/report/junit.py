"""`verify -o junit`: each expected flow is a test case."""

from __future__ import annotations

from netdoctor.model.verify_report import Result, VerifiedFlow, VerifyReport
from netdoctor.report.junit_suite import Suite, add

SUITE = "netdoctor verify"


def as_junit(report: VerifyReport, seconds: float) -> str:
    """The XML document; `seconds` is how long it all took."""
    suite = Suite(SUITE, seconds)
    for flow in report.flows:
        _case(suite, flow)
    return str(suite)


def _case(suite: Suite, flow: VerifiedFlow) -> None:
    place = flow.at.rpartition(":")
    where = {"file": place[0], "line": place[2]} if flow.at else {}
    case = suite.case(f"{flow.name} ({flow.expected})", place[0] or SUITE, time="0", **where)
    if flow.result is Result.MISMATCH:
        add(case, "failure", flow.text, _lines(flow), type=flow.code or "Mismatch")
    elif flow.result is Result.NOT_TESTED:
        add(case, "skipped", flow.text)


def _lines(flow: VerifiedFlow) -> list[str]:
    """The failure in full."""
    lines = [f"expected: {flow.expected}", f"policies: {flow.policies}"]
    lines += [f"packets: {flow.packets}"] if flow.packets else []
    lines += [f"because: {flow.because}"] if flow.because else []
    lines.append(flow.text)
    for verdict in flow.verdicts:
        lines += [f"egress: {verdict.egress.because}", f"ingress: {verdict.ingress.because}"]
        lines += [f"fix: {fix.title}" for fix in verdict.fixes[:1]]
    return lines
