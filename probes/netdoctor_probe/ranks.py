"""Percentiles of what was measured."""

from __future__ import annotations

from collections.abc import Iterable


def percentile(values: Iterable[float], percent: int) -> float:
    """The smallest value that is not exceeded by so many percent of them (nearest rank); of 0 percent the least."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]
