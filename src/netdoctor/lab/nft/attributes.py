"""Netlink attributes: what every message of nf_tables is made of.

Source: include/uapi/linux/netlink.h; numbers in attributes of nf_tables are big-endian.
"""

from __future__ import annotations

from struct import Struct

_HEADER = Struct("=HH")
_NESTED = 0x8000
_VALUE = 1  # NFTA_DATA_VALUE


def attribute(kind: int, payload: bytes) -> bytes:
    """One attribute, padded to 4 bytes."""
    length = _HEADER.size + len(payload)
    return _HEADER.pack(length, kind) + payload + bytes(-length % 4)


def nested(kind: int, *children: bytes) -> bytes:
    """An attribute of attributes."""
    return attribute(kind | _NESTED, b"".join(children))


def number(kind: int, value: int) -> bytes:
    """32 bits."""
    return attribute(kind, value.to_bytes(4, "big"))


def text(kind: int, value: str) -> bytes:
    """A name, zero-terminated."""
    return attribute(kind, value.encode() + b"\0")


def data(kind: int, value: bytes) -> bytes:
    """What a register or an element of a set holds."""
    return nested(kind, attribute(_VALUE, value))
