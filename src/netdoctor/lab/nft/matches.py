"""Conditions: a rule goes on only while they hold.

Each returns encoded expressions. Fields are loaded to the first register on, one after the other.
"""

from __future__ import annotations

from functools import lru_cache

from netdoctor.lab.nft.attributes import data, number, text
from netdoctor.lab.nft.fields import (
    CONNECTION_STATE,
    DESTINATION_TYPE,
    FAMILY,
    PROTOCOL,
    SOURCE_TYPE,
    Field,
    expression,
    load,
    native,
)

FIRST_REGISTER = 8  # NFT_REG32_00
PROTOCOLS = {"TCP": 6, "UDP": 17, "SCTP": 132}
_EQUAL, _NOT_EQUAL = 0, 1
_FAMILIES = {4: b"\x02", 6: b"\x0a"}  # NFPROTO_IPV4, NFPROTO_IPV6
_LOCAL = 2  # RTN_LOCAL
_STATES = {"established": 2, "related": 4, "new": 8}


def equal(field: Field, value: bytes) -> bytes:
    """The field is that."""
    return load(field, FIRST_REGISTER) + _compare(_EQUAL, value)


def within(field: Field, first: bytes, last: bytes) -> bytes:
    """The field is `first`, `last`, or between them."""
    if first == last:
        return equal(field, first)
    return _range(field, first, last, operator=_EQUAL)


def outside(field: Field, first: bytes, last: bytes) -> bytes:
    """The field is neither of these, nor between them."""
    return _range(field, first, last, operator=_NOT_EQUAL)


def has_bits(field: Field, bits: int) -> bytes:
    """One of the bits is set in a field of 4 bytes that stands in no packet."""
    mask, zero = native(bits), bytes(4)
    registers = number(1, FIRST_REGISTER), number(2, FIRST_REGISTER), number(3, 4)
    masked = expression("bitwise", *registers, data(4, mask), data(5, zero))
    return load(field, FIRST_REGISTER) + masked + _compare(_NOT_EQUAL, zero)


@lru_cache
def family(version: int) -> bytes:
    """The packet is of IPv4 (4) or of IPv6 (6)."""
    return equal(FAMILY, _FAMILIES[version])


@lru_cache
def protocol(name: str) -> bytes:
    """TCP, UDP or SCTP."""
    return equal(PROTOCOL, bytes([PROTOCOLS[name]]))


@lru_cache
def state(*names: str) -> bytes:
    """The connection's state is one of these."""
    return has_bits(CONNECTION_STATE, sum(_STATES[name] for name in names))


def to_this_node() -> bytes:
    """The destination is an address of this network namespace."""
    return equal(DESTINATION_TYPE, native(_LOCAL))


def from_this_node() -> bytes:
    """The source is an address of this network namespace."""
    return equal(SOURCE_TYPE, native(_LOCAL))


def within_set(name: str, *fields: Field, inverted: bool = False) -> bytes:
    """The fields together are, or are not, an element of a set."""
    flags = number(5, 1) if inverted else b""
    return load_all(*fields) + expression("lookup", text(1, name), number(2, FIRST_REGISTER), flags)


def by_map(name: str, *fields: Field) -> bytes:
    """The verdict that a map has for the fields together; without one the rule ends."""
    registers = number(2, FIRST_REGISTER), number(3, 0)
    return load_all(*fields) + expression("lookup", text(1, name), *registers)


def load_all(*fields: Field) -> bytes:
    """Fields as one key."""
    loaded, register = [], FIRST_REGISTER
    for field in fields:
        loaded.append(load(field, register))
        register += -(-field.length // 4)
    return b"".join(loaded)


def _range(field: Field, first: bytes, last: bytes, operator: int) -> bytes:
    how = number(1, FIRST_REGISTER), number(2, operator), data(3, first), data(4, last)
    return load(field, FIRST_REGISTER) + expression("range", *how)


def _compare(operator: int, value: bytes) -> bytes:
    return expression("cmp", number(1, FIRST_REGISTER), number(2, operator), data(3, value))
