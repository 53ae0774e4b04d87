"""A table of nf_tables as a value: chains of rules, and the sets and maps that the rules look things up in.

All tables are of the family inet. Names of sets, maps and chains are at most 255 bytes long.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

from netdoctor.lab.nft.fields import Field


class Point(IntEnum):
    """Where on a packet's way a chain is called; the numbers are the kernel's (enum nf_inet_hooks)."""

    PREROUTING = 0
    INPUT = 1
    FORWARD = 2
    OUTPUT = 3
    POSTROUTING = 4


@dataclass(frozen=True, slots=True)
class Hook:
    """Where a base chain is called; those of lower priority come first."""

    type: Literal["filter", "nat"]
    point: Point
    priority: int


@dataclass(frozen=True, slots=True)
class Rule:
    """Encoded expressions, conditions before statements, and a comment for readers."""

    expressions: bytes
    comment: str = ""


def rule(*expressions: bytes, comment: str = "") -> Rule:
    """A rule of conditions and statements."""
    return Rule(b"".join(expressions), comment)


@dataclass(frozen=True, slots=True)
class Chain:
    """Rules in order. One with a hook accepts at its end, another one returns."""

    name: str
    rules: Sequence[Rule]
    hook: Hook | None = None


@dataclass(frozen=True, slots=True)
class Set:
    """Elements of one or more fields, each encoded; without elements, those that rules put in (`milliseconds`)."""

    name: str
    key: tuple[Field, ...]
    elements: Sequence[bytes] = ()
    milliseconds: int = 0


@dataclass(frozen=True, slots=True)
class RangeSet:
    """Ranges of one field, both ends included; they neither overlap nor touch, and are in ascending order."""

    name: str
    key: Field
    ranges: Sequence[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class VerdictMap:
    """What to do (see `statements.to_chain`) by one or more fields."""

    name: str
    key: tuple[Field, ...]
    elements: Sequence[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class DataMap:
    """Values of fields by other fields."""

    name: str
    key: tuple[Field, ...]
    value: tuple[Field, ...]
    elements: Sequence[tuple[bytes, bytes]]


AnySet = Set | RangeSet | VerdictMap | DataMap


@dataclass(frozen=True, slots=True)
class Table:
    """A whole table, which replaces what the kernel has under its name."""

    name: str
    chains: Sequence[Chain] = ()
    sets: Sequence[AnySet] = ()
