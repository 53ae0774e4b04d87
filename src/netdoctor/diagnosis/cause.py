"""What a cause is: one class that knows one root cause.

`examine` looks at a case and returns a `Found`, a `RuledOut` (with what speaks against the cause), or None where
the cause does not apply at all. The class docstring is the cause's documentation: `netdoctor explain CODE` and
docs/causes print it, so it has the sections *What it means / Why it breaks / How it is seen / Trap / Fix /
References*.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import ClassVar

import msgspec

from netdoctor.diagnosis.case import Case, Seen
from netdoctor.diagnosis.samples import said
from netdoctor.model.report import Certainty, Evidence, Finding, RuledOut

__all__ = ["Cause", "Certainty", "Found", "RuledOut", "certainty", "ids", "probe_evidence"]


@dataclass(frozen=True, slots=True)
class Found:
    """A finding, and the failed probes that follow from it.

    `proven` means that the configuration alone shows that the flow cannot work, whatever else is repaired: such a
    cause is always named. Otherwise it was inferred from probes, and is named only for what nothing else explains.
    """

    finding: Finding
    explains: frozenset[str] = frozenset()
    proven: bool = True
    warning: bool = False


class Cause(ABC):
    """One root cause."""

    code: ClassVar[str]
    title: ClassVar[str]
    would_change: ClassVar[str] = ""  # what, if it were seen, would speak against it: a noun phrase
    shown_by_answers: ClassVar[bool] = False  # it lets pass what should not: probes that got through tell
    tier: ClassVar[int] = 1
    yields_to: ClassVar[tuple[str, ...]] = ()  # codes of which this one is then only a symptom

    @abstractmethod
    def examine(self, case: Case) -> Found | RuledOut | None:
        """Look at a case: found, ruled out (and by what), or not applicable."""

    def told(self, case: Case, found: Found) -> Found:
        """What was found, with what would change it; CERTAIN only where a probe tells it from its absence.

        Such a probe is among the evidence, and would have ended otherwise without the cause: mostly, it failed. What is
        silent on UDP may be so without any cause.
        """
        shown = {evidence.id for evidence in found.finding.evidence}
        telling = any(s.id in shown and _tells(s, by_answers=self.shown_by_answers) for s in case.seen)
        sure = found.finding.certainty
        if sure is Certainty.CERTAIN and case.probed and not telling and not found.warning:
            sure = Certainty.LIKELY
        finding = msgspec.structs.replace(found.finding, would_change=self.would_change, certainty=sure)
        return replace(found, finding=finding)

    def ruled_out(self, because: str) -> RuledOut:
        """This cause was considered, and `because` speaks against it."""
        return RuledOut(self.code, because)


def _tells(seen: Seen, *, by_answers: bool) -> bool:
    return seen.tried and not seen.inconclusive and (by_answers or not seen.ok)


def certainty(agreeing: Iterable[Seen], *, configured: bool = True) -> Certainty:
    """CERTAIN where configuration proves it and a probe agrees; LIKELY with one of the two.

    Without probes, configuration alone is LIKELY: what the objects say was not seen to happen.
    """
    seen = next(iter(agreeing), None) is not None
    if configured and seen:
        return Certainty.CERTAIN
    return Certainty.LIKELY if configured or seen else Certainty.POSSIBLE


def ids(seen: Iterable[Seen]) -> frozenset[str]:
    """The probes' ids, for `Found.explains`."""
    return frozenset(s.id for s in seen)


def probe_evidence(seen: Iterable[Seen], limit: int = 3) -> tuple[Evidence, ...]:
    """At most `limit` probes as evidence, in words."""
    return tuple(Evidence(s.id, describe(s)) for s in list(seen)[:limit])


def describe(seen: Seen) -> str:
    """One observation in words: from where, what was asked, what came back, and from whom."""
    probe, observation = seen.observed.probe, seen.observed.observation
    if probe.kind in ("dns", "lookup", "pair"):
        asked = (
            f"{probe.name} asked of {probe.server} over {probe.transport}"
            if probe.server
            else f"lookup of {probe.name}"
        )
    elif seen.aimed.ask is not None:
        asked = f"{probe.kind.upper()} {probe.name}{probe.path} asked of {probe.host} port {probe.port}"
    else:
        asked = f"{probe.kind.upper()} {probe.host or probe.name} port {probe.port}"
        asked += f" as {probe.name}" if probe.host and probe.name else ""
    answer = f", answered by {observation.answered_by}" if observation.answered_by else ""
    answer += f" ({observation.detail['meaning']})" if observation.detail.get("meaning") else ""
    answer += f" ({', '.join(observation.detail['problems'])})" if observation.detail.get("problems") else ""
    answer += f", status {seen.status}" if probe.kind in ("http", "https") and seen.status else ""
    where = f" on {seen.observed.node}" if seen.observed.node else ""
    port = f" and source port {probe.source_port}" if probe.source_port else ""
    came = said(seen.observed) or f"{observation.outcome}{answer}"
    return f"{asked} from {seen.observed.position.id}{where}{port}: {came}"
