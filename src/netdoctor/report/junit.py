"""`verify -o junit`: a test report as CI systems read it.

There is no standard but what the tools have in common; elements and attributes are those of Jenkins' schema:
https://github.com/jenkinsci/xunit-plugin, junit-10.xsd.
"""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement, indent, tostring

from netdoctor.model.verify_report import Result, VerifiedFlow, VerifyReport
from netdoctor.report.untrusted import printable

SUITE = "netdoctor verify"


def as_junit(report: VerifyReport, seconds: float) -> str:
    """The XML document; `seconds` is how long it all took."""
    counts = {
        "name": SUITE,
        "tests": str(len(report.flows)),
        "failures": str(report.counted(Result.MISMATCH)),
        "errors": "0",
        "time": f"{seconds:.3f}",
    }
    root = Element("testsuites", counts)
    suite = SubElement(root, "testsuite", {**counts, "skipped": str(report.counted(Result.NOT_TESTED))})
    for flow in report.flows:
        _case(suite, flow)
    indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(root).decode()}\n'


def _case(suite: Element, flow: VerifiedFlow) -> None:
    place = flow.at.rpartition(":")
    where = {"file": _text(place[0]), "line": place[2]} if flow.at else {}
    name = _text(f"{flow.name} ({flow.expected})")
    case = SubElement(suite, "testcase", {"name": name, "classname": _text(place[0]) or SUITE, "time": "0", **where})
    if flow.result is Result.MISMATCH:
        failure = SubElement(case, "failure", {"type": flow.code or "Mismatch", "message": _text(flow.text)})
        failure.text = "\n".join(_lines(flow))
    elif flow.result is Result.NOT_TESTED:
        SubElement(case, "skipped", {"message": _text(flow.text)})


def _lines(flow: VerifiedFlow) -> list[str]:
    """The failure in full."""
    lines = [f"expected: {flow.expected}", f"policies: {flow.policies}"]
    lines += [f"packets: {flow.packets}"] if flow.packets else []
    lines += [f"because: {flow.because}"] if flow.because else []
    lines.append(flow.text)
    for verdict in flow.verdicts:
        lines += [f"egress: {verdict.egress.because}", f"ingress: {verdict.ingress.because}"]
        lines += [f"fix: {fix.title}" for fix in verdict.fixes[:1]]
    return [_text(line) for line in lines]


def _text(text: str) -> str:
    """XML 1.0 has no form, escaped or not, for most control characters."""
    return printable(text)
