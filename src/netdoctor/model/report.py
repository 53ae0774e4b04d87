"""What a check says in the end: the public document of `-o json`, as types.

Field names in camelCase, durations in seconds. `netdoctor schema` prints the JSON Schema of `CheckReport`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec

from netdoctor.model.refs import ObjectRef


class Verdict(StrEnum):
    """The answer in one word; `exit_code` is what scripts branch on."""

    HEALTHY = "Healthy"
    UNHEALTHY = "Unhealthy"
    UNDETERMINED = "Undetermined"
    NOT_TESTED = "NotTested"


class Certainty(StrEnum):
    """How sure: CERTAIN needs configuration and (when probes were sent) a probe that agrees."""

    CERTAIN = "Certain"
    LIKELY = "Likely"
    POSSIBLE = "Possible"


class Evidence(msgspec.Struct, frozen=True):
    """A probe (its id) or a field of an object (the object as id), and what it shows."""

    id: str
    text: str


class Effect(msgspec.Struct, frozen=True):
    """The flows that a fix opens and closes, computed by the policy engine."""

    opens: tuple[str, ...] = ()
    closes: tuple[str, ...] = ()


class Fix(msgspec.Struct, frozen=True, omit_defaults=True):
    """The smallest change that removes a cause."""

    title: str
    command: str = ""
    patch: dict[str, Any] | None = None
    effect: Effect | None = None


class Finding(msgspec.Struct, frozen=True, rename="camel"):
    """One root cause, or one warning. `would_change` is what, if it were seen, would speak against it."""

    code: str
    title: str
    certainty: Certainty
    objects: tuple[ObjectRef, ...]
    explanation: str
    evidence: tuple[Evidence, ...]
    fixes: tuple[Fix, ...] = ()
    would_change: str = ""


class Contrast(msgspec.Struct, frozen=True):
    """Two probes (ids) that differ in one factor, of which one passed and the other failed."""

    factor: str
    text: str
    passed: str
    failed: str


class RuledOut(msgspec.Struct, frozen=True):
    """A cause that was considered, and what speaks against it."""

    code: str
    because: str


class Untested(msgspec.Struct, frozen=True):
    """What could not be tested, and why."""

    what: str
    because: str


class ProbeResult(msgspec.Struct, frozen=True, rename="camel"):
    """One probe: `from` is the probe pod's position, `to` what was asked."""

    id: str
    kind: str
    from_: str = msgspec.field(name="from")
    to: str
    outcome: str
    answered_by: str | None
    seconds: float
    detail: dict[str, Any]


class Hop(msgspec.Struct, frozen=True, rename="camel"):
    """One step of the expected way, and what was seen there."""

    name: str
    expected: str
    seen: str
    ok: bool | None


class CheckReport(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """The whole report of one target. `unexplained` are the failed probes that no cause accounts for."""

    api_version: str = "netdoctor.dev/v1"
    kind: str = "CheckReport"
    verdict: Verdict
    target: ObjectRef
    source: ObjectRef
    summary: str
    causes: tuple[Finding, ...] = ()
    warnings: tuple[Finding, ...] = ()
    unexplained: tuple[Evidence, ...] = ()
    hops: tuple[Hop, ...] = ()
    contrasts: tuple[Contrast, ...] = ()
    ruled_out: tuple[RuledOut, ...] = ()
    not_tested: tuple[Untested, ...] = ()
    probes: tuple[ProbeResult, ...] = ()

    @property
    def exit_code(self) -> int:
        """0 healthy, 1 fault found, 3 could not tell, 4 nothing broken but tested only in part."""
        if self.verdict is Verdict.HEALTHY:
            return 4 if self.not_tested else 0
        return 1 if self.verdict is Verdict.UNHEALTHY else 3
