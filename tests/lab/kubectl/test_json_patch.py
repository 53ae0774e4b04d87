from __future__ import annotations

from typing import Any

import pytest

from netdoctor.lab.kubectl.errors import KubectlError
from netdoctor.lab.kubectl.json_patch import json_patch

DOCUMENT = {"foo": ["bar", "baz"], "m~n": 1, "a/b": {"c": 2}}


@pytest.mark.parametrize(
    ("operation", "result"),
    [
        ({"op": "add", "path": "/qux", "value": 3}, {**DOCUMENT, "qux": 3}),
        ({"op": "add", "path": "/foo/1", "value": "qux"}, {**DOCUMENT, "foo": ["bar", "qux", "baz"]}),
        ({"op": "add", "path": "/foo/-", "value": "qux"}, {**DOCUMENT, "foo": ["bar", "baz", "qux"]}),
        ({"op": "remove", "path": "/foo/0"}, {**DOCUMENT, "foo": ["baz"]}),
        ({"op": "remove", "path": "/a~1b/c"}, {**DOCUMENT, "a/b": {}}),
        ({"op": "replace", "path": "/m~0n", "value": 9}, {**DOCUMENT, "m~n": 9}),
        (
            {"op": "move", "from": "/foo/0", "path": "/a~1b/d"},
            {**DOCUMENT, "foo": ["baz"], "a/b": {"c": 2, "d": "bar"}},
        ),
        ({"op": "copy", "from": "/a~1b", "path": "/foo/0"}, {**DOCUMENT, "foo": [{"c": 2}, "bar", "baz"]}),
        ({"op": "test", "path": "/foo", "value": ["bar", "baz"]}, DOCUMENT),
    ],
)
def test_operations(operation: dict[str, Any], result: Any) -> None:
    assert json_patch(DOCUMENT, [operation]) == result


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "remove", "path": "/nothing"},
        {"op": "replace", "path": "/foo/7", "value": 1},
        {"op": "add", "path": "/foo/9", "value": 1},
        {"op": "add", "path": "/m~0n/x", "value": 1},
        {"op": "add", "path": "/qux"},
        {"op": "add", "path": "", "value": {}},
        {"op": "add", "path": "qux", "value": 1},
        {"op": "add", "value": 1},
        {"op": "test", "path": "/foo", "value": []},
        {"op": "burn", "path": "/foo"},
    ],
)
def test_what_cannot_be_carried_out(operation: dict[str, Any]) -> None:
    with pytest.raises(KubectlError, match=r"^error: "):
        json_patch(DOCUMENT, [operation])
