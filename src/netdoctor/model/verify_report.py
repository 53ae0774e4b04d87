"""What `verify` says: the public document of its `-o json`, as types."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum

import msgspec

from netdoctor.model.flow_report import FlowReport
from netdoctor.model.report import Untested


class Result(StrEnum):
    """What came of one expected flow."""

    AS_EXPECTED = "asExpected"
    MISMATCH = "mismatch"
    NOT_TESTED = "notTested"


class Packet(msgspec.Struct, frozen=True, rename="camel"):
    """One probe: `from` in words, `to` as HOST:PORT/PROTOCOL, the outcome as in a CheckReport.

    `passed` is whether the packet arrived, which a refusal proves; null where the outcome proves nothing.
    """

    from_: str = msgspec.field(name="from")
    to: str
    outcome: str
    passed: bool | None


class VerifiedFlow(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """An expected flow, what policies say, what packets did.

    Attributes:
        name: as the file calls it, else by its ends.
        at: FILE:LINE; empty where no file has it.
        expected: `allow` or `deny`.
        policies: `allowed`, `denied`, `mixed` where it stands for flows of both sorts, `unknown`.
        packets: `passed`, `stopped`, `mixed`, `unknown`; null where none was to be sent.
        agreement: whether packets did what policies say; null where one of them is not known.
        code: of the cause, where it is one of those that `netdoctor causes` lists.
        text: what came of it, in words.
        because: why it is expected, as the file says.
        verdicts: of the flows that are not as expected, or not known; a few.
    """

    name: str
    at: str = ""
    from_: str = msgspec.field(name="from")
    to: str
    expected: str
    result: Result
    policies: str
    packets: str | None = None
    agreement: bool | None = None
    code: str = ""
    text: str = ""
    because: str = ""
    verdicts: tuple[FlowReport, ...] = ()
    probes: tuple[Packet, ...] = ()


class VerifyReport(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """All expected flows, in the order of the files."""

    api_version: str = "netdoctor.dev/v1"
    kind: str = "VerifyReport"
    cni: str
    probed: bool
    flows: tuple[VerifiedFlow, ...]
    not_tested: tuple[Untested, ...] = ()

    def counted(self, result: Result) -> int:
        """How many flows came to it."""
        return Counter(flow.result for flow in self.flows)[result]

    @property
    def exit_code(self) -> int:
        """1 a mismatch, 3 nothing tested, 4 something not tested, 0 all as expected."""
        results = {flow.result for flow in self.flows}
        if Result.MISMATCH in results:
            return 1
        if results == {Result.NOT_TESTED}:
            return 3
        return 4 if Result.NOT_TESTED in results or self.not_tested else 0
