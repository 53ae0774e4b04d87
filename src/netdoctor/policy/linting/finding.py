"""What a query finds, or cannot know."""

from __future__ import annotations

from dataclasses import dataclass

from netdoctor.model.refs import ObjectRef
from netdoctor.policy.linting.query import Query


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault.

    Attributes:
        query: that found it.
        ref: the policy, with the path of what it is about; None where it is about all policies together.
        because: a sentence.
        fix: the smallest change, in words; empty where it is not evident.
        others: further objects that it is about, such as the rules that make this one redundant.
    """

    query: Query
    ref: ObjectRef | None
    because: str
    fix: str = ""
    others: tuple[ObjectRef, ...] = ()


@dataclass(frozen=True, slots=True)
class NotJudged:
    """What a query cannot answer, and why."""

    query: Query
    ref: ObjectRef | None
    because: str


Answer = Finding | NotJudged
