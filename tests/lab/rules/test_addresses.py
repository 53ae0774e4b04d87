from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from netdoctor.lab.rules.addresses import common, encoded, merged, node_ranges, of_version, pod_ranges, without
from tests.policy.clusters import cluster, node, pod

ranges = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)).map(lambda ends: (min(ends), max(ends))))


def members(of: object) -> list[int]:
    assert isinstance(of, list | tuple)
    return [number for first, last in of for number in range(first, last + 1)]


@given(ranges)
def test_merged_ranges_hold_the_same_in_order_and_do_not_touch(some: list[tuple[int, int]]) -> None:
    found = merged(some)
    assert members(found) == sorted(set(members(some)))
    assert all(second[0] > first[1] + 1 for first, second in pairwise(found))


@given(ranges, ranges)
def test_common_is_what_is_in_both(some: list[tuple[int, int]], others: list[tuple[int, int]]) -> None:
    found = list(common(merged(some), merged(others)))
    assert members(found) == sorted(set(members(some)) & set(members(others)))
    assert found == list(merged(found))


@given(ranges, ranges)
def test_what_is_cut_out_is_not_there_and_all_else_is(some: list[tuple[int, int]], cut: list[tuple[int, int]]) -> None:
    left = list(without(merged(some), merged(cut)))
    assert members(left) == sorted(set(members(some)) - set(members(cut)))


def test_addresses_of_one_family_without_doubles() -> None:
    texts = ["10.0.0.1", "fd00::1", "no address", "::ffff:10.0.0.1", "10.0.0.2"]
    assert list(map(str, of_version(texts, 4))) == ["10.0.0.1", "10.0.0.2"]
    assert list(map(str, of_version(texts, 6))) == ["fd00::1"]


def test_pods_are_in_the_networks_of_nodes_and_wherever_else_they_are() -> None:
    with_network = {**node("n1", "172.18.0.2"), "spec": {"podCIDR": "10.244.0.0/24", "podCIDRs": ["10.244.0.0/24"]}}
    on_host = pod("a/host", "172.18.0.2", hostNetwork=True)
    finished = pod("a/done", "10.9.9.9", phase="Succeeded")
    snapshot = cluster(with_network, pod("a/in", "10.244.0.9"), pod("a/out", "192.168.0.1"), on_host, finished)
    assert encoded(pod_ranges(snapshot, 4), 4) == [
        (bytes((10, 244, 0, 0)), bytes((10, 244, 0, 255))),
        (bytes((192, 168, 0, 1)), bytes((192, 168, 0, 1))),
    ]
    assert encoded(node_ranges(snapshot.nodes, 4), 4) == [(bytes((172, 18, 0, 2)), bytes((172, 18, 0, 2)))]
    assert pod_ranges(snapshot, 6) == ()
