"""`matrix -o table` and `wide`: a block for each destination, in as few words as possible."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache

from netdoctor.policy.entities import Answer, Row
from netdoctor.report.matrix import Selected
from netdoctor.report.naming import Names
from netdoctor.report.untrusted import printable

_WORDS = {Answer.ALLOWED: "", Answer.PARTLY: " (some pods only)", Answer.UNKNOWN: " (cannot be known)"}
_ALIKE = 64  # blocks: many destinations have the same sources, and to wrap their names takes longest
Reasons = Callable[[int, Row], Iterable[tuple[str, int]]]  # why a row of a destination is denied, for which sources


def as_table(selected: Selected, width: int, reasons: Reasons | None = None) -> Iterator[str]:
    """Each destination with its ports and who may send to them; with `reasons`, also who may not, and why."""
    names = Names(selected.view.entities, selected.sources)
    for destination in selected.destinations:
        yield f"{printable(selected.name(destination))}\n"
        rows = list(selected.rows(destination))
        # A single pod is not its own source, which is nothing to tell.
        own = 1 << destination & selected.sources if selected.view.entities[destination].single else 0
        allowed = [row for row in rows if row.answer is not Answer.DENIED]
        for row in allowed:
            ports = selected.ports_text(row.ports) + _WORDS[row.answer]
            yield _block(f"{ports:<11} from", names.told(row.sources, own), width)
        if not allowed:
            yield "  nothing may reach it\n"
        for row in rows if reasons else ():
            if row.answer is Answer.DENIED and reasons:
                ports = selected.ports_text(row.ports)
                for because, sources in reasons(destination, row):
                    yield _block(f"{ports} denied from", names.told(sources, own), width, because)


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
