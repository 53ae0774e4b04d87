"""Label expressions: every operator on a label that is there, that differs, and that is absent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netdoctor.policy.expressions import And, Compare, Everything, Expression, Not, Or, holds, may_hold
from netdoctor.policy.selection import LabelIndex
from tests.policy.forms import KEYS, VALUES, expressions, selectors
from tests.policy.naive_form import true_of

LABELS = {"app": "web-1", "empty": ""}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (Compare("app", "==", ("web-1",)), True),
        (Compare("app", "==", ("web",)), False),
        (Compare("none", "==", ("",)), False),
        (Compare("empty", "==", ("",)), True),
        (Compare("app", "!=", ("web-1",)), False),
        (Compare("app", "!=", ("web",)), True),
        (Compare("none", "!=", ("web",)), True),
        (Compare("app", "in", ("a", "web-1")), True),
        (Compare("app", "in", ()), False),
        (Compare("none", "in", ("",)), False),
        (Compare("app", "not in", ("a", "web-1")), False),
        (Compare("app", "not in", ()), True),
        (Compare("none", "not in", ("a",)), True),
        (Compare("app", "has"), True),
        (Compare("empty", "has"), True),
        (Compare("none", "has"), False),
        (Compare("app", "contains", ("b-",)), True),
        (Compare("app", "contains", ("B",)), False),
        (Compare("none", "contains", ("",)), False),
        (Compare("app", "starts with", ("web",)), True),
        (Compare("app", "starts with", ("1",)), False),
        (Compare("none", "starts with", ("",)), False),
        (Compare("app", "ends with", ("-1",)), True),
        (Compare("app", "ends with", ("web",)), False),
        (Compare("none", "ends with", ("",)), False),
        (Everything(), True),
        (Not(Everything()), False),
        (And((Compare("app", "has"), Compare("none", "has"))), False),
        (And(()), True),
        (Or((Compare("app", "has"), Compare("none", "has"))), True),
        (Or(()), False),
        (Not(Compare("none", "==", ("x",))), True),
    ],
)
def test_an_expression_holds_for_the_labels_that_it_describes(expression: Expression, expected: bool) -> None:
    assert holds(expression, LABELS) is expected


def test_what_is_not_known_matters_only_where_it_decides() -> None:
    known, unknown = Compare("a", "==", ("1",)), Compare("b", "has")
    labels = {"a": "1"}
    assert may_hold(Or((unknown, known)), labels) is True
    assert may_hold(And((unknown, Not(known))), labels) is False
    assert may_hold(And((unknown, known)), labels) is None
    assert may_hold(Not(unknown), labels) is None


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        (
            And((Compare("a", "==", ("1",)), Or((Compare("b", "has"), Not(Compare("c", "in", ("x", "y"))))))),
            "a == '1' && (has(b) || !c in {'x', 'y'})",
        ),
        (Not(Or((Compare("a", "has"), Everything()))), "!(has(a) || all())"),
        (Compare("a", "starts with", ("it's",)), 'a starts with "it\'s"'),
    ],
)
def test_as_calico_writes_them(expression: Expression, text: str) -> None:
    assert str(expression) == text


label_sets = st.dictionaries(st.sampled_from(KEYS), st.sampled_from(VALUES))


@given(selectors, st.lists(label_sets, max_size=5))
def test_an_index_selects_what_the_naive_evaluator_does(selector: object, labels: list[dict[str, str]]) -> None:
    selected = LabelIndex(labels).selected(selector)  # type: ignore[arg-type]
    expected = [true_of(selector, one, all_known=True) for one in labels]  # type: ignore[arg-type]
    assert [bool(selected >> number & 1) for number in range(len(labels))] == expected


@given(expressions(), label_sets, label_sets)
def test_what_may_hold_is_open_only_where_more_labels_can_change_it(
    expression: Expression, labels: dict[str, str], more: dict[str, str]
) -> None:
    known = may_hold(expression, labels)
    assert known is None or holds(expression, {**more, **labels}) is known
