"""Reads DER, the encoding of certificates (ITU-T X.690), never past the end of what it was given."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

BOOLEAN, INTEGER, OCTET_STRING, OID = 0x01, 0x02, 0x04, 0x06
SEQUENCE, UTC_TIME, GENERALIZED_TIME = 0x30, 0x17, 0x18
_LENGTH_BYTES = 4  # more than any certificate needs
_LONGEST_OID = 64  # bytes; those in use have about ten
_MULTI_BYTE_TAG = 0x1F  # certificates have none


class DerError(ValueError):
    """Bytes that are not DER, or not what was expected there."""


@dataclass(frozen=True, slots=True)
class Element:
    """One value: its tag, what is in it, and all of its bytes."""

    tag: int
    content: bytes
    whole: bytes

    def parts(self) -> Parts:
        """What a SEQUENCE, a SET or an explicitly tagged value is made of."""
        return Parts(self.content)


class Parts:
    """Values that follow each other, taken one by one."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def __iter__(self) -> Iterator[Element]:
        while self._at < len(self._data):
            yield self._next()

    def take(self, tag: int) -> Element:
        """The next value, which must have this tag. Raises DerError."""
        found = self.optional(tag)
        if found is None:
            raise DerError(f"no value with tag {tag:#04x} at byte {self._at}")
        return found

    def optional(self, tag: int) -> Element | None:
        """The next value if it has this tag; else it is left where it is. Raises DerError."""
        if self._data[self._at : self._at + 1] != bytes((tag,)):
            return None
        return self._next()

    def _next(self) -> Element:
        start = self._at
        head = self._data[start : start + 2]
        if len(head) < 2 or head[0] & _MULTI_BYTE_TAG == _MULTI_BYTE_TAG:
            raise DerError(f"no value at byte {start}")
        begin, length = start + 2, head[1]
        if length >= 0x80:
            count = length & 0x7F
            if not 0 < count <= _LENGTH_BYTES:
                raise DerError(f"no length at byte {start + 1}")
            length = int.from_bytes(self._data[begin : begin + count], "big")
            begin += count
        if begin + length > len(self._data):
            raise DerError(f"the value at byte {start} is cut off")
        self._at = begin + length
        return Element(head[0], self._data[begin : self._at], self._data[start : self._at])


def whole(data: bytes) -> Element:
    """The SEQUENCE that these bytes are, with nothing behind it. Raises DerError."""
    parts = Parts(data)
    found = parts.take(SEQUENCE)
    if len(found.whole) != len(data):
        raise DerError("there is something behind it")
    return found


def dotted(oid: bytes) -> str:
    """The content of an OBJECT IDENTIFIER as text: ``2.5.4.3``. Raises DerError."""
    if len(oid) > _LONGEST_OID:
        raise DerError("no object identifier")
    numbers = [0]
    for byte in oid:
        numbers[-1] = numbers[-1] << 7 | byte & 0x7F
        if not byte & 0x80:
            numbers.append(0)
    if len(numbers) < 2 or oid[-1] & 0x80:
        raise DerError("no object identifier")
    first = min(numbers[0] // 40, 2)
    return ".".join(map(str, (first, numbers[0] - 40 * first, *numbers[1:-1])))
