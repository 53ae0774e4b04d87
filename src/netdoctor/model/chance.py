"""What a count tells where chance is involved: a rate and its bounds, how many tries are enough, how odd a skew is.

Exact for every sample, be it small or without a single failure; no approximation by the normal distribution, which
for 0 of 40 would claim a bound of 0 %.

References: Clopper and Pearson 1934 (bounds); Wald 1945 (sequential test).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

CONFIDENCE = 0.95
SAMPLES = 10  # tries of what chance may decide, unless asked for more
MOST_SAMPLES = 200
_HALVINGS = 60  # of an interval of length 1: more than a float tells apart


@dataclass(frozen=True, slots=True)
class Rate:
    """`count` of `of` tries, and what rates that is compatible with.

    Raises ValueError unless 0 <= count <= of and of > 0.
    """

    count: int
    of: int

    def __post_init__(self) -> None:
        if not (0 <= self.count <= self.of and self.of > 0):
            raise ValueError(f"{self.count} of {self.of} is no rate")

    @property
    def share(self) -> float:
        """The rate seen, from 0 to 1."""
        return self.count / self.of

    def bounds(self, confidence: float = CONFIDENCE) -> tuple[float, float]:
        """The least and the greatest true rate, from 0 to 1, that are compatible with what was seen.

        Clopper and Pearson's interval: it holds the true rate in at least `confidence` of all cases. What lies beyond
        each bound has a chance of (1 - confidence) / 2 to show so many, or so few.
        """
        alpha = (1 - confidence) / 2
        low = _where(lambda rate: at_least(self.count, self.of, rate) >= alpha) if self.count else 0.0
        high = _where(lambda rate: _at_most(self.count, self.of, rate) < alpha) if self.count < self.of else 1.0
        return low, high

    def said(self, what: str, confidence: float = CONFIDENCE) -> str:
        """`3 of 40 connections timed out (7.5 %, 95 % bound 1.6-20.4 %)`; `what` stands behind the numbers."""
        low, high = self.bounds(confidence)
        bound = f"{percent(confidence)} bound {100 * low:.1f}-{100 * high:.1f} %"
        return f"{self.count} of {self.of} {what} ({percent(self.share)}, {bound})"


def percent(share: float) -> str:
    """A share from 0 to 1 as `7.5 %`, with one decimal where it is not a whole number."""
    return f"{100 * share:.1f}".removesuffix(".0") + " %"


def at_least(count: int, of: int, rate: float) -> float:
    """The chance of `count` or more in `of` independent tries, each of which happens with `rate`."""
    if count <= of * rate:
        return 1 - _sum(0, count - 1, of, rate)
    return _sum(count, of, of, rate)


def _at_most(count: int, of: int, rate: float) -> float:
    return at_least(of - count, of, 1 - rate)


def _sum(first: int, last: int, of: int, rate: float) -> float:
    """The chance of anything from `first` to `last`. By logarithms: neither large nor tiny factors are lost."""
    if first > last:
        return 0.0
    if rate <= 0 or rate >= 1:
        return float(first <= (of if rate >= 1 else 0) <= last)
    hit, miss, all_ = math.log(rate), math.log1p(-rate), math.lgamma(of + 1)
    chances = (
        math.exp(all_ - math.lgamma(k + 1) - math.lgamma(of - k + 1) + k * hit + (of - k) * miss)
        for k in range(first, last + 1)
    )
    return min(1.0, math.fsum(chances))


def _where(holds: Callable[[float], bool]) -> float:
    """The rate from which on a property holds that no rate below and every rate above has."""
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return (low + high) / 2


def tries_to_see(rate: float, confidence: float = CONFIDENCE) -> int:
    """How many tries show what happens with `rate` (over 0) at least once, with that confidence.

    As many that all pass therefore rule out that rate, and any greater one, with the same confidence.
    """
    return 1 if rate >= 1 else math.ceil(math.log1p(-confidence) / math.log1p(-rate))


@dataclass(frozen=True, slots=True)
class SequentialTest:
    """Wald's test, which after every try tells whether it is the `tolerable` rate, the `faulty` one, or too early.

    The chance to call a tolerable rate faulty, and the other way round, is about `error` at most, however often it is
    asked on the way: so one may stop as soon as it has decided. Raises ValueError unless
    0 < tolerable < faulty < 1 and 0 < error < 0.5.
    """

    tolerable: float
    faulty: float
    error: float = 1 - CONFIDENCE

    def __post_init__(self) -> None:
        if not (0 < self.tolerable < self.faulty < 1 and 0 < self.error < 0.5):
            raise ValueError(f"{self} cannot decide")

    def is_fault(self, rate: Rate) -> bool | None:
        """True for a fault, False for none, None while the tries do not tell."""
        passed = rate.of - rate.count
        odds = rate.count * math.log(self.faulty / self.tolerable)
        odds += passed * math.log((1 - self.faulty) / (1 - self.tolerable))
        enough = math.log((1 - self.error) / self.error)
        return odds > 0 if abs(odds) >= enough else None


def chance_of_skew(counts: Sequence[int]) -> float:
    """How likely some one of N endpoints gets as many as the one that got most, if each try picks any of them alike.

    Exact, from all ways to spread the tries in which no endpoint gets so many. `counts` has one number for each
    endpoint, those that got nothing too.
    """
    tries, most = sum(counts), max(counts, default=0)
    if not most:
        return 1.0
    below = [1.0] + [0.0] * tries  # by number of tries: the chance that no endpoint of those so far has `most`
    for endpoints in range(1, len(counts) + 1):
        below = [_none_has(most, among, endpoints, below) for among in range(tries + 1)]
    return min(1.0, max(0.0, 1 - below[tries]))


def _none_has(most: int, tries: int, endpoints: int, below: Sequence[float]) -> float:
    """The last of the endpoints has less than `most`, and none of those before it has so many of the rest."""
    return math.fsum(
        _sum(own, own, tries, 1 / endpoints) * below[tries - own] for own in range(min(most - 1, tries) + 1)
    )
