from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from netdoctor.cluster.objects import LabelSelector
from netdoctor.cluster.selectors import matches
from netdoctor.policy.selection import LabelIndex, numbers
from tests.policy.test_property import labels, selector


@given(chosen=selector, having=st.lists(labels, max_size=40))
def test_a_selector_over_many_is_the_selector_of_each(chosen: dict[str, Any], having: list[dict[str, str]]) -> None:
    wanted = msgspec.convert(chosen, LabelSelector)
    found = LabelIndex(having).selected(wanted)
    assert numbers(found) == [n for n, one in enumerate(having) if matches(wanted, one)]


@given(chosen=st.sets(st.integers(0, 300), max_size=60))
def test_numbers_of_a_mask(chosen: set[int]) -> None:
    assert numbers(sum(1 << n for n in chosen)) == sorted(chosen)
