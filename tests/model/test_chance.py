"""Bounds of rates, sample sizes and skews, against tables and against counting every possibility."""

from __future__ import annotations

from collections import Counter
from itertools import product
from math import comb

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from netdoctor.model.chance import Rate, SequentialTest, at_least, chance_of_skew, percent, tries_to_see

SAMPLES = st.integers(1, 200).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of)))


@pytest.mark.parametrize(
    ("count", "of", "low", "high"),
    [  # published tables of exact 95 % intervals
        (0, 10, 0.0, 0.3085),
        (1, 10, 0.0025, 0.4450),
        (5, 10, 0.1871, 0.8129),
        (10, 10, 0.6915, 1.0),
        (3, 40, 0.0157, 0.2039),
        (1, 1, 0.0250, 1.0),
    ],
)
def test_the_exact_interval(count: int, of: int, low: float, high: float) -> None:
    assert Rate(count, of).bounds() == pytest.approx((low, high), abs=5e-5)


def test_none_of_many_is_the_rule_of_three() -> None:
    low, high = Rate(0, 100).bounds(0.90)  # 95 % on the one side that there is
    assert low == 0.0
    assert high == pytest.approx(1 - 0.05 ** (1 / 100))


@given(SAMPLES)
def test_the_interval_holds_what_was_seen_and_mirrors_what_was_not(sample: tuple[int, int]) -> None:
    count, of = sample
    low, high = Rate(count, of).bounds()
    assert 0 <= low <= count / of <= high <= 1
    assert Rate(of - count, of).bounds() == pytest.approx((1 - high, 1 - low), abs=1e-9)


@given(SAMPLES, st.floats(0.5, 0.98), st.floats(0.5, 0.98))
def test_more_confidence_is_a_wider_interval(sample: tuple[int, int], one: float, other: float) -> None:
    narrow, wide = (Rate(*sample).bounds(c) for c in sorted((one, other)))
    assert wide[0] <= narrow[0] + 1e-12
    assert narrow[1] <= wide[1] + 1e-12


@given(st.integers(1, 40), st.floats(0.01, 0.99))
def test_the_interval_holds_the_true_rate_as_often_as_it_says(of: int, rate: float) -> None:
    """Each possible sample of a known rate, weighed by how likely it is."""
    held = 0.0
    for count in range(of + 1):
        low, high = Rate(count, of).bounds()
        if low <= rate <= high:
            held += comb(of, count) * rate**count * (1 - rate) ** (of - count)
    assert held >= 0.95 - 1e-9


@given(st.integers(2, 10), st.integers(1, 4), st.floats(0.05, 0.95))
def test_the_interval_holds_as_often_where_the_sample_stops_at_a_failure(most: int, enough: int, rate: float) -> None:
    """A probe stops at its n-th failure; the interval is none the worse for it."""
    held = 0.0
    for walk in product((True, False), repeat=most):
        chance = 1.0
        failed = tried = 0
        for fails in walk:
            chance *= rate if fails else 1 - rate
            if failed < enough:
                failed, tried = failed + fails, tried + 1
        low, high = Rate(failed, tried).bounds()
        held += chance * (low <= rate <= high)
    assert held >= 0.95 - 1e-9


@given(SAMPLES, st.floats(0.001, 0.999))
def test_the_chance_of_so_many(sample: tuple[int, int], rate: float) -> None:
    count, of = sample
    counted = sum(comb(of, k) * rate**k * (1 - rate) ** (of - k) for k in range(count, of + 1))
    assert at_least(count, of, rate) == pytest.approx(counted, rel=1e-6, abs=1e-12)


@pytest.mark.parametrize(("count", "of", "rate", "chance"), [(0, 9, 0.0, 1), (1, 9, 0.0, 0), (9, 9, 1.0, 1)])
def test_what_never_or_always_happens(count: int, of: int, rate: float, chance: float) -> None:
    assert at_least(count, of, rate) == chance


