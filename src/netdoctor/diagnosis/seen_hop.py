"""One step of the expected way, with what probes saw there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from netdoctor.diagnosis.case import Reach, Seen, reach
from netdoctor.diagnosis.samples import failures, together
from netdoctor.model.report import Hop
from netdoctor.probing.aims import SAMPLES

_OK = {Reach.ALL: True, Reach.SOME: False, Reach.NONE: False, Reach.UNTESTED: None}


def seen_hop(name: str, expected: str, seen: Sequence[Seen]) -> Hop:
    """A step, summed up from probes that differ in nothing that matters."""
    return Hop(name, expected, _tally(seen), _OK[reach(seen)])


def _tally(seen: Sequence[Seen]) -> str:
    if not seen:
        return "not probed"
    rates = [rate for s in seen if (rate := failures(s.observed))]
    counts = Counter(str(s.outcome) for s in seen if s.aimed.aim not in SAMPLES)
    told = [f"{count}x {outcome}" if count > 1 else outcome for outcome, count in counts.most_common()]
    rate = together(rates)
    return ", ".join([*told, *([rate.said("repeated tries got no answer")] if rate and rate.count else [])])
