"""A table as the messages that put it into the kernel.

The order lets a batch that is too big for one message of the socket be cut anywhere: chains that packets get to come
last, all of them together.

Source: include/uapi/linux/netfilter/nf_tables.h and nfnetlink.h.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from socket import htons
from struct import Struct

from netdoctor.lab.nft.attributes import attribute, nested, number, text
from netdoctor.lab.nft.encode_sets import element_lists, set_body
from netdoctor.lab.nft.table import Chain, Rule, Table

_HEADER, _FAMILY = Struct("=IHHII"), Struct("=BBH")
_NFTABLES = 10
_OF_BATCH = _FAMILY.pack(0, 0, htons(_NFTABLES))
_OF_TABLE = _FAMILY.pack(1, 0, 0)  # NFPROTO_INET
_NEW_TABLE, _DELETE_TABLE, _NEW_CHAIN, _NEW_RULE, _NEW_SET, _NEW_ELEMENTS = 0, 2, 3, 6, 9, 12
_BEGIN, _END = 0x10, 0x11
_REQUEST, _ACK, _CREATE, _APPEND = 0x1, 0x4, 0x400, 0x800
_MOST_COMMENT = 200  # bytes, of 256 that the kernel keeps with a rule


@dataclass(frozen=True, slots=True)
class Message:
    """One command to nf_tables; `about` says what it is, for errors."""

    command: int
    flags: int
    body: bytes
    about: str
    live: bool = False  # whether packets get to what it makes

    @property
    def size(self) -> int:
        """In bytes, with headers."""
        return _HEADER.size + _FAMILY.size + len(self.body)


def encode(table: Table) -> list[Message]:
    """What replaces the table."""
    name = text(1, table.name)
    new = Message(_NEW_TABLE, _CREATE, name, f"table {table.name}")
    made = [new, Message(_DELETE_TABLE, 0, name, f"table {table.name}"), new]
    inner = [chain for chain in table.chains if chain.hook is None]
    made += (_chain(name, chain) for chain in inner)
    made += _sets(table, name)
    made += (message for chain in inner for message in _rules(name, chain))
    for chain in table.chains:
        if chain.hook is not None:
            made += (_chain(name, chain), *_rules(name, chain))
    return made


def removal(name: str) -> list[Message]:
    """What removes a table, whether there is one or not."""
    return encode(Table(name))[:2]


def batch(messages: Sequence[Message], first: int) -> bytes:
    """Messages that take effect together, numbered from `first` + 1 on; the last one is acknowledged."""
    packed = [_packed(_BEGIN, first, _OF_BATCH)]
    for place, message in enumerate(messages, start=1):
        flags = message.flags | (_ACK if place == len(messages) else 0)
        kind = _NFTABLES << 8 | message.command
        packed.append(_packed(kind, first + place, _OF_TABLE + message.body, flags))
    packed.append(_packed(_END, first + len(messages) + 1, _OF_BATCH))
    return b"".join(packed)


def _packed(kind: int, sequence: int, body: bytes, flags: int = 0) -> bytes:
    return _HEADER.pack(_HEADER.size + len(body), kind, _REQUEST | flags, sequence, 0) + body


def _chain(table: bytes, chain: Chain) -> Message:
    body = table + text(3, chain.name)
    if chain.hook:
        priority = chain.hook.priority & 0xFFFFFFFF
        body += nested(4, number(1, chain.hook.point), number(2, priority)) + number(5, 1) + text(7, chain.hook.type)
    return Message(_NEW_CHAIN, _CREATE, body, f"chain {chain.name}", live=chain.hook is not None)


def _rules(table: bytes, chain: Chain) -> Iterator[Message]:
    before, live = table + text(2, chain.name), chain.hook is not None
    for place, one in enumerate(chain.rules, start=1):
        body = before + nested(4, one.expressions) + _comment(one)
        yield Message(_NEW_RULE, _CREATE | _APPEND, body, f"rule {place} of chain {chain.name}", live)


def _comment(one: Rule) -> bytes:
    if not one.comment:
        return b""
    kept = one.comment.encode()[:_MOST_COMMENT].decode(errors="ignore").encode() + b"\0"
    return attribute(7, bytes([0, len(kept)]) + kept)


def _sets(table: Table, name: bytes) -> Iterator[Message]:
    numbers = count(1)
    for one in table.sets:
        yield Message(_NEW_SET, _CREATE, name + text(2, one.name) + set_body(one, next(numbers)), f"set {one.name}")
    for one in table.sets:
        for elements in element_lists(one):
            body = name + text(2, one.name) + elements
            yield Message(_NEW_ELEMENTS, _CREATE, body, f"elements of set {one.name}")
