"""What `mesh -o json` prints, as types. Durations are in seconds, sizes in bytes."""

from __future__ import annotations

import msgspec

from netdoctor.model.report import Evidence, Finding, Untested, Verdict


class Delay(msgspec.Struct, frozen=True):
    """Round trips of small datagrams: percentiles by nearest rank of `samples` answers."""

    samples: int
    p50: float
    p95: float
    p99: float


class MeshPair(msgspec.Struct, frozen=True, rename="camel", kw_only=True, omit_defaults=True):
    """One direction between two nodes.

    Attributes:
        from_: the node that sent.
        to: the node that was to answer; the same one for two pods of a node, or a node and its own pod.
        network: ``pod`` (from pod to pod), ``node`` (from node to node), ``nodeToPod`` (from a node to its own pod).
        outcome: ok where anything was answered; else one of the outcomes of probes.
        tcp: what came of a connection.
        sent: datagrams; 0 where none could be counted.
        received: answers.
        loss_bounds: the least and the greatest rate of loss (0 to 1) that is compatible with it, at 95 %; null
            without datagrams.
        delay: null where nothing was answered.
        mtu: bytes of the largest packet that arrives in one piece; null if not known.
        believed_mtu: bytes that the sender believed to fit.
        black_hole: larger packets are lost, and nothing tells the sender.
        seen_as: the source address that the other end saw, where it is another than the pod's own.
        answered_by: who rejected it.
        because: of the rejection, or why it was not tried.
    """

    from_: str = msgspec.field(name="from")
    to: str
    network: str
    outcome: str
    tcp: str = ""
    sent: int = 0
    received: int = 0
    loss_bounds: tuple[float, float] | None = None
    delay: Delay | None = None
    mtu: int | None = None
    believed_mtu: int | None = None
    black_hole: bool = False
    seen_as: str | None = None
    answered_by: str | None = None
    because: str = ""

    @property
    def id(self) -> str:
        """As evidence names it."""
        return f"{self.network}:{self.from_}>{self.to}"

    @property
    def ok(self) -> bool:
        """Whether anything was answered."""
        return self.outcome == "ok"

    @property
    def tried(self) -> bool:
        """Whether it was tested at all."""
        return self.outcome not in {"skipped", "error"}

    @property
    def stalls(self) -> bool:
        """Whether datagrams pass between the two, and no TCP connection does."""
        return self.ok and self.received > 0 and self.network != "node" and self.tcp not in {"", "ok"}

    @property
    def only_tcp(self) -> bool:
        """Whether a TCP connection passes between the two, and no datagram does."""
        return not self.ok and self.tcp == "ok"

    @property
    def sound(self) -> bool:
        """Whether it was answered, and nothing is wrong with it."""
        return self.ok and not (self.black_hole or self.seen_as or self.lost or self.stalls)

    @property
    def lost(self) -> int:
        """Datagrams without an answer, where others were answered."""
        return self.sent - self.received if self.received else 0


class Coverage(msgspec.Struct, frozen=True, rename="camel"):
    """How much of all was tested: ordered pairs of different nodes, and what that is sure to find."""

    nodes: int
    tested: int
    possible: int
    guarantees: tuple[str, ...] = ()


class MeshReport(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """The whole mesh. `unexplained` are the failed pairs that no cause accounts for."""

    api_version: str = "netdoctor.dev/v1"
    kind: str = "MeshReport"
    verdict: Verdict
    summary: str
    cni: str
    namespace: str
    nodes: tuple[str, ...]
    coverage: Coverage
    causes: tuple[Finding, ...] = ()
    unexplained: tuple[Evidence, ...] = ()
    not_tested: tuple[Untested, ...] = ()
    pairs: tuple[MeshPair, ...] = ()

    @property
    def exit_code(self) -> int:
        """0 healthy, 1 fault found, 3 could not tell, 4 nothing broken but tested only in part."""
        if self.verdict is Verdict.HEALTHY:
            return 4 if self.not_tested else 0
        return 1 if self.verdict is Verdict.UNHEALTHY else 3
