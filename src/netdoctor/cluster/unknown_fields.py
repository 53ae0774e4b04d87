"""Fields of policies that no API server knows: misspelt ones, and ones in the wrong place.

An API server refuses them (fieldValidation=Strict, which kubectl asks for) or drops them; to drop them silently here
would be to reason about another policy than the one that was meant.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from itertools import islice
from typing import Any

from msgspec import Struct, inspect

from netdoctor.cluster.decode import KINDS, POLICY_KINDS

_MOST = 10  # of one object
_MAX_NAME = 100  # characters; no field's name is as long

# Fields that our Structs do not have because nothing depends on them.
_NOT_READ: Mapping[str, frozenset[str]] = {
    **dict.fromkeys((KINDS[name].type.__name__ for name in POLICY_KINDS), frozenset({"apiVersion", "kind", "status"})),
    "ObjectMeta": frozenset(
        [
            "clusterName",
            "deletionGracePeriodSeconds",
            "finalizers",
            "generateName",
            "generation",
            "managedFields",
            "resourceVersion",
            "selfLink",
        ]
    ),
    "OwnerReference": frozenset({"apiVersion", "blockOwnerDeletion"}),
    "AdminRule": frozenset({"name"}),
    "ClusterRule": frozenset({"name"}),
}


@dataclass(frozen=True, slots=True)
class UnknownField:
    """A field that its kind does not have.

    Attributes:
        path: like ``spec.ingress[0].form``.
        meant: the name that is most like it; empty if none is.
        line: where it stands; 0 while that is not known.
    """

    path: str
    meant: str
    line: int = 0


def unknown_fields(document: Mapping[str, Any], struct: type[Struct]) -> tuple[UnknownField, ...]:
    """The first ten fields of an object that its kind does not have.

    Args:
        document: has the shape of `struct`.
        struct: a policy's.
    """
    return tuple(islice(_unknown(document, _fields(struct), ""), _MOST))


@dataclass(frozen=True, slots=True)
class _Fields:
    """The names of an object's fields, and those that hold objects (or lists of them) with fields of their own."""

    names: dict[str, None]  # in their order
    inner: tuple[tuple[str, bool, _Fields], ...]


@cache
def _fields(struct: type[Struct]) -> _Fields:
    shape = inspect.type_info(struct)
    assert isinstance(shape, inspect.StructType)
    names = [field.encode_name for field in shape.fields]
    inner = ((field.encode_name, *found) for field in shape.fields if (found := _below(field.type)))
    return _Fields(dict.fromkeys([*names, *_NOT_READ.get(struct.__name__, ())]), tuple(inner))


def _below(shape: inspect.Type) -> tuple[bool, _Fields] | None:
    """Whether it is a list, and the fields inside; None for what has no fields of its own."""
    for each in shape.types if isinstance(shape, inspect.UnionType) else (shape,):
        if isinstance(each, inspect.StructType):
            return False, _fields(each.cls)
        if isinstance(each, inspect.VarTupleType) and (below := _below(each.item_type)):
            return True, below[1]
    return None


def _unknown(value: Mapping[str, Any], fields: _Fields, path: str) -> Iterator[UnknownField]:
    if not value.keys() <= fields.names.keys():
        for name in (name for name in value if name not in fields.names):
            meant = get_close_matches(name[:_MAX_NAME], fields.names, 1)
            yield UnknownField(f"{path}{name[:_MAX_NAME]}", meant[0] if meant else "")
    for name, is_list, inner in fields.inner:
        if not (below := value.get(name)):
            continue
        if not is_list:
            yield from _unknown(below, inner, f"{path}{name}.")
            continue
        for index, item in enumerate(below):
            if item:
                yield from _unknown(item, inner, f"{path}{name}[{index}].")
