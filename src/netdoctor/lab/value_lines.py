"""Where in a YAML file a value is that msgspec refuses."""

from __future__ import annotations

import re
from typing import Any

import yaml

_UNKNOWN_KEY = re.compile(r"unknown field `(.*?)`")


def line_of(message: str, node: Any) -> int:
    """The line, from 1, of what an error's message speaks about: the value at its path, or the unknown key there.

    `node` is the root of the document as yaml.compose reads it.
    """
    steps = re.findall(r"\.([^.\[`]+)|\[(\d+)\]", message.partition("`$")[2])
    unknown = _UNKNOWN_KEY.search(message)
    for name, index in [*steps, *([(unknown[1], "")] if unknown else [])]:
        if isinstance(node, yaml.SequenceNode) and index:
            node = node.value[int(index)]
        elif isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value == name:
                    node = key if unknown and name == unknown[1] else value
    return int(node.start_mark.line) + 1 if node else 1
