"""What a rule can look at in a packet, and load into registers.

Source: include/uapi/linux/netfilter/nf_tables.h; the numbers of types are those of `enum datatypes` in nft, which it
keeps with a set so that it can print the elements.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from netdoctor.lab.nft.attributes import nested, number, text

_NETWORK, _TRANSPORT = 1, 2  # enum nft_payload_bases


@dataclass(frozen=True, slots=True)
class Field:
    """One thing to look at.

    Attributes:
        expression: the name of the kernel's expression that loads it.
        attributes: of that expression, but for the register.
        length: in bytes.
        type: the number by which nft knows how to print it.
        native: whether it is the kernel's own and stands in no packet, so that it has the machine's byte order.
    """

    expression: str
    attributes: bytes
    length: int
    type: int
    native: bool = False


def expression(name: str, *attributes: bytes) -> bytes:
    """One element of a rule's list of expressions."""
    return nested(1, text(1, name), nested(2, *attributes))


def load(field: Field, register: int) -> bytes:
    """A field into a register and those that follow it; all expressions that load have the register as attribute 1."""
    return expression(field.expression, number(1, register), field.attributes)


def join(*parts: bytes) -> bytes:
    """A key or a value of several fields: each begins a register of 4 bytes."""
    return b"".join(part + bytes(-len(part) % 4) for part in parts)


def native(value: int) -> bytes:
    """32 bits as the kernel itself holds a number that stands in no packet."""
    return value.to_bytes(4, sys.byteorder)


def is_port(value: int | None) -> bool:
    """Whether packets can have it; what stands in an object may be anything."""
    return value is not None and 0 < value < 65536


def port(value: int) -> bytes:
    """A port as packets have it."""
    return value.to_bytes(2, "big")


def interface(name: str) -> bytes:
    """The name of an interface."""
    return name.encode().ljust(16, b"\0")


def _payload(base: int, offset: int, length: int, kind: int) -> Field:
    return Field("payload", number(2, base) + number(3, offset) + number(4, length), length, kind)


def _meta(key: int, length: int, kind: int, *, native: bool = False) -> Field:
    return Field("meta", number(2, key), length, kind, native)


def _address_type(flag: int) -> Field:
    return Field("fib", number(2, 3) + number(3, flag), 4, 38)


def numgen(modulus: int, offset: int) -> Field:
    """A random number from `offset` on, below `offset` + `modulus`."""
    return Field("numgen", number(2, modulus) + number(3, 1) + number(4, offset), 4, 4, native=True)


SOURCE: Mapping[int, Field] = MappingProxyType({4: _payload(_NETWORK, 12, 4, 7), 6: _payload(_NETWORK, 8, 16, 8)})
DESTINATION: Mapping[int, Field] = MappingProxyType({4: _payload(_NETWORK, 16, 4, 7), 6: _payload(_NETWORK, 24, 16, 8)})
SOURCE_PORT = _payload(_TRANSPORT, 0, 2, 13)
DESTINATION_PORT = _payload(_TRANSPORT, 2, 2, 13)
ICMPV6_TYPE = _payload(_TRANSPORT, 0, 1, 29)
FAMILY = _meta(15, 1, 2)
PROTOCOL = _meta(16, 1, 12)
MARK = _meta(3, 4, 19)
INPUT_INTERFACE, OUTPUT_INTERFACE = _meta(6, 16, 41, native=True), _meta(7, 16, 41, native=True)
CONNECTION_STATE = Field("ct", number(2, 0), 4, 26)
SOURCE_TYPE, DESTINATION_TYPE = _address_type(1), _address_type(2)
ORDINAL = numgen(1, 0)  # the key of a map from which one value is chosen
