"""Selectors of either kind as the parts that must all hold, and those parts in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from netdoctor.cluster.objects import LabelSelector, Requirement
from netdoctor.cluster.selectors import matches
from netdoctor.policy.expressions import (
    Compare,
    Expression,
    Selector,
    as_requirement,
    comparisons,
    conjuncts,
    holds,
    may_hold,
)

Part = Requirement | Expression


def requirements(selector: LabelSelector) -> tuple[Requirement, ...]:
    """matchLabels as the In requirements that they stand for, then matchExpressions."""
    labels = (Requirement(key=key, operator="In", values=(value,)) for key, value in selector.match_labels.items())
    return (*labels, *selector.match_expressions)


def parts(selector: Selector | None) -> tuple[Part, ...]:
    """What a selector requires; nothing where it selects everything."""
    if selector is None:
        return ()
    return requirements(selector) if isinstance(selector, LabelSelector) else tuple(conjuncts(selector))


def part_holds(part: Part, labels: Mapping[str, str]) -> bool:
    """Whether labels meet a part."""
    if isinstance(part, Requirement):
        return matches(LabelSelector(match_expressions=(part,)), labels)
    return holds(part, labels)


def may_meet(part: Part, labels: Mapping[str, str]) -> bool | None:
    """The same where there may be more labels than these; None where that decides."""
    if isinstance(part, Requirement):
        return part_holds(part, labels) if part.key in labels else None
    return may_hold(part, labels)


def requirement_of(part: Part) -> Requirement | None:
    """The requirement of a label selector that says the same; None where none does."""
    return part if isinstance(part, Requirement) else as_requirement(part)


def keys_of(part: Part) -> tuple[str, ...]:
    """The labels that a part is about."""
    if isinstance(part, Requirement):
        return (part.key,)
    return tuple(dict.fromkeys(compare.key for compare in comparisons(part)))


def named_values(selector: Selector) -> Iterator[tuple[str, tuple[str, ...] | None]]:
    """The labels that a selector names, each with the values that count; None = all that there are."""
    if isinstance(selector, LabelSelector):
        yield from ((requirement.key, requirement.values) for requirement in requirements(selector))
        return
    for compare in comparisons(selector):
        yield compare.key, None if _looks_inside(compare) else compare.values


def show(part: Part) -> str:
    """As kubectl writes selectors: `a=b`, `a in (b,c)`, `a notin (b)`, `a`, `!a`; others as Calico does."""
    if not isinstance(part, Requirement):
        return str(part)
    values = ",".join(part.values)
    match part.operator:
        case "In" if len(part.values) == 1:
            return f"{part.key}={values}"
        case "In" | "NotIn":
            return f"{part.key} {part.operator.lower()} ({values})"
        case "DoesNotExist":
            return f"!{part.key}"
    return part.key


def shown(selector: Selector | None) -> str:
    """A whole selector; empty where it selects everything."""
    return ", ".join(map(show, parts(selector)))


def found_text(part: Part, labels: Mapping[str, str]) -> str:
    """What there is instead: `no label a`, `a=c`."""
    return ", ".join(f"{key}={labels[key]}" if key in labels else f"no label {key}" for key in keys_of(part))


def _looks_inside(compare: Compare) -> bool:
    return compare.operator in ("contains", "starts with", "ends with")
