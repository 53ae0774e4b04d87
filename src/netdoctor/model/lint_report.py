"""What `lint` says: the public document of its `-o json`, as types."""

from __future__ import annotations

import msgspec

from netdoctor.model.refs import ObjectRef


class LintFinding(msgspec.Struct, frozen=True, omit_defaults=True):
    """One fault. `object` with its path is what it is about; none where it is all policies together."""

    query: str
    because: str
    object: ObjectRef | None = None
    at: str = ""  # FILE:LINE of the object
    fix: str = ""  # the smallest change, in words
    others: tuple[ObjectRef, ...] = ()


class LintGap(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a query cannot answer."""

    query: str
    because: str
    object: ObjectRef | None = None
    at: str = ""


class LintReport(msgspec.Struct, frozen=True, rename="camel", kw_only=True, tag_field="kind", tag="PolicyLint"):
    """`policies` counts those that were asked about."""

    api_version: str = "netdoctor.dev/v1"
    cni: str
    queries: tuple[str, ...]
    policies: int
    findings: tuple[LintFinding, ...] = ()
    not_judged: tuple[LintGap, ...] = ()

    @property
    def exit_code(self) -> int:
        """0 nothing found, 1 found, 4 nothing found so far as it can be known."""
        return 1 if self.findings else 4 if self.not_judged else 0
