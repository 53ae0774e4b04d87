"""Selectors that are boolean expressions over labels, beside the label selectors of Kubernetes.

Calico's selector language and Cilium's label prefixes are compiled to these; the engine evaluates both kinds alike.
Source for the operators and for labels that are absent: Calico's reference, "Selectors" of NetworkPolicy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from netdoctor.cluster.objects import LabelSelector, Requirement
from netdoctor.cluster.selectors import matches

Operator = Literal["==", "!=", "in", "not in", "has", "contains", "starts with", "ends with"]


_HOLDS: Mapping[Operator, Callable[[str, tuple[str, ...]], bool]] = {
    "has": lambda _, __: True,
    "==": lambda value, values: value in values,
    "in": lambda value, values: value in values,
    "!=": lambda value, values: value not in values,
    "not in": lambda value, values: value not in values,
    "contains": lambda value, values: values[0] in value,
    "starts with": lambda value, values: value.startswith(values[0]),
    "ends with": lambda value, values: value.endswith(values[0]),
}


@dataclass(frozen=True, slots=True)
class Compare:
    """One label against `values`: one of them, any number for `in` and `not in`, none for `has`.

    An absent label satisfies `!=` and `not in` alone.
    """

    key: str
    operator: Operator
    values: tuple[str, ...] = ()

    def holds(self, value: str | None) -> bool:
        """Whether it is true of a label's value, or of its absence (None)."""
        if value is None:
            return self.operator in ("!=", "not in")
        return _HOLDS[self.operator](value, self.values)

    def __str__(self) -> str:
        match self.operator:
            case "has":
                return f"has({self.key})"
            case "in" | "not in":
                return f"{self.key} {self.operator} {{{', '.join(map(_quoted, self.values))}}}"
        return f"{self.key} {self.operator} {_quoted(self.values[0])}"


@dataclass(frozen=True, slots=True)
class And:
    """All of the terms; none at all hold."""

    terms: tuple[Expression, ...]

    def __str__(self) -> str:
        return " && ".join(_grouped(term) for term in self.terms) or "all()"


@dataclass(frozen=True, slots=True)
class Or:
    """One of the terms; of none at all, none holds."""

    terms: tuple[Expression, ...]

    def __str__(self) -> str:
        return " || ".join(_grouped(term) for term in self.terms) or "!all()"


@dataclass(frozen=True, slots=True)
class Not:
    """What the term is not."""

    term: Expression

    def __str__(self) -> str:
        return f"!{_grouped(self.term)}"


@dataclass(frozen=True, slots=True)
class Everything:
    """Any labels, and none."""

    def __str__(self) -> str:
        return "all()"


Expression = Compare | And | Or | Not | Everything
Selector = LabelSelector | Expression


def holds(expression: Expression, labels: Mapping[str, str]) -> bool:
    """Whether labels satisfy an expression."""
    match expression:
        case Compare():
            return expression.holds(labels.get(expression.key))
        case And(terms):
            return all(holds(term, labels) for term in terms)
        case Or(terms):
            return any(holds(term, labels) for term in terms)
        case Not(term):
            return not holds(term, labels)
        case Everything():
            return True


def may_hold(expression: Expression, labels: Mapping[str, str]) -> bool | None:
    """The same where there may be more labels than these; None where that decides."""
    match expression:
        case Compare(key=key):
            return expression.holds(labels[key]) if key in labels else None
        case And(terms):
            return _all(may_hold(term, labels) for term in terms)
        case Or(terms):
            return _negated(_all(_negated(may_hold(term, labels)) for term in terms))
        case Not(term):
            return _negated(may_hold(term, labels))
        case Everything():
            return True


def selects(selector: Selector | None, labels: Mapping[str, str]) -> bool:
    """Whether either kind of selector selects labels; None selects all, as an absent selector of a peer does."""
    if selector is None:
        return True
    return matches(selector, labels) if isinstance(selector, LabelSelector) else holds(selector, labels)


def comparisons(expression: Expression) -> Iterator[Compare]:
    """All that an expression compares."""
    match expression:
        case Compare():
            yield expression
        case And(terms) | Or(terms):
            for term in terms:
                yield from comparisons(term)
        case Not(term):
            yield from comparisons(term)


def conjuncts(expression: Expression) -> Iterator[Expression]:
    """The parts of which each must hold."""
    if isinstance(expression, And):
        for term in expression.terms:
            yield from conjuncts(term)
    elif not isinstance(expression, Everything):
        yield expression


def as_requirement(expression: Expression) -> Requirement | None:
    """The requirement of a label selector that says the same; None where none does."""
    match expression:
        case Compare(key, "==" | "in", values):
            return Requirement(key=key, operator="In", values=values)
        case Compare(key, "!=" | "not in", values):
            return Requirement(key=key, operator="NotIn", values=values)
        case Compare(key, "has"):
            return Requirement(key=key, operator="Exists")
        case Not(Compare(key, "has")):
            return Requirement(key=key, operator="DoesNotExist")
    return None


def _all(answers: Iterator[bool | None]) -> bool | None:
    found: bool | None = True
    for answer in answers:
        if answer is False:
            return False
        found = found and answer
    return found


def _negated(answer: bool | None) -> bool | None:
    return None if answer is None else not answer


def _quoted(value: str) -> str:
    return f'"{value}"' if "'" in value else f"'{value}'"


def _grouped(term: Expression) -> str:
    return f"({term})" if isinstance(term, And | Or) and len(term.terms) > 1 else str(term)
