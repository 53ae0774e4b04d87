"""From what each cause found to the root causes: the smallest set that explains every failed probe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from netdoctor.diagnosis.cause import Cause, Found
from netdoctor.model.report import Certainty

_BEST_FIRST = (Certainty.CERTAIN, Certainty.LIKELY, Certainty.POSSIBLE)


@dataclass(frozen=True, slots=True)
class Ranked:
    """Root causes, the best first; `symptoms` maps each dropped code to the code it follows from."""

    roots: tuple[Found, ...]
    symptoms: Mapping[str, str]
    unexplained: frozenset[str]


def rank(found: Sequence[tuple[Cause, Found]], failed: frozenset[str]) -> Ranked:
    """Pick the root causes among `found` for the failed probes (ids).

    A cause is only a symptom where one that it yields to was found and explains all that it explains. What is no more
    than possible does not replace what is surer: a reader gets both, what is known first.
    What configuration proves stays: it would break the flow again after every other repair. What was inferred
    from probes stays only while it explains a failed probe that nothing before it explains.
    """
    symptoms = _symptoms(found)
    candidates = [item for item in found if item[0].code not in symptoms]
    ordered = sorted(
        candidates, key=lambda item: (not item[1].proven, _certainty_order(item[1]), -_weight(item[1], failed))
    )
    roots: list[Found] = []
    explained: set[str] = set()
    for cause, item in ordered:
        fresh = (item.explains & failed) - explained
        if not item.proven and not fresh:
            if roots:
                symptoms[cause.code] = roots[0].finding.code
            continue
        roots.append(item)
        explained |= item.explains
    return Ranked(tuple(roots), symptoms, failed - explained)


def _symptoms(found: Sequence[tuple[Cause, Found]]) -> dict[str, str]:
    by_code = {cause.code: item for cause, item in found}
    symptoms = {}
    for cause, item in found:
        stronger = [code for code in cause.yields_to if code in by_code and not _only_possible(by_code[code], item)]
        explained = frozenset[str]().union(*(by_code[code].explains for code in stronger))
        if stronger and item.explains <= explained:
            symptoms[cause.code] = stronger[0]
    return symptoms


def _only_possible(stronger: Found, item: Found) -> bool:
    sure = stronger.finding.certainty
    return sure is Certainty.POSSIBLE and sure is not item.finding.certainty


def _certainty_order(item: Found) -> int:
    return _BEST_FIRST.index(item.finding.certainty)


def _weight(item: Found, failed: frozenset[str]) -> int:
    return len(item.explains & failed)
