from __future__ import annotations

from typing import Any

import pytest

from netdoctor.lab.kubectl.merging import merge, strategic, three_way


@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [  # RFC 7386, appendix A
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_json_merge_patch(target: dict[str, Any], patch: dict[str, Any], result: dict[str, Any]) -> None:
    assert merge(target, patch) == result


@pytest.mark.parametrize(
    ("kind", "patch", "result"),
    [
        (
            "Pod",
            {"containers": [{"name": "b", "image": "2"}]},
            [{"name": "a", "image": "1"}, {"name": "b", "image": "2"}],
        ),
        ("Pod", {"containers": [{"name": "a", "args": ["x"]}]}, [{"name": "a", "image": "1", "args": ["x"]}]),
        ("Pod", {"containers": [{"name": "a", "$patch": "delete"}]}, []),
        ("Pod", {"containers": [{"$patch": "replace"}, {"name": "b"}]}, [{"name": "b"}]),
        ("Pod", {"containers": None}, None),
        ("Widget", {"containers": [{"name": "b"}]}, [{"name": "b"}]),
    ],
)
def test_lists_are_merged_by_their_key(kind: str, patch: dict[str, Any], result: Any) -> None:
    assert strategic(kind, {"containers": [{"name": "a", "image": "1"}]}, patch).get("containers") == result


def test_an_object_is_replaced_where_the_patch_says_so() -> None:
    patch = {"matchLabels": {"$patch": "replace", "b": "2"}}
    assert strategic("Pod", {"matchLabels": {"a": "1"}}, patch) == {"matchLabels": {"b": "2"}}


def test_a_port_number_over_two_protocols_is_two_ports() -> None:
    both = [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]
    patch = {"ports": [{"port": 53, "targetPort": 5353}]}
    assert strategic("Service", {"ports": both}, patch)["ports"] == [both[0], {**both[1], "targetPort": 5353}]


def test_apply_removes_only_what_it_had_set() -> None:
    current = {"a": 1, "own": 2, "env": [{"name": "x"}, {"name": "injected"}, {"name": "y"}]}
    last = {"a": 1, "env": [{"name": "x"}, {"name": "y"}]}
    assert three_way("Pod", current, last, {"env": [{"name": "y"}]}) == {
        "own": 2,
        "env": [{"name": "injected"}, {"name": "y"}],
    }
