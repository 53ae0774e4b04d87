"""Text → parsed documents with the line where each begins. YAML as Kubernetes reads it, JSON by a fast path.

Kubernetes' YAML (sigs.k8s.io/yaml) differs from PyYAML's defaults: dates and `1:30` are strings. Aliases are
expanded within bounds only; of two equal keys the last counts, as in kubectl.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import yaml

from netdoctor.model.errors import InputError

_MAX_EXPANSION = 100_000  # values that aliases may add to one document
_MAX_DEPTH = 500  # libyaml's composer recurses in C


@dataclass(frozen=True, slots=True)
class Document:
    """One parsed object, and the line (from 1) where it begins."""

    value: Mapping[str, Any]
    line: int


def parse(content: bytes, name: str) -> Iterator[Document]:
    """All objects of a file, those inside lists too.

    Args:
        content: YAML or JSON; a single document, many, or lists (kind `List`, `PodList`, ...).
        name: of the file, for errors.

    Raises:
        InputError: the file is malformed, or holds something else than Kubernetes objects.
    """
    if content.lstrip()[:1] == b"{":
        try:
            yield from _json_objects(content)
        except msgspec.DecodeError:
            pass  # YAML in flow style, or malformed: the YAML parser says where
        else:
            return
    try:
        for document in _yaml_documents(content, name):
            yield from document
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise InputError(f"{name}{f':{mark.line + 1}' if mark else ''}: {error.problem}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise InputError(f"{name}: this is neither YAML nor JSON: {' '.join(str(error).split())}") from error
