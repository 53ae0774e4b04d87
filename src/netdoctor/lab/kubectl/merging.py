"""The ways in which a patch changes an object: strategic merge, JSON merge (RFC 7386) and three-way for `apply`.

Source of the merge keys: `patchMergeKey` in the Kubernetes API reference.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_KEYS = {
    "conditions": "type",
    "containers": "name",
    "env": "name",
    "hostAliases": "ip",
    "imagePullSecrets": "name",
    "initContainers": "name",
    "ownerReferences": "uid",
    "taints": "key",
    "topologySpreadConstraints": "topologyKey",
    "volumeMounts": "mountPath",
    "volumes": "name",
}
_PORTS = {"port", "containerPort"}  # the number of one port over TCP and of another one over UDP
# Lists of these kinds are merged; those of others, custom resources among them, are replaced.
_MERGED = {"DaemonSet", "Deployment", "Job", "Node", "Pod", "ReplicaSet", "Service", "StatefulSet"}


def merge(current: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """JSON merge patch: null deletes, objects are merged, everything else is replaced."""
    result = dict(current)
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, Mapping):
            under = result.get(key)
            result[key] = merge(under if isinstance(under, Mapping) else {}, value)
        else:
            result[key] = value
    return result


def strategic(kind: str, current: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """Strategic merge patch, with the directives `$patch: delete` and `$patch: replace`."""
    return _three_way(kind, current, {}, patch)


def three_way(
    kind: str, current: Mapping[str, Any], last: Mapping[str, Any], wanted: Mapping[str, Any]
) -> dict[str, Any]:
    """What `kubectl apply` makes of an object.

    Args:
        kind: of the object.
        current: the object as it is.
        last: what was applied before: of it, what is no longer wanted goes.
        wanted: what is applied now; what neither says stays.
    """
    return _three_way(kind, current, last, wanted)


def _three_way(
    kind: str, current: Mapping[str, Any], last: Mapping[str, Any], wanted: Mapping[str, Any]
) -> dict[str, Any]:
    if wanted.get("$patch") == "replace":
        return {key: value for key, value in wanted.items() if key != "$patch"}
    result = {key: value for key, value in current.items() if key in wanted or key not in last}
    for key, value in wanted.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = _field(kind, key, result.get(key), last.get(key), value)
    return result


def _field(kind: str, key: str, current: Any, last: Any, wanted: Any) -> Any:
    if isinstance(wanted, Mapping):
        before = last if isinstance(last, Mapping) else {}
        return _three_way(kind, current if isinstance(current, Mapping) else {}, before, wanted)
    if isinstance(wanted, list):
        merge_key = _merge_key(kind, key)
        if merge_key is not None and _keyed(wanted, merge_key):
            applied = last if isinstance(last, list) and _keyed(last, merge_key) else []
            return _list(kind, merge_key, current if isinstance(current, list) else [], applied, wanted)
    return wanted


def _keyed(items: Sequence[Any], key: str) -> bool:
    """Whether all are objects with a key that can be compared; a patch may hold anything."""
    return all(
        isinstance(item, Mapping) and all(isinstance(item.get(k), str | int | None) for k in (key, "protocol"))
        for item in items
    )


def _merge_key(kind: str, field: str) -> str | None:
    if kind not in _MERGED:
        return None
    if field == "ports":
        return "port" if kind == "Service" else "containerPort"
    return _KEYS.get(field)


def _list(
    kind: str, key: str, current: Sequence[Any], last: Sequence[Any], wanted: Sequence[Mapping[str, Any]]
) -> list[Any]:
    """Items by their key: those that are there keep their place, new ones come behind."""

    def name_of(item: Mapping[str, Any]) -> Any:
        return (item.get(key), item.get("protocol", "TCP")) if key in _PORTS else item.get(key)

    if any(item.get("$patch") == "replace" for item in wanted):
        return [dict(item) for item in wanted if item.get("$patch") != "replace"]
    gone = {name_of(item) for item in wanted if item.get("$patch") == "delete"}
    asked = {name_of(item): item for item in wanted if item.get("$patch") != "delete"}
    before = {name_of(item): item for item in last}
    gone |= {name for name in before if name not in asked}
    result = []
    for item in current:
        name = name_of(item)
        if name in asked:
            result.append(_three_way(kind, item, before.get(name, {}), asked.pop(name)))
        elif name not in gone:
            result.append(item)
    return [*result, *(_three_way(kind, {}, {}, item) for item in asked.values())]
