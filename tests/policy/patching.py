"""A repair's command, carried out on the manifests that it is about, and every flow that it changes."""

from __future__ import annotations

import copy
import json
import shlex
from collections.abc import Callable, Sequence
from itertools import permutations
from typing import Any

from netdoctor.policy.repair import Repair

Manifest = dict[str, Any]


def patched(objects: Sequence[Manifest], repair: Repair) -> list[Manifest]:
    """The objects after `kubectl patch --type=json`, as RFC 6902 has it for `add` and `replace`."""
    words = shlex.split(repair.command)
    assert words[:2] == ["kubectl", "patch"]
    name, namespace = words[3], words[words.index("-n") + 1] if "-n" in words else ""
    resource, _, group = words[2].partition(".")
    found = copy.deepcopy(list(objects))
    (target,) = (
        one
        for one in found
        if one["metadata"]["name"] == name
        and one["metadata"].get("namespace", "") == namespace
        and resource in (f"{one['kind']}s".lower(), f"{one['kind'][:-1]}ies".lower())
        and one["apiVersion"].partition("/")[0] in group
    )
    for operation in json.loads(words[-1]):
        _apply(target, operation)
    return found


def _apply(document: Any, operation: Manifest) -> None:
    *parents, last = operation["path"].removeprefix("/").split("/")
    for step in parents:
        document = document[int(step) if isinstance(document, list) else step]
    if isinstance(document, list):
        assert operation["op"] == "add"
        document.insert(len(document) if last == "-" else int(last), operation["value"])
        return
    assert operation["op"] == "add" or last in document
    document[last] = operation["value"]


def opened(
    ends: Sequence[str], ports: Sequence[int], before: Callable[[str, str, int], bool | None], after: Any
) -> set[str]:
    """The flows between pods (NAMESPACE/NAME) that are allowed after and were not before, as effects have them."""
    return {
        f"Pod {source} → Pod {destination} {port}/TCP"
        for source, destination in permutations(ends, 2)
        for port in ports
        if after(source, destination, port) and before(source, destination, port) is False
    }
