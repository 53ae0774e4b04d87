"""null as Go's decoder treats it, which is what the API server does with a manifest.

A null field of an object is a missing field. A null element of a list or of a map is the zero value of its type:
``matchLabels: {app: }`` selects ``app=""``, and ``ingress: [null]`` is one empty rule, which allows everything.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from msgspec import Struct, inspect

_ZERO: dict[type[inspect.Type], Any] = {
    inspect.StructType: {},
    inspect.DictType: {},
    inspect.VarTupleType: [],
    inspect.StrType: "",
    inspect.IntType: 0,
    inspect.BoolType: False,
}
_CONTAINERS = (inspect.StructType, inspect.DictType, inspect.VarTupleType)


def without_nulls(document: Mapping[str, Any], struct: type[Struct]) -> Any:
    """A copy of `document` without nulls, as far as `struct` has fields for it; other fields are dropped."""
    return _replace(document, _shape(struct))


@cache
def _shape(struct: type[Struct]) -> inspect.Type:
    return inspect.type_info(struct)


def _replace(value: Any, shape: inspect.Type) -> Any:
    if isinstance(shape, inspect.UnionType):
        # No field of ours may be one of two containers, so the first is the only one.
        containers = (t for t in shape.types if type(t) in _CONTAINERS)
        shape = next(containers, shape)
    match shape, value:
        case inspect.StructType(), Mapping():
            known = {field.encode_name: field.type for field in shape.fields}
            return {k: _replace(v, known[k]) for k, v in value.items() if v is not None and k in known}
        case inspect.DictType(), Mapping():
            return {k: _element(v, shape.value_type) for k, v in value.items()}
        case inspect.VarTupleType(), list():
            return [_element(v, shape.item_type) for v in value]
    return value


def _element(value: Any, shape: inspect.Type) -> Any:
    return _ZERO.get(type(shape)) if value is None else _replace(value, shape)
