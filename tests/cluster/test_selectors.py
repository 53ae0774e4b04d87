from __future__ import annotations

import pytest

from netdoctor.cluster.objects import LabelSelector, Requirement
from netdoctor.cluster.selectors import matches, matches_labels


@pytest.mark.parametrize(
    ("operator", "values", "with_a", "with_b", "absent"),
    [
        ("In", ("a",), True, False, False),
        ("NotIn", ("a",), False, True, True),
        ("Exists", (), True, True, False),
        ("DoesNotExist", (), False, False, True),
    ],
)
def test_operators(operator: str, values: tuple[str, ...], with_a: bool, with_b: bool, absent: bool) -> None:
    selector = LabelSelector(match_expressions=(Requirement(key="k", operator=operator, values=values),))  # type: ignore[arg-type]
    assert [matches(selector, labels) for labels in ({"k": "a"}, {"k": "b"}, {"x": "a"})] == [with_a, with_b, absent]


def test_all_parts_must_hold() -> None:
    selector = LabelSelector(match_labels={"a": "1"}, match_expressions=(Requirement(key="b", operator="Exists"),))
    assert matches(selector, {"a": "1", "b": ""})
    assert not matches(selector, {"a": "1"})
    assert not matches(selector, {"a": "2", "b": ""})


def test_the_empty_selector_matches_everything_and_none_matches_nothing() -> None:
    assert matches(LabelSelector(), {})
    assert not matches(None, {"a": "1"})
    assert matches_labels({}, {})


def test_an_empty_value_is_not_an_absent_label() -> None:
    assert matches_labels({"app": ""}, {"app": ""})
    assert not matches_labels({"app": ""}, {})


def test_an_unknown_operator() -> None:
    selector = LabelSelector(match_expressions=(Requirement(key="k", operator="Near"),))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="unknown operator 'Near' for key k"):
        matches(selector, {})
