"""`matrix -o table` and `wide`: a block for each destination, in as few words as possible."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache

from netdoctor.policy.entities import Answer, Row
from netdoctor.report.matrix import Selected
from netdoctor.report.naming import Names
from netdoctor.report.untrusted import printable

_WORDS = {Answer.ALLOWED: "", Answer.PARTLY: " (some pods only)", Answer.UNKNOWN: " (cannot be known)"}
_MOST_NAMES = 30  # of one set of sources; wide shows all
_ALIKE = 64  # blocks: many destinations have the same sources, and to wrap their names takes longest
Reasons = Callable[[int, Row], Iterable[tuple[str, int]]]  # why a row of a destination is denied, for which sources


def as_table(selected: Selected, width: int, reasons: Reasons | None = None) -> Iterator[str]:
    """Each destination with its ports and who may send to them; with `reasons` everybody, and why others may not."""
    names = Names(selected.view.entities, selected.sources)
    for destination in selected.destinations:
        yield f"{printable(selected.name(destination))}\n"
        rows = list(selected.rows(destination))
        # A single pod is not its own source, which is nothing to tell.
        own = 1 << destination & selected.sources if selected.view.entities[destination].single else 0
        allowed = [row for row in rows if row.answer is not Answer.DENIED]
        for row in allowed:
            ports = selected.ports_text(row.ports) + _WORDS[row.answer]
            told = names.told(row.sources, own)
            yield _block(f"{ports:<11} from", told if reasons else _first(told), width)
        if not allowed:
            yield "  nothing may reach it\n"
        for row in rows if reasons else ():
            if row.answer is Answer.DENIED and reasons:
                ports = selected.ports_text(row.ports)
                for because, sources in reasons(destination, row):
                    yield _block(f"{ports} denied from", names.told(sources, own), width, because)


def _first(told: tuple[str, ...]) -> tuple[str, ...]:
    """As many names as somebody may want to read."""
    left = len(told) - _MOST_NAMES
    return (*told[:_MOST_NAMES], f"and {left} more (-o wide)") if left > 0 else told


@lru_cache(maxsize=_ALIKE)
def _block(label: str, told: tuple[str, ...], width: int, because: str = "") -> str:
    """`label a, b, c`, wrapped between names."""
    words = ", ".join(map(printable, told)).split()
    if because:
        words[-1] += ":"
        words += printable(because).split()
    lines, line = [], f"  {label}"
    for word in words:
        if len(line) + 1 + len(word) > width and line.strip():
            lines.append(line)
            line = " " * 5
        line = f"{line} {word}"
    return "\n".join((*lines, line, ""))
