"""Text of a file → the objects in it, as parsed documents with their lines. Lists are taken apart."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import yaml

from netdoctor.cluster.yaml_reader import read_yaml
from netdoctor.model.errors import InputError


@dataclass(frozen=True, slots=True)
class Document:
    """One object, and the line (from 1) where it begins."""

    value: Mapping[str, Any]
    line: int


def read_documents(content: bytes, name: str) -> Iterator[Document]:
    """All objects of a file, those inside lists too.

    Args:
        content: YAML or JSON: one document, many, or lists (kind ``List``, ``PodList``, ...), as kubectl prints.
        name: of the file, for errors.

    Raises:
        InputError: malformed, or something else than Kubernetes objects; names the line.
    """
    if content.lstrip()[:1] == b"{":
        try:
            parsed = _read_json(content)
        except msgspec.DecodeError:
            pass  # YAML in flow style, or malformed: the YAML reader knows where
        else:
            yield from _objects(*parsed, name)
            return
    try:
        for document in read_yaml(content):
            line, lines = document.line, document.item_lines
            yield from _objects(document.value, line, lambda item, _: lines.get(id(item), line), name)  # noqa: B023
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise InputError(f"{name}{f':{mark.line + 1}' if mark else ''}: {error.problem}") from error
    except (yaml.YAMLError, ValueError) as error:
        raise InputError(f"{name}: neither YAML nor JSON: {' '.join(str(error).split())}") from error
