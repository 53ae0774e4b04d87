"""The lines of fields in a file. Errors are few, so the file is read once more rather than every line kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

import yaml
from yaml import events


def field_lines(content: bytes, wanted: Mapping[int, frozenset[str]]) -> Mapping[tuple[int, str], int]:
    """Lines (from 1) of fields in a file that could be read.

    Args:
        content: YAML or JSON.
        wanted: for each object, by the line where it begins, paths like ``spec.ingress[0].form``.

    Returns:
        By line and path. What cannot be found, such as fields that come with an alias, is not in it.
    """
    found: dict[tuple[int, str], int] = {}
    next_event: Callable[[], Any] = yaml.CSafeLoader(content).get_event
    # JSON that YAML's reader does not take, such as nesting beyond the stack inside what is not read.
    with suppress(yaml.YAMLError, RecursionError):
        while (event := next_event()) is not None:
            begin = event.start_mark.line + 1
            if type(event) is events.MappingStartEvent and begin in wanted:
                for path, line in _fields(next_event, event, ""):
                    if path in wanted[begin]:
                        found.setdefault((begin, path), line)
    return found


def _fields(next_event: Callable[[], Any], event: Any, path: str) -> Iterator[tuple[str, int]]:
    """Every field inside the value that begins with `event`, with its line."""
    if type(event) is events.MappingStartEvent:
        while type(key := next_event()) is not events.MappingEndEvent:
            below = f"{path}.{key.value}" if path else key.value
            yield below, key.start_mark.line + 1
            yield from _fields(next_event, next_event(), below)
    elif type(event) is events.SequenceStartEvent:
        index = 0
        while type(item := next_event()) is not events.SequenceEndEvent:
            yield from _fields(next_event, item, f"{path}[{index}]")
            index += 1
