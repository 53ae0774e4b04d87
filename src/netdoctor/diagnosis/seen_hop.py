"""One step of the expected way, with what probes saw there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from netdoctor.diagnosis.case import Reach, Seen, reach
from netdoctor.model.report import Hop

_OK = {Reach.ALL: True, Reach.SOME: False, Reach.NONE: False, Reach.UNTESTED: None}


def seen_hop(name: str, expected: str, seen: Sequence[Seen]) -> Hop:
    """A step, summed up from probes that differ in nothing that matters."""
    return Hop(name, expected, _tally(seen), _OK[reach(seen)])


def _tally(seen: Sequence[Seen]) -> str:
    if not seen:
        return "not probed"
    counts = Counter(str(s.outcome) for s in seen)
    return ", ".join(f"{count}x {outcome}" if count > 1 else outcome for outcome, count in counts.most_common())
