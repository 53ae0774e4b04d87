"""Runs many probe pods, a few at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from netdoctor.model.probe import NotTested, Observed, ProbePod
from netdoctor.probing.prober import Prober

SIDE_BY_SIDE = 12  # probe pods at once: each needs little, but a node has room for so many


@dataclass(frozen=True, slots=True)
class ManyRan:
    """What came back from all. `missing` says of each probe that is not among `observed` why."""

    observed: tuple[Observed, ...]
    missing: Mapping[str, str]
    not_tested: tuple[NotTested, ...]
    warnings: tuple[str, ...]
    notes: tuple[str, ...]


def probe_all(prober: Prober, pods: Sequence[ProbePod], progress: Callable[[str], None]) -> ManyRan:
    """Run all pods. Raises as `Prober.run` does."""
    parts = [pods[start : start + SIDE_BY_SIDE] for start in range(0, len(pods), SIDE_BY_SIDE)]
    runs = [(part, prober.run(part, progress)) for part in parts]
    observed = tuple(seen for _, run in runs for seen in run.observed)
    missing: dict[str, str] = {}
    for part, run in runs:
        because = "; ".join(dict.fromkeys(f"{one.what}: {one.because}" for one in run.not_tested))
        seen = {one.id for one in run.observed}
        missing |= {probe.id: because for pod in part for probe in pod.probes if probe.id not in seen}
    return ManyRan(
        observed,
        missing,
        tuple(dict.fromkeys(one for _, run in runs for one in run.not_tested)),
        tuple(dict.fromkeys(text for _, run in runs for text in run.warnings)),
        tuple(dict.fromkeys(text for _, run in runs for text in run.notes)),
    )
