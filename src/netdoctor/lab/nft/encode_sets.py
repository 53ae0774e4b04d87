"""Sets and maps, and their elements, as attributes of messages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from netdoctor.lab.nft.attributes import attribute, data, nested, number
from netdoctor.lab.nft.fields import Field, native
from netdoctor.lab.nft.table import AnySet, DataMap, RangeSet, Set, VerdictMap

_INTERVAL, _MAP, _TIMEOUT, _DYNAMIC = 0x4, 0x8, 0x10, 0x20
_VERDICT = 0xFFFFFF00  # NFT_DATA_VERDICT
_END_OF_RANGE = number(3, 1)
_NATIVE_KEY = bytes([0, 4]) + native(1)  # for nft to print it: NFTNL_UDATA_SET_KEYBYTEORDER is the machine's
_MOST_REMEMBERED = 65535
_MOST_BYTES = 60_000  # of one list: the length of an attribute has 16 bits


def set_body(one: AnySet, identity: int) -> bytes:
    """What describes a set, but for its names."""
    key = one.key if isinstance(one.key, tuple) else (one.key,)
    flags, more = 0, b""
    match one:
        case RangeSet():
            flags = _INTERVAL
        case VerdictMap():
            flags, more = _MAP, number(6, _VERDICT) + number(7, 0)
        case DataMap(value=value):
            flags, more = _MAP, number(6, _type(value)) + number(7, _length(value))
        case Set(milliseconds=milliseconds) if milliseconds:
            flags = _TIMEOUT | _DYNAMIC
            more = nested(9, number(1, _MOST_REMEMBERED)) + attribute(11, milliseconds.to_bytes(8, "big"))
    if key[0].native:
        more += attribute(13, _NATIVE_KEY)
    return number(3, flags) + number(4, _type(key)) + number(5, _length(key)) + more + number(10, identity)


def element_lists(one: AnySet) -> Iterator[bytes]:
    """The elements, in as many lists as they need."""
    found: list[bytes] = []
    size = 0
    for element in _elements(one):
        if size + len(element) > _MOST_BYTES:
            yield nested(3, *found)
            found, size = [], 0
        found.append(element)
        size += len(element)
    if found:
        yield nested(3, *found)


def _elements(one: AnySet) -> Iterable[bytes]:
    match one:
        case Set():
            return (nested(1, data(1, key)) for key in one.elements)
        case RangeSet():
            return _edges(one)
        case VerdictMap():
            return (nested(1, data(1, key), nested(2, verdict)) for key, verdict in one.elements)
        case DataMap():
            return (nested(1, data(1, key), data(2, value)) for key, value in one.elements)


def _edges(one: RangeSet) -> Iterator[bytes]:
    """A range is its first value and the first value after it; one that reaches to the end has no such value."""
    for first, last in one.ranges:
        yield nested(1, data(1, first))
        after = int.from_bytes(last, "big") + 1
        if after < 1 << 8 * len(last):
            yield nested(1, data(1, after.to_bytes(len(last), "big")), _END_OF_RANGE)


def _length(fields: tuple[Field, ...]) -> int:
    if len(fields) == 1:
        return fields[0].length
    return sum(-(-field.length // 4) * 4 for field in fields)


def _type(fields: tuple[Field, ...]) -> int:
    """Types of concatenated fields have 6 bits each."""
    found = 0
    for field in fields:
        found = found << 6 | field.type
    return found
