"""`verify -o tap`: the Test Anything Protocol, version 14 (https://testanything.org/tap-version-14-specification.html)."""

from __future__ import annotations

from collections.abc import Iterator

from netdoctor.model.verify_report import Result, VerifiedFlow, VerifyReport
from netdoctor.report import yaml
from netdoctor.report.untrusted import printable


def as_tap(report: VerifyReport) -> str:
    """The whole stream: the version, the plan, and a test point for each expected flow."""
    lines = ["TAP version 14", f"1..{len(report.flows)}"]
    for number, flow in enumerate(report.flows, start=1):
        lines += _point(number, flow)
    return "".join(f"{line}\n" for line in lines)


def _point(number: int, flow: VerifiedFlow) -> Iterator[str]:
    ok = "not ok" if flow.result is Result.MISMATCH else "ok"
    skipped = f" # SKIP {_escaped(flow.text)}" if flow.result is Result.NOT_TESTED else ""
    yield f"{ok} {number} - {_escaped(f'{flow.name} ({flow.expected})')}{skipped}"
    if flow.result is Result.MISMATCH:
        yield "  ---"
        yield from (f"  {line}" for line in yaml.encode(_diagnostic(flow)).splitlines())
        yield "  ..."


def _diagnostic(flow: VerifiedFlow) -> dict[str, str]:
    found = {
        "message": flow.text,
        "at": flow.at,
        "expected": flow.expected,
        "policies": flow.policies,
        "packets": flow.packets or "",
        "code": flow.code,
        "because": flow.because,
    }
    return {key: value for key, value in found.items() if value}


def _escaped(text: str) -> str:
    """On one line; a number sign would begin a directive."""
    return printable(text, ascii_only=True).replace("\\", "\\\\").replace("#", "\\#")
