"""The part of kubectl's JSONPath that leads to values: fields, indexes, `[*]`, and text between braces.

Source: https://kubernetes.io/docs/reference/kubectl/jsonpath/
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from netdoctor.lab.control.numbers import whole_number
from netdoctor.lab.kubectl.errors import wrong

_BRACED = re.compile(r"\{([^{}]*)\}")
_STEP = re.compile(r"\.((?:\\.|[^.\[\]\\])+)|\[(\*|-?\d+|'[^']*'|\"[^\"]*\")\]")
_ESCAPES = {"\\n": "\n", "\\t": "\t"}


def printed(document: Any, template: str) -> str:
    """The template with every `{…}` replaced by its values, which are separated by spaces. Raises KubectlError."""

    def replaced(match: re.Match[str]) -> str:
        inner = match[1].strip()
        if inner[:1] in {"'", '"'} and inner[-1:] == inner[0]:
            return _unescaped(inner[1:-1])
        return " ".join(_text(value) for value in _values(document, inner))

    return _BRACED.sub(replaced, template if "{" in template else f"{{{template}}}")


def values(document: Any, path: str) -> list[Any]:
    """The values to which one path leads: `{.status.phase}`, or without braces. Raises KubectlError."""
    return list(_values(document, path.strip().removeprefix("{").removesuffix("}").strip()))


def _values(document: Any, path: str) -> Iterator[Any]:
    path = path.removeprefix("$")
    path = path if path.startswith((".", "[")) or not path else f".{path}"
    found, at = [document], 0
    while at < len(path):
        step = _STEP.match(path, at)
        if step is None:
            if path[at:] == ".":
                break
            raise wrong(f"error parsing jsonpath {path!r}: the lab knows fields, [N] and [*]")
        key = re.sub(r"\\(.)", r"\1", step[1]) if step[1] is not None else step[2]
        found = [inner for value in found for inner in _under(value, key)]
        at = step.end()
    yield from found


def _under(value: Any, key: str) -> list[Any]:
    if key == "*":
        return list(value.values()) if isinstance(value, Mapping) else list(value) if isinstance(value, list) else []
    if isinstance(value, list):
        number = whole_number(key.removeprefix("-"))
        if number is None:
            return []
        number = len(value) - number if key.startswith("-") else number
        return value[number : number + 1] if number >= 0 else []
    key = key[1:-1] if key[:1] in {"'", '"'} else key
    return [value[key]] if isinstance(value, Mapping) and key in value else []


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return msgspec.json.encode(value).decode()


def _unescaped(text: str) -> str:
    for escape, character in _ESCAPES.items():
        text = text.replace(escape, character)
    return text
