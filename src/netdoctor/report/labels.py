"""What reports in all formats call things alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from netdoctor.model.report import CheckReport, Finding, Verdict

#: In Markdown; by whether it is well, None where that is not known. So are `COLORS`, at a terminal.
SIGNS = {True: "✅", False: "❌", None: "❔"}
COLORS = {True: "bold green", False: "bold red", None: "bold yellow"}


def well(verdict: Verdict) -> bool | None:
    """Whether a verdict says that all is well; None where it cannot tell."""
    return {Verdict.HEALTHY: True, Verdict.UNHEALTHY: False}.get(verdict)


def labelled(causes: Sequence[Finding]) -> Iterator[tuple[str, Finding]]:
    """Each cause under its label: `Cause`, or `Cause 1 of 2`."""
    for number, cause in enumerate(causes, start=1):
        yield "Cause" if len(causes) == 1 else f"Cause {number} of {len(causes)}", cause


def verdicts(reports: Iterable[CheckReport]) -> str:
    """How many targets have which verdict: `3 targets: 2 Healthy, 1 Unhealthy`."""
    found = Counter(report.verdict for report in reports)
    counts = ", ".join(f"{found[verdict]} {verdict}" for verdict in Verdict if found[verdict])
    return f"{found.total()} targets: {counts}" if found else "no target"
