"""Text of a file → the objects in it, as documents with their lines. Lists are taken apart."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import yaml
from yaml.reader import ReaderError

from netdoctor.cluster.decode import NOT_JSON, convert, convert_json
from netdoctor.cluster.objects import Object
from netdoctor.cluster.yaml_reader import YAMLDocument, read_yaml
from netdoctor.model.errors import InputError

_MAX_LISTS = 10  # in one another; kubectl nests none
_MAX_TEXT = 500  # characters of an error: what it quotes from the file may be longer


class Document(msgspec.Struct, frozen=True, gc=False):
    """One object, and the line (from 1) where it begins. `content` is a parsed mapping, or JSON.

    Items of a typed list (``PodList``) have the list's `kind` and `api_version`; the latter may be empty.
    """

    kind: str
    api_version: str
    line: int
    content: Mapping[str, Any] | msgspec.Raw

    @property
    def value(self) -> Mapping[str, Any]:
        """The object's fields, with `kind` and `apiVersion`.

        Raises:
            NOT_JSON: it is malformed.
        """
        fields = msgspec.json.decode(self.content) if isinstance(self.content, msgspec.Raw) else self.content
        return {**fields, "kind": self.kind, "apiVersion": self.api_version}

    def decode(self) -> Object | None:
        """The object as `decode.convert` makes it, and without the detour over a mapping where that is possible.

        Raises:
            UndecodableError: it does not have its kind's shape.
            NOT_JSON: it is malformed.
        """
        if isinstance(self.content, msgspec.Raw):
            return convert_json(self.kind, self.api_version, self.content)
        return convert(self.value)


def refused(file: str, line: int | None, because: str) -> InputError:
    """The error about a file, in one line that is short enough to be read."""
    text = " ".join(because.split())
    where = file if line is None else f"{file}:{line}"
    return InputError(f"{where}: {text if len(text) <= _MAX_TEXT else f'{text[:_MAX_TEXT]}…'}")


def read_documents(content: bytes, name: str) -> Iterator[Document]:
    """All objects of a file, those inside lists too. Each has a kind.

    Args:
        content: YAML or JSON: one document, many, or lists (kind ``List``, ``PodList``, ...), as kubectl prints.
        name: of the file, for errors.

    Raises:
        InputError: malformed, or something else than Kubernetes objects; names the line.
    """
    text = content.lstrip()
    if text[:1] == b"{":
        try:
            head = _HEAD.decode(text)
        except NOT_JSON:
            pass  # YAML in flow style, or malformed: the YAML reader knows where
        else:
            return _Json(name).documents(text, head, 1 + content.count(b"\n", 0, content.index(b"{")))
    return _from_yaml(content, name)


def yaml_documents(content: bytes, name: str) -> Iterator[YAMLDocument]:
    """All documents of YAML or JSON, whatever is in them. Raises InputError: malformed; names the line."""
    try:
        yield from read_yaml(content)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise refused(name, mark.line + 1 if mark else None, str(error.problem)) from error
    except ReaderError as error:
        line = 1 + content.count(b"\n", 0, error.position)
        raise refused(name, line, f"neither YAML nor JSON: {error.reason}") from error


def _no_object(name: str, line: int) -> InputError:
    return refused(name, line, "this is no Kubernetes object: it has no kind")


def _nested(name: str, line: int) -> InputError:
    return refused(name, line, f"lists are nested more than {_MAX_LISTS} deep")


# YAML --------------------------------------------------------------------------------------------------------


def _from_yaml(content: bytes, name: str) -> Iterator[Document]:
    for document in yaml_documents(content, name):
        yield from _parsed(document.value, document.line, document, name)


def _parsed(value: Any, line: int, whole: YAMLDocument, name: str, depth: int = 0) -> Iterator[Document]:
    if not isinstance(value, Mapping) or not isinstance(kind := value.get("kind"), str):
        raise _no_object(name, line)
    if not (kind.endswith("List") and "items" in value):
        version = value.get("apiVersion")
        yield Document(kind, version if isinstance(version, str) else "", line, value)
        return
    items = [] if value["items"] is None else value["items"]
    if not isinstance(items, list):
        raise refused(name, line, "items is no list")
    if depth == _MAX_LISTS:
        raise _nested(name, line)
    for item in items:
        yield from _parsed(_with_kind(item, value), whole.item_lines.get(id(item), line), whole, name, depth + 1)


def _with_kind(item: Any, parent: Mapping[str, Any]) -> Any:
    """The items of a PodList, unlike those of a List, carry no kind."""
    kind = parent["kind"].removesuffix("List")
    if not isinstance(item, Mapping) or not kind:
        return item
    return {"kind": kind, "apiVersion": parent.get("apiVersion"), **item}


# JSON --------------------------------------------------------------------------------------------------------


class _Head(msgspec.Struct, rename="camel", gc=False):
    """What tells a list from an object, and which reader an object needs, without parsing either."""

    kind: str | None = None
    api_version: str | None = None
    items: list[msgspec.Raw] | msgspec.UnsetType | None = msgspec.UNSET


_HEAD = msgspec.json.Decoder(_Head)
_BETWEEN = re.compile(rb"[\s,]*")


@dataclass(frozen=True, slots=True)
class _Json:
    """Takes JSON apart without parsing what is inside its objects."""

    name: str

    def documents(self, text: bytes | msgspec.Raw, head: _Head, line: int, depth: int = 0) -> Iterator[Document]:
        if head.kind is None:
            raise _no_object(self.name, line)
        if isinstance(head.items, msgspec.UnsetType) or not head.kind.endswith("List"):
            yield Document(head.kind, head.api_version or "", line, msgspec.Raw(text))
            return
        if depth == _MAX_LISTS:
            raise _nested(self.name, line)
        for item, at in _with_lines(bytes(text), head.items or [], line):
            yield from self.documents(item, self._head(item, head, at), at, depth + 1)

    def _head(self, item: msgspec.Raw, parent: _Head, line: int) -> _Head:
        try:
            head = _HEAD.decode(item)
        except NOT_JSON as error:
            raise _no_object(self.name, line) from error
        if head.kind is None and parent.kind != "List":
            head.kind, head.api_version = str(parent.kind).removesuffix("List"), parent.api_version
        return head


def _with_lines(text: bytes, items: list[msgspec.Raw], line: int) -> Iterator[tuple[msgspec.Raw, int]]:
    """Each item with its line; nothing but commas and space stands between them."""
    start = counted = 0
    for item in items:
        separator = _BETWEEN.match(text, start) if start else None
        start = separator.end() if separator else text.index(bytes(item))
        line += text.count(b"\n", counted, start)
        yield item, line
        counted = start
        start += memoryview(item).nbytes
