"""Which pairs are tested, and what that is sure to find."""

from __future__ import annotations

import math
import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netdoctor.probing.mesh.selection import ALL_UNTIL, select, shuffled
from netdoctor_probe.mesh.document import Member, Mesh


def pairs_of(nodes: int, seed: int = 1, *, all_pairs: bool = False) -> set[tuple[int, int]]:
    """Who sends to whom."""
    selection = select(nodes, random.Random(seed), all_pairs=all_pairs)
    mesh = Mesh(tuple(Member(str(n), "") for n in range(nodes)), selection.offsets)
    return {(member, peer) for member in range(nodes) for peer in mesh.peers(member)}


@pytest.mark.parametrize(("nodes", "all_pairs"), [(1, False), (2, False), (3, False), (30, False), (60, True)])
def test_every_pair_of_few_nodes(nodes: int, all_pairs: bool) -> None:
    assert len(pairs_of(nodes, all_pairs=all_pairs)) == nodes * (nodes - 1)


@settings(deadline=None, max_examples=30)
@given(st.integers(ALL_UNTIL + 1, 700), st.integers())
def test_of_many_each_has_as_many_peers_in_both_directions(nodes: int, seed: int) -> None:
    pairs = pairs_of(nodes, seed)
    senders, receivers = Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
    assert {*senders.values()} == {*receivers.values()}
    assert len(senders) == len(receivers) == nodes
    assert {(b, a) for a, b in pairs} == pairs
    assert 2 * math.log2(nodes) - 2 <= senders[0] <= 2 * math.ceil(math.log2(nodes))


@settings(deadline=None, max_examples=30)
@given(st.integers(ALL_UNTIL + 1, 300), st.integers(), st.data())
def test_between_any_group_and_the_rest_two_links_are_tested(nodes: int, seed: int, data: st.DataObject) -> None:
    group = data.draw(st.sets(st.integers(0, nodes - 1), min_size=1, max_size=nodes - 1))
    across = {frozenset(pair) for pair in pairs_of(nodes, seed) if len(group & set(pair)) == 1}
    assert len(across) >= 2


def test_a_link_is_tested_as_often_as_is_said() -> None:
    """Of many choices, how many have one certain link."""
    nodes, tries = 100, 400
    selection = select(nodes, random.Random(0))
    found = 0
    for seed in range(tries):
        chance = random.Random(seed)
        order = shuffled([str(n) for n in range(nodes)], chance)
        there = order.index("3"), order.index("77")
        found += there in pairs_of(nodes, seed)
    assert abs(found / tries - selection.link_chance) < 0.08


def test_few_nodes_stay_in_their_order_and_no_one_is_lost_of_many() -> None:
    names = [str(n) for n in range(40)]
    assert shuffled(names[:5], random.Random(1)) == names[:5]
    assert sorted(shuffled(names, random.Random(1))) == sorted(names)


def test_only_a_sample_needs_a_guarantee() -> None:
    assert select(30, random.Random(1)).guarantees() == ()
    said = " ".join(select(1000, random.Random(1)).guarantees())
    assert "20 others" in said
    assert "2.0 %" in said
