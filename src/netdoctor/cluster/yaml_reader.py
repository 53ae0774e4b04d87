"""YAML as Kubernetes reads it (sigs.k8s.io/yaml), with line numbers, and safe against hostile input.

Different from PyYAML: dates and ``1:30`` are strings, keys are text. Values are built from libyaml's events because
PyYAML's composer keeps every node in memory, follows nesting until the C stack ends (a crash, not an error), and
knows no bound for aliases. Of two equal keys the last counts, as in kubectl.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import yaml
from yaml import events
from yaml.composer import ComposerError

_MAX_ALIASED = 100_000, 10  # values that aliases may add to a file: in all, and for each that is written out
_MAX_DEPTH = 200  # CRD schemas, the deepest that Kubernetes has, nest some 40 deep

_MAX_DIGITS = 70  # what is longer than 64 bits in base 2 is no number that Kubernetes has

_INT = re.compile(r"[-+]?(?:0b_*[01][01_]*|0o?_*[0-7][0-7_]*|0x_*[0-9a-fA-F][0-9a-fA-F_]*|0_*|[1-9][0-9_]*)")
# With a point: an unquoted 31e5 is far more often a hash, which Python's writers leave unquoted, than a number.
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9][0-9_]*\.[0-9_]*)(?:[eE][-+]?[0-9]+)?")
_WORDS: dict[str, bool | None] = {
    variant: value
    for value, words in ((None, "null"), (True, "true yes on"), (False, "false no off"))
    for word in words.split()
    for variant in (word, word.capitalize(), word.upper())
} | {"": None, "~": None}
_TAG = "tag:yaml.org,2002:"
_TEXT_TAGS = {"!", f"{_TAG}str", f"{_TAG}binary"}
_PLAIN_TAGS = {f"{_TAG}int", f"{_TAG}float", f"{_TAG}bool", f"{_TAG}null"}


@dataclass(frozen=True, slots=True)
class YAMLDocument:
    """One document; lines count from 1. `item_lines` has the lines of the mappings in lists at the top, by id()."""

    value: Any
    line: int
    item_lines: dict[int, int]


def read_yaml(content: bytes) -> Iterator[YAMLDocument]:
    """All documents that are not empty.

    Raises:
        yaml.YAMLError: malformed, or with nesting or aliases beyond all reason.
    """
    builder = _Builder(yaml.CSafeLoader(content).get_event)
    while (document := builder.next_document()) is not None:
        if document.value is not None:
            yield document


class _Builder:
    """Builds values from events; one use. Written for speed: this is where reading big files takes its time."""

    def __init__(self, next_event: Callable[[], Any]) -> None:
        self._next = next_event
        self._anchors: dict[str, tuple[Any, int]] = {}  # value, and how many values it contains
        self._built = 0
        self._aliased = 0
        self._item_lines: dict[int, int] = {}

    def next_document(self) -> YAMLDocument | None:
        while (event := self._next()) is not None:
            if type(event) is events.DocumentStartEvent:
                root = self._next()
                self._anchors, self._item_lines = {}, {}
                value = self._value(root, 0)
                return YAMLDocument(value, root.start_mark.line + 1, self._item_lines)
        return None

    def _value(self, event: Any, depth: int) -> Any:
        kind = type(event)
        if kind is events.AliasEvent:
            return self._alias(event)
        before = self._built
        self._built += 1
        value: Any
        if kind is events.ScalarEvent:
            value = _scalar(event)
        elif depth > _MAX_DEPTH:
            raise _error(f"nested more than {_MAX_DEPTH} deep", event)
        elif kind is events.SequenceStartEvent:
            value = self._sequence(depth + 1)
        else:
            value = self._mapping(depth + 1)
            if depth in (1, 2):
                self._item_lines[id(value)] = event.start_mark.line + 1
        if event.anchor:
            self._anchors[event.anchor] = value, self._built - before
        return value

    def _sequence(self, depth: int) -> list[Any]:
        values: list[Any] = []
        while type(event := self._next()) is not events.SequenceEndEvent:
            values.append(self._value(event, depth))
        return values

    def _mapping(self, depth: int) -> dict[str, Any]:
        own: dict[str, Any] = {}
        merged: list[dict[str, Any]] = []
        while type(key := self._next()) is events.ScalarEvent:
            value = self._value(self._next(), depth)
            if key.value == "<<" and key.implicit[0]:
                merged += _mergeable(value, key)
            else:
                own[key.value] = value
        if type(key) is not events.MappingEndEvent:
            raise _error("a key must be a plain value", key)
        for earlier in merged:  # the mapping's own keys win, then those merged first
            for name, value in earlier.items():
                own.setdefault(name, value)
        return own

    def _alias(self, event: Any) -> Any:
        if event.anchor not in self._anchors:
            raise ComposerError(
                None, None, f"alias to an unknown or unfinished anchor {event.anchor}", event.start_mark
            )
        value, size = self._anchors[event.anchor]
        self._built += size
        self._aliased += size
        if self._aliased > _MAX_ALIASED[0] + _MAX_ALIASED[1] * (self._built - self._aliased):
            raise _error("aliases multiply the file beyond reason", event)
        return value


def _error(problem: str, event: Any) -> ComposerError:
    return ComposerError(None, None, problem, event.start_mark)


def _mergeable(value: Any, key: Any) -> list[dict[str, Any]]:
    mappings = value if isinstance(value, list) else [value]
    if not all(isinstance(mapping, dict) for mapping in mappings):
        raise _error("<< needs a mapping or a list of mappings", key)
    return mappings


def _scalar(event: Any) -> Any:
    text: str = event.value
    if event.implicit[0] or event.tag in _PLAIN_TAGS:
        return _plain(text)
    if event.tag is None or event.tag in _TEXT_TAGS:
        return text
    raise _error(f"unknown tag {event.tag}", event)


def _plain(text: str) -> Any:
    """What an unquoted scalar means."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "+-.0123456789" or len(text) > _MAX_DIGITS:
        return text
    if _INT.fullmatch(text):
        digits = text.replace("_", "")
        octal = digits.lstrip("+-").startswith("0") and digits.lstrip("+-0").isdecimal()
        return int(digits, 8 if octal else 0)
    return float(text.replace("_", "")) if _FLOAT.fullmatch(text) else text
