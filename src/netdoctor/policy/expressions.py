"""Label expressions as the policies of Calico and Cilium have them: what no LabelSelector of Kubernetes can say.

Compilers translate their own languages to these, with keys that are labels; evaluation knows no language.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

Operator = Literal["==", "!=", "in", "not in", "has", "contains", "starts with", "ends with"]


def _is_one(value: str, values: tuple[str, ...]) -> bool:
    return value in values


def _is_none(value: str, values: tuple[str, ...]) -> bool:
    return value not in values


_HOLDS: Mapping[Operator, Callable[[str, tuple[str, ...]], bool]] = {
    "has": _is_none,  # of no values
    "==": _is_one,
    "in": _is_one,
    "!=": _is_none,
    "not in": _is_none,
    "contains": lambda value, values: values[0] in value,
    "starts with": lambda value, values: value.startswith(values[0]),
    "ends with": lambda value, values: value.endswith(values[0]),
}


@dataclass(frozen=True, slots=True)
class Compare:
    """One label against `values`: one of them, any number for `in` and `not in`, none for `has`.

    Where the label is absent, `!=` and `not in` hold and the others do not.
    """

    key: str
    operator: Operator
    values: tuple[str, ...] = ()

    def holds(self, value: str | None) -> bool:
        """Whether it is true of a label's value, or of its absence (None)."""
        if value is None:
            return self.operator in ("!=", "not in")
        return _HOLDS[self.operator](value, self.values)


@dataclass(frozen=True, slots=True)
class And:
    """All of `terms`."""

    terms: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one of `terms`."""

    terms: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Where `term` does not hold."""

    term: Expression


@dataclass(frozen=True, slots=True)
class Everything:
    """Whatever the labels."""


Expression = Compare | And | Or | Not | Everything


def holds(expression: Expression, labels: Mapping[str, str]) -> bool:
    """Whether an expression is true of these labels."""
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
