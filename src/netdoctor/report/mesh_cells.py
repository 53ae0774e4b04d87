"""A mesh as tables of cells, from node to node, for every format that shows it to a person. Untrusted text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from netdoctor.model.chance import percent
from netdoctor.model.mesh_report import MeshPair, MeshReport

MOST_NODES = 24  # in a table from node to node; of more, what is not as it should be is listed
_MOST_LISTED = 40
HEADS = ("NETWORK", "FROM", "TO", "RESULT", "LOST", "P50", "P95", "P99", "MTU", "SEEN AS")
_HEADINGS = {"pod": "From pod to pod", "node": "From node to node", "nodeToPod": "From a node to its own pod"}


@dataclass(frozen=True, slots=True)
class Cell:
    """`ok` is None where nothing was tried."""

    ok: bool | None
    text: str


@dataclass(frozen=True, slots=True)
class Grid:
    """All pairs of one network: a row for each sender, a column for each receiver; None where no pair was due."""

    heading: str
    nodes: tuple[str, ...]
    rows: tuple[tuple[Cell | None, ...], ...]


def nodes(report: MeshReport) -> str:
    """How many they are: `1 node`, `3 nodes`."""
    return "1 node" if len(report.nodes) == 1 else f"{len(report.nodes)} nodes"


def grids(report: MeshReport) -> Iterator[Grid]:
    """The tables from node to node."""
    by_ends = {(pair.network, pair.from_, pair.to): pair for pair in report.pairs}
    for network in ("pod", "node"):
        if not any(pair.network == network for pair in report.pairs):
            continue
        rows = []
        for source in report.nodes:
            pairs = (by_ends.get((network, source, to)) for to in report.nodes)
            rows.append(tuple(cell(pair) if pair else None for pair in pairs))
        yield Grid(_HEADINGS[network], report.nodes, tuple(rows))


def cell(pair: MeshPair) -> Cell:
    """One pair in a word or two."""
    if not pair.tried:
        return Cell(None, "not tested")
    if not pair.ok:
        return Cell(False, pair.outcome)
    wrong = [f"{percent(pair.lost / pair.sent)} lost"] if pair.lost else []
    wrong += [f"TCP {pair.tcp}"] if pair.stalls else []
    wrong += [f"MTU {pair.mtu or '?'}"] if pair.black_hole else []
    wrong += [f"seen as {pair.seen_as}"] if pair.seen_as else []
    return Cell(not wrong, ", ".join(wrong) or (milliseconds(pair.delay.p50) if pair.delay else "ok"))


@dataclass(frozen=True, slots=True)
class Listed:
    """Pairs that are not as they should be, under `HEADS`, and in words how many more there are; empty if none are."""

    rows: tuple[tuple[str, ...], ...]
    more: str


def wrong(report: MeshReport) -> Listed:
    """What is listed where there are too many nodes for a table from node to node; nothing where there are not."""
    pairs = [pair for pair in report.pairs if pair.tried and not pair.sound]
    if len(report.nodes) <= MOST_NODES:
        return Listed((), "")
    return Listed(tuple(map(row, pairs[:_MOST_LISTED])), _more(len(pairs)))


def unexplained(report: MeshReport) -> Iterator[tuple[str, str]]:
    """The failed pairs that no cause accounts for: id and words."""
    yield from ((item.id, item.text) for item in report.unexplained[:_MOST_LISTED])
    if more := _more(len(report.unexplained)):
        yield "and", more


def _more(count: int) -> str:
    return f"{count - _MOST_LISTED} more: -o json tells of all" if count > _MOST_LISTED else ""


def row(pair: MeshPair) -> tuple[str, ...]:
    """One pair with all its numbers, under `HEADS`."""
    delay = pair.delay
    times = [milliseconds(at) for at in (delay.p50, delay.p95, delay.p99)] if delay else ["-"] * 3
    lost = f"{pair.sent - pair.received}/{pair.sent}" if pair.sent else "-"
    hole = f"{pair.mtu or '?'} of {pair.believed_mtu}" if pair.black_hole else str(pair.mtu or "-")
    said = pair.outcome + (f" ({pair.because})" if pair.because else "")
    return (_HEADINGS[pair.network].lower(), pair.from_, pair.to, said, lost, *times, hole, pair.seen_as or "-")


def milliseconds(seconds: float) -> str:
    """`0.31 ms`, `12 ms`."""
    return f"{seconds * 1000:.2f} ms" if seconds < 0.01 else f"{seconds * 1000:.0f} ms"


def facts(report: MeshReport) -> Iterator[tuple[str, str]]:
    """What was done, and how sure that is."""
    coverage = report.coverage
    tried = [pair for pair in report.pairs if pair.tried]
    samples = sorted({pair.sent for pair in tried if pair.sent})
    if coverage.possible:
        yield (
            "Pairs",
            f"{coverage.tested} of {coverage.possible} ordered pairs of nodes, between pods and between nodes",
        )
    for text in coverage.guarantees:
        yield "Found", text
    if samples and (bound := _bound(tried)):
        yield "Loss", f"{samples[-1]} datagrams for each pair: where none was lost, at most {bound} are, at 95 %"
    yield from _delays(tried)


def _bound(pairs: Sequence[MeshPair]) -> str:
    """What remains possible where no datagram was lost."""
    bounds = [pair.loss_bounds[1] for pair in pairs if pair.loss_bounds and pair.received == pair.sent]
    return percent(max(bounds)) if bounds else ""


def _delays(pairs: Sequence[MeshPair]) -> Iterator[tuple[str, str]]:
    for network, heading in _HEADINGS.items():
        between = [p.delay for p in pairs if p.network == network and p.delay and (p.from_ != p.to or network != "pod")]
        if between:
            middle = sorted(delay.p50 for delay in between)[(len(between) - 1) // 2]
            worst = max(delay.p99 for delay in between)
            text = f"p50 {milliseconds(middle)} in half of {len(between)} pairs, p99 at most {milliseconds(worst)}"
            yield heading, f"{text} ({max(delay.samples for delay in between)} round trips each)"
