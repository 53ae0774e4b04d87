from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from netdoctor.policy.ports import PortSpace

ports = st.one_of(st.integers(1, 65535), st.sampled_from((1, 2, 65534, 65535)))
ranges = st.tuples(st.sampled_from(("TCP", "UDP", "SCTP")), ports, ports).map(
    lambda found: (found[0], min(found[1:]), max(found[1:]))
)


@given(chosen=st.lists(ranges, max_size=6), others=st.lists(ranges, max_size=3))
def test_a_mask_holds_the_ports_of_its_ranges_and_no_others(
    chosen: list[tuple[str, int, int]], others: list[tuple[str, int, int]]
) -> None:
    space = PortSpace.of([*chosen, *others])
    mask = 0
    for one in chosen:
        mask |= space.mask(*one)
    edges = {(p, port + n) for p, *ends in (*chosen, *others) for port in ends for n in (-1, 0, 1)}
    for protocol, port in edges:
        if 1 <= port <= 65535:
            held = any(p == protocol and first <= port <= last for p, first, last in chosen)
            assert bool(mask & space.holding(protocol, port)) is held, (protocol, port)


@given(chosen=st.lists(ranges, max_size=6))
def test_ranges_are_disjoint_joined_and_make_the_same_mask(chosen: list[tuple[str, int, int]]) -> None:
    space = PortSpace.of(chosen)
    mask = 0
    for one in chosen:
        mask |= space.mask(*one)
    found = list(space.ranges(mask))
    again = 0
    for one in found:
        again |= space.mask(*one)
    assert again == mask
    for (p, _, last), (q, first, _) in pairwise(found):
        assert p != q or last + 1 < first


def test_text() -> None:
    space = PortSpace.of([("TCP", 80, 80), ("TCP", 8000, 8999), ("UDP", 53, 53)])
    tcp = space.mask("TCP", 80, 80) | space.mask("TCP", 8000, 8999)
    assert space.text(tcp) == "80/TCP, 8000-8999/TCP"
    assert space.text(tcp | space.mask("UDP", 1, 65535)) == "80/TCP, 8000-8999/TCP, UDP"
    assert space.text(space.everything) == "every port"
    assert space.text(space.everything & ~space.mask("UDP", 53, 53)) == "every port but 53/UDP"
    assert space.text(0) == "no port"