@pytest.mark.parametrize(("count", "of"), [(1, 0), (-1, 3), (4, 3)])
def test_what_is_no_rate(count: int, of: int) -> None:
    with pytest.raises(ValueError, match="is no rate"):
        Rate(count, of)


def test_a_rate_in_words() -> None:
    said = Rate(3, 40).said("connections timed out")
    assert said == "3 of 40 connections timed out (7.5 %, 95 % bound 1.6-20.4 %)"
    assert percent(0.5) == "50 %"


@pytest.mark.parametrize(("rate", "confidence", "tries"), [(0.05, 0.95, 59), (0.01, 0.99, 459), (0.5, 0.95, 5)])
def test_how_many_tries_show_a_fault(rate: float, confidence: float, tries: int) -> None:
    assert tries_to_see(rate, confidence) == tries
    assert 1 - (1 - rate) ** tries >= confidence > 1 - (1 - rate) ** (tries - 1)


def test_what_always_happens_is_seen_at_once() -> None:
    assert tries_to_see(1.0) == 1


def test_the_sequential_test_decides_both_ways_and_says_when_it_cannot() -> None:
    loss = SequentialTest(tolerable=0.001, faulty=0.05)
    assert loss.is_fault(Rate(0, 10)) is None
    assert loss.is_fault(Rate(0, 60)) is False
    assert loss.is_fault(Rate(1, 30)) is None
    assert loss.is_fault(Rate(3, 40)) is True


@given(st.floats(0.01, 0.2), st.floats(1.5, 4), st.integers(20, 80))
def test_the_sequential_test_seldom_errs(tolerable: float, times: float, most: int) -> None:
    """Every walk of a tolerable rate, weighed, stopped where the test decides: how many end as a fault?"""
    faulty = tolerable * times
    assume(faulty < 0.9)
    test = SequentialTest(tolerable, faulty, error=0.05)
    for rate, wrong in ((tolerable, True), (faulty, False)):
        undecided, erred = {0: 1.0}, 0.0
        for tries in range(1, most + 1):
            steps: Counter[int] = Counter()
            for count, chance in undecided.items():
                for after, part in ((count + 1, rate), (count, 1 - rate)):
                    said = test.is_fault(Rate(after, tries))
                    erred += chance * part * (said is wrong)
                    steps[after] += chance * part if said is None else 0.0  # type: ignore[assignment]
            undecided = {count: chance for count, chance in steps.items() if chance}
        assert erred <= 0.05 / 0.95


@pytest.mark.parametrize(("tolerable", "faulty", "error"), [(0, 0.1, 0.05), (0.2, 0.1, 0.05), (0.1, 0.2, 0.5)])
def test_a_test_that_cannot_decide(tolerable: float, faulty: float, error: float) -> None:
    with pytest.raises(ValueError, match="cannot decide"):
        SequentialTest(tolerable, faulty, error)


@given(st.integers(1, 4), st.integers(0, 6), st.randoms(use_true_random=False))
def test_the_chance_of_a_skew_is_that_of_counting_every_way(endpoints: int, tries: int, random: object) -> None:
    ways = list(product(range(endpoints), repeat=tries))
    spread = random.choice(ways)  # type: ignore[attr-defined]
    counts = [spread.count(n) for n in range(endpoints)]
    as_odd = sum(max((way.count(n) for n in range(endpoints)), default=0) >= max(counts) for way in ways)
    assert chance_of_skew(counts) == pytest.approx(as_odd / len(ways))


def test_skews_of_many() -> None:
    assert chance_of_skew([20, 0]) == pytest.approx(2 * 0.5**20)
    assert chance_of_skew([4, 0, 0]) == pytest.approx(3 * (1 / 3) ** 4)
    assert chance_of_skew([20, 20]) == pytest.approx(1)
    assert chance_of_skew([]) == 1.0
