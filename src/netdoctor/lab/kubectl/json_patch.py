"""JSON patch (RFC 6902)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from netdoctor.lab.control.numbers import whole_number
from netdoctor.lab.kubectl.errors import wrong

_OPERATIONS = "add, remove, replace, move, copy, test"


def json_patch(document: Any, operations: Any) -> Any:
    """The document after all operations. Raises KubectlError: an operation is malformed, or has nothing to work on."""
    if not isinstance(operations, list) or not all(isinstance(operation, Mapping) for operation in operations):
        raise wrong("a JSON patch is a list of operations")
    for operation in operations:
        document = _applied(document, operation)
    return document


def _applied(document: Any, operation: Mapping[str, Any]) -> Any:
    path = _pointer(operation.get("path"))
    match operation.get("op"):
        case "add":
            return _changed(document, path, lambda where, key: _add(where, key, _given(operation)))
        case "remove":
            return _changed(document, path, _remove)
        case "replace":
            return _changed(document, path, lambda where, key: _replace(where, key, _given(operation)))
        case "move":
            source = _pointer(operation.get("from"))
            value = _at(document, source)
            return _changed(_changed(document, source, _remove), path, lambda where, key: _add(where, key, value))
        case "copy":
            value = _at(document, _pointer(operation.get("from")))
            return _changed(document, path, lambda where, key: _add(where, key, value))
        case "test":
            if _at(document, path) != operation.get("value"):
                raise wrong(f"testing path {operation['path']} failed: it has another value")
            return document
        case other:
            raise wrong(f"a JSON patch has no operation {other!r}; there are {_OPERATIONS}")


def _pointer(text: Any) -> list[str]:
    """The steps of a JSON pointer (RFC 6901)."""
    if not isinstance(text, str) or (text and not text.startswith("/")):
        raise wrong(f"{text!r} is no JSON pointer: it must begin with /")
    return [step.replace("~1", "/").replace("~0", "~") for step in text.split("/")[1:]]


def _given(operation: Mapping[str, Any]) -> Any:
    if "value" not in operation:
        raise wrong(f"the operation {operation['op']} at {operation.get('path')} has no value")
    return operation["value"]


def _changed(document: Any, path: Sequence[str], change: Callable[[Any, str], Any]) -> Any:
    """The document with the container at the path's last but one step changed."""
    if not path:
        raise wrong("the whole object cannot be the path of an operation")
    if len(path) == 1:
        return change(document, path[0])
    step = _step(document, path[0])
    return _set(document, step, _changed(document[step], path[1:], change))


def _at(document: Any, path: Sequence[str]) -> Any:
    for step in path:
        document = document[_step(document, step)]
    return document


def _step(where: Any, step: str) -> Any:
    """The key or index of a step that exists."""
    if isinstance(where, Mapping) and step in where:
        return step
    number = whole_number(step)
    if isinstance(where, list) and number is not None and number < len(where):
        return number
    raise wrong(f"the path has no {step!r}: the request is invalid, nothing is there")


def _set(where: Any, step: Any, value: Any) -> Any:
    if isinstance(where, list):
        return [*where[:step], value, *where[step + 1 :]]
    return {**where, step: value}


def _add(where: Any, key: str, value: Any) -> Any:
    if isinstance(where, Mapping):
        return {**where, key: value}
    if not isinstance(where, list):
        raise wrong(f"nothing can be added at {key!r}: it is in no object and no list")
    index = len(where) if key == "-" else whole_number(key)
    if index is None or index > len(where):
        raise wrong(f"{key!r} is not in the list, which has {len(where)} items")
    return [*where[:index], value, *where[index:]]


def _replace(where: Any, key: str, value: Any) -> Any:
    return _set(where, _step(where, key), value)


def _remove(where: Any, key: str) -> Any:
    step = _step(where, key)
    if isinstance(where, list):
        return [*where[:step], *where[step + 1 :]]
    return {name: value for name, value in where.items() if name != step}
