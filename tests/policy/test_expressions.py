"""Label expressions: every operator on a label that is there, that differs, and that is absent."""

import pytest

from netdoctor.policy.expressions import And, Compare, Everything, Expression, Not, Or, holds

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
