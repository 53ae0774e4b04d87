"""What `trace -o json` prints, as types."""

from __future__ import annotations

import msgspec

from netdoctor.model.refs import ObjectRef
from netdoctor.model.report import Hop, Untested, Verdict


class Leg(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """The way to one address.

    Attributes:
        from_: where it begins: a pod or a node, and on which node.
        to: the address and port, and whose it is.
        outcome: what became of what was sent there, as of a probe.
        fails_at: the first hop that fails; empty where none does, or where that was not seen.
        hops: in their order; `ok` is null where nothing was seen.
    """

    from_: str = msgspec.field(name="from")
    to: str
    outcome: str
    fails_at: str = ""
    hops: tuple[Hop, ...] = ()

    @property
    def reached(self) -> bool:
        """Whether its end answered."""
        return self.outcome == "ok"


class TraceReport(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """All ways from a source to a target, by every port of it."""

    api_version: str = "netdoctor.dev/v1"
    kind: str = "TraceReport"
    verdict: Verdict
    source: ObjectRef
    target: ObjectRef
    summary: str
    legs: tuple[Leg, ...] = ()
    not_tested: tuple[Untested, ...] = ()

    @property
    def exit_code(self) -> int:
        """0 every end answers, 1 a way fails, 3 could not be told, 4 answers as far as it could be tested."""
        if self.verdict is Verdict.HEALTHY:
            return 4 if self.not_tested else 0
        return 1 if self.verdict is Verdict.UNHEALTHY else 3
