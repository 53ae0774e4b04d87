"""What a command said, against what it should have said."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec import UNSET

from netdoctor.lab.scenario import Expected
from netdoctor.scenarios.ask import Answer

_WORST_FIRST = ("Unhealthy", "Undetermined", "NotTested", "Healthy")


def mismatches(expected: Expected, answer: Answer) -> list[str]:
    """One line for each thing that differs; empty if all is as expected."""
    found = list(_mismatches(expected, answer))
    if answer.problem and any(getattr(expected, name) is not UNSET for name in _FROM_REPORT):
        found.append(answer.problem)
    return found


_FROM_REPORT = ("verdict", "causes", "objects", "absent", "warnings", "allowed", "findings")


# Causes that something passes which should not: there the probe that tells is one that was answered.
_HTTP_ERROR = 400  # the least status that is one (RFC 9110, section 15)
_SHOWN_BY_AN_ANSWER = {"PolicyNotEnforced", "MetadataServiceExposed"}


def without_discriminating_probe(answer: Answer) -> list[str]:
    """A line for each cause called Certain that no probe tells from its absence; empty where nothing was probed.

    Such a probe is among the cause's evidence, and its outcome would be another without the cause: it fails.
    """
    return [
        f"{cause['code']} is Certain, and none of its probes would have ended otherwise without it"
        for report in answer.reports
        if report.get("probes")
        for cause in report.get("causes", ())
        if cause["certainty"] == "Certain" and not _discriminated(cause, report["probes"])
    ]


def _discriminated(cause: Mapping[str, Any], probes: Iterable[Mapping[str, Any]]) -> bool:
    named = {one["id"] for one in cause["evidence"]}
    shown = [probe for probe in probes if probe["id"] in named]
    if cause["code"] in _SHOWN_BY_AN_ANSWER:
        return any(probe["outcome"] == "ok" for probe in shown)
    return any(probe["outcome"] not in ("ok", "skipped", "error") or _refused_by_http(probe) for probe in shown)


def _refused_by_http(probe: Mapping[str, Any]) -> bool:
    """Whether an answer says that there is none: a controller's 404 or 503."""
    status = probe.get("detail", {}).get("status")
    return isinstance(status, int) and status >= _HTTP_ERROR


def _mismatches(expected: Expected, answer: Answer) -> Iterator[str]:
    if expected.exit is not UNSET and answer.exit != expected.exit:
        yield f"exit code {answer.exit}, not {expected.exit}"
    if answer.problem:
        return
    reports = answer.reports
    verdicts = [report.get("verdict") for report in reports]
    verdict = next((word for word in _WORST_FIRST if word in verdicts), None)
    if expected.verdict is not UNSET and verdict != expected.verdict:
        yield f"verdict {verdict}, not {expected.verdict}"
    causes = _codes(reports, "causes")
    if expected.causes is not UNSET and causes != set(expected.causes):
        yield f"causes {_listed(causes)}, not {_listed(set(expected.causes))}"
    warnings = _codes(reports, "warnings")
    findings = _codes(reports, "findings")
    if expected.findings is not UNSET and findings != set(expected.findings):
        yield f"findings {_listed(findings)}, not {_listed(set(expected.findings))}"
    if expected.warnings is not UNSET and (missing := set(expected.warnings) - warnings):
        yield f"no warning {_listed(missing)}; there are {_listed(warnings)}"
    if expected.absent is not UNSET and (present := set(expected.absent) & (causes | warnings | findings)):
        yield f"{_listed(present)} must not be named"
    if expected.objects is not UNSET and (missing := set(expected.objects) - _objects(reports)):
        yield f"no cause names {_listed(missing)}; they name {_listed(_objects(reports))}"
    if expected.allowed is not UNSET and any(r.get("allowed", "absent") != expected.allowed for r in reports):
        yield f"allowed is {[r.get('allowed') for r in reports]}, not {expected.allowed}"


def _codes(reports: list[Mapping[str, Any]], key: str) -> set[str]:
    return {finding["code"] for report in reports for finding in report.get(key, ())}


def _objects(reports: list[Mapping[str, Any]]) -> set[str]:
    """Every object that a cause or a finding names, as KIND/NAMESPACE/NAME or KIND/NAME."""
    named = (one for report in reports for one in (*report.get("causes", ()), *report.get("findings", ())))
    return {name for one in named for name in named_objects(one)}


def named_objects(cause: Mapping[str, Any]) -> set[str]:
    """The objects of one cause, as KIND/NAMESPACE/NAME or KIND/NAME."""
    return {"/".join(filter(None, (ref["kind"], ref.get("namespace"), ref["name"]))) for ref in cause["objects"]}


def _listed(names: set[str]) -> str:
    return ", ".join(sorted(names)) or "none"
