"""Text of a file → the objects in it, as parsed documents with their lines. Lists are taken apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import yaml

from netdoctor.cluster.yaml_reader import read_yaml
from netdoctor.model.errors import InputError


@dataclass(frozen=True, slots=True)
class Document:
    """One object, and the line (from 1) where it begins."""

    value: Any
    line: int


def read_documents(content: bytes, name: str) -> Iterator[Document]:
    """All objects of a file, those inside lists too. Every value is a mapping with a `kind`.

    Args:
        content: YAML or JSON: one document, many, or lists (kind ``List``, ``PodList``, ...), as kubectl prints.
        name: of the file, for errors.

    Raises:
        InputError: malformed, or something else than Kubernetes objects; names the line.
    """
    for document in _parsed(content, name):
        if not isinstance(document.value, Mapping) or not isinstance(document.value.get("kind"), str):
            raise InputError(f"{name}:{document.line}: this is no Kubernetes object: it has no kind")
        yield document


def _parsed(content: bytes, name: str) -> Iterator[Document]:
    if content.lstrip()[:1] == b"{":
        try:
            return _from_json(content)
        except msgspec.DecodeError:
            pass  # YAML in flow style, or malformed: the YAML reader knows where
    return _from_yaml(content, name)


def _from_yaml(content: bytes, name: str) -> Iterator[Document]:
    try:
        for document in read_yaml(content):
            if (items := _items(document.value)) is None:
                yield Document(document.value, document.line)
            else:
                for item in items:
                    line = document.item_lines.get(id(item), document.line)
                    yield Document(_with_kind(item, document.value), line)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise InputError(f"{name}{f':{mark.line + 1}' if mark else ''}: {error.problem}") from error
    except (yaml.YAMLError, ValueError) as error:
        raise InputError(f"{name}: neither YAML nor JSON: {' '.join(str(error).split())}") from error


class _Head(msgspec.Struct, rename="camel"):
    """What tells a list from an object, without parsing either."""

    kind: str = ""
    api_version: str = ""
    items: list[msgspec.Raw] | None = None


def _from_json(content: bytes) -> Iterator[Document]:
    """Raises msgspec.DecodeError before it yields anything."""
    head = msgspec.json.decode(content, type=_Head)
    if _items({"kind": head.kind, "items": head.items}) is None:
        return iter([Document(msgspec.json.decode(content), 1)])
    parent = {"kind": head.kind, "apiVersion": head.api_version}
    pieces = [bytes(piece) for piece in head.items or ()]
    values = [_with_kind(msgspec.json.decode(piece), parent) for piece in pieces]
    return map(Document, values, _lines(content, pieces))


def _lines(content: bytes, pieces: list[bytes]) -> Iterator[int]:
    """The line where each piece begins; they stand in `content` in this order."""
    line, position = 1, 0
    for piece in pieces:
        start = content.index(piece, position)
        line += content.count(b"\n", position, start)
        yield line
        line += piece.count(b"\n")
        position = start + len(piece)


def _items(value: Any) -> list[Any] | None:
    """The elements if `value` is a list of objects, whose kind ends in List."""
    if not isinstance(value, Mapping) or not str(value.get("kind")).endswith("List") or "items" not in value:
        return None
    items = value["items"]
    return items if isinstance(items, list) else []


def _with_kind(item: Any, parent: Mapping[str, Any]) -> Any:
    """The items of a PodList, unlike those of a List, carry no kind."""
    kind = parent["kind"].removesuffix("List")
    if not isinstance(item, Mapping) or not kind:
        return item
    return {"kind": kind, "apiVersion": parent.get("apiVersion"), **item}
