"""YAML as Kubernetes reads it, and what hostile YAML gets."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from netdoctor.cluster.yaml_reader import read_yaml


def one(text: str) -> Any:
    (document,) = read_yaml(text.encode())
    return document.value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2026-01-02", "2026-01-02"),
        ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z"),
        ("22:22", "22:22"),
        ("31e565040", "31e565040"),
        ("1.2.3", "1.2.3"),
        ("08", "08"),
        ("00", 0),
        ("0o_", "0o_"),
        ("0x_", "0x_"),
        pytest.param("9" * 5000, "9" * 5000, id="5000 digits"),
        pytest.param("0x" + "f" * 5000, "0x" + "f" * 5000, id="5000 hexadecimal digits"),
        ("'80'", "80"),
        ("!!str 80", "80"),
        ("80", 80),
        ("-1_000", -1000),
        ("010", 8),
        ("0o10", 8),
        ("0x1F", 31),
        ("1.5", 1.5),
        ("-.5e+1", -5.0),
        ("yes", True),
        ("OFF", False),
        ("~", None),
        ("", None),
        ("<<", "<<"),
        ("+", "+"),
    ],
)
def test_scalars(text: str, value: Any) -> None:
    assert one(f"a: {text}") == {"a": value}


def test_keys_are_text() -> None:
    assert one("1: a\non: b\n~: c") == {"1": "a", "on": "b", "~": "c"}


def test_merges_keep_own_keys_and_the_first_merged() -> None:
    text = "x: &x {a: 1, b: 1}\ny: &y {b: 2, c: 2}\nz: {c: 3, <<: [*x, *y]}"
    assert one(text)["z"] == {"a": 1, "b": 1, "c": 3}


def test_lines_of_documents_and_list_items() -> None:
    text = "# first\nkind: A\n---\n\nkind: List\nitems:\n- kind: B\n- \n  kind: C\n---\n"
    first, second = read_yaml(text.encode())
    assert (first.line, second.line) == (2, 5)
    assert [second.item_lines[id(item)] for item in second.value["items"]] == [7, 9]


scalars = (
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]))
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text("abc", min_size=1), inner), max_leaves=20
)


@given(values.filter(lambda value: value is not None))
def test_reads_what_pyyaml_writes(value: Any) -> None:
    assert one(yaml.dump(value, Dumper=yaml.CSafeDumper, allow_unicode=True)) == value


def bomb() -> str:
    levels = [
        f"{this}: &{this} [{', '.join([f'*{before}'] * 9)}]"
        for before, this in zip("abcdefgh", "bcdefghi", strict=True)
    ]
    return "\n".join(["a: &a [1, 2, 3]", *levels])


@pytest.mark.parametrize(
    ("text", "problem", "line"),
    [
        ("[" * 100_000, "nested more than 200 deep", 0),
        (bomb(), "aliases multiply", 5),
        ("a: &a [*a]", "unfinished anchor a", 0),
        ("a: 1\nb: *nowhere", "unknown or unfinished anchor nowhere", 1),
        ("a:\n- !!python/object/apply:os.system [id]\n- !secret x", "unknown tag", 2),
        ("[a]: 1", "a key must be", 0),
        ("x: 1\n<<: 5", "<< needs a mapping", 1),
        ("a: 1\n b: 2", "mapping values are not allowed", 1),
    ],
)
def test_hostile_and_malformed_input_is_refused_with_its_line(text: str, problem: str, line: int) -> None:
    with pytest.raises(yaml.MarkedYAMLError, match=problem) as caught:
        list(read_yaml(text.encode()))
    assert caught.value.problem_mark is not None
    assert caught.value.problem_mark.line == line


def test_many_honest_aliases_are_fine() -> None:
    document = "a: &a {x: [1, 2, 3]}\nb: [" + ", ".join(["*a"] * 1000) + "]"
    assert len(one(document)["b"]) == 1000


def test_merges_are_not_copied_once_for_each_of_them() -> None:
    """That would be 2 billion entries."""
    own = "\n".join(f"  k{number}: 1" for number in range(20_000))
    value = one(f"x: &x {{a: 1}}\nz:\n{own}\n  <<: [{', '.join(['*x'] * 100_000)}]")["z"]
    assert len(value) == 20_001
