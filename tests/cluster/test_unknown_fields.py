"""Fields that the kinds of policies do not have, and the lines where they stand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from netdoctor.cluster.decode import KINDS, POLICY_KINDS, convert
from netdoctor.cluster.documents import read_documents
from netdoctor.cluster.field_lines import field_lines
from netdoctor.cluster.files import load
from netdoctor.cluster.unknown_fields import UnknownField, unknown_fields
from netdoctor.model.refs import ObjectRef
from tests.cluster.mutations import CALICO_OBJECTS, CILIUM_OBJECTS, OBJECTS

POLICIES = {
    read.kind_name(): item
    for item in (*OBJECTS, *CALICO_OBJECTS, *CILIUM_OBJECTS)
    if (read := convert(item)) and read.kind_name() in POLICY_KINDS
}
TEXT = """\
# a comment
kind: NetworkPolicy
apiVersion: networking.k8s.io/v1
metadata: {name: p, namespace: shop}
spec:
  podSelectors: {}
  podSelector:
    matchLabel: {a: b}
  ingress:
  - form: []
    from:
    - podSelector: {}
      ports: [{port: 80}]
    ports:
    - {prot: 80,
       protocol: TCP}
"""
PATHS = {
    "spec.podSelectors": ("podSelector", 6),
    "spec.podSelector.matchLabel": ("matchLabels", 8),
    "spec.ingress[0].form": ("from", 10),
    "spec.ingress[0].from[0].ports": ("", 13),
    "spec.ingress[0].ports[0].prot": ("port", 15),
}


def found(text: str, tmp_path: Path) -> dict[str, tuple[str, int]]:
    (tmp_path / "f.yaml").write_text(text)
    fields = load([str(tmp_path / "f.yaml")]).unknown_fields.get(ObjectRef("NetworkPolicy", "p", "shop"), ())
    return {field.path: (field.meant, field.line) for field in fields}


def test_each_is_named_with_its_line_and_what_may_be_meant(tmp_path: Path) -> None:
    assert found(TEXT, tmp_path) == PATHS


def test_in_a_list_too_and_in_json(tmp_path: Path) -> None:
    items = "".join(f"- {line}" if n == 1 else f"  {line}" for n, line in enumerate(TEXT.splitlines(keepends=True)))
    moved = {path: (meant, line + 2) for path, (meant, line) in PATHS.items()}
    assert found(f"kind: List\nitems:\n{items}", tmp_path) == moved
    (document,) = read_documents(TEXT.encode(), "f")
    text = json.dumps({"kind": "List", "items": [document.value]}, indent=1)
    lines = text.splitlines()
    assert {path: lines[line - 1].split('"')[1] for path, (_, line) in found(text, tmp_path).items()} == {
        path: path.rpartition(".")[2] for path in PATHS
    }


def test_where_a_field_comes_with_an_alias_the_line_is_the_objects(tmp_path: Path) -> None:
    text = TEXT.partition("spec:")[0] + "x: &x {ingres: []}\nspec: {<<: *x, podSelector: {}}\n"
    assert found(text, tmp_path) == {"x": ("", 5), "spec.ingres": ("ingress", 2)}


def test_of_a_policy_given_twice_the_last_counts(tmp_path: Path) -> None:
    right = "\n".join(TEXT.splitlines()[:5]) + "\n  podSelector: {}\n"
    assert found(f"{TEXT}---\n{right}", tmp_path) == {}
    assert found(f"{right}---\n{TEXT}", tmp_path).keys() == PATHS.keys()


def test_ten_are_enough_and_names_without_end_are_cut() -> None:
    many = {**POLICIES["NetworkPolicy"], **{f"field{n}": 1 for n in range(50)}}
    assert len(unknown_fields(many, KINDS["NetworkPolicy"].type)) == 10
    long = {**POLICIES["NetworkPolicy"], "x" * 5_000_000: 1}
    assert unknown_fields(long, KINDS["NetworkPolicy"].type) == (UnknownField("x" * 100, ""),)


@pytest.mark.parametrize("kind", sorted(POLICY_KINDS))
def test_what_an_api_server_stores_has_no_unknown_field(kind: str) -> None:
    stored = {"uid": "u", "resourceVersion": "1", "generation": 2, "managedFields": [{"manager": "kubectl"}]}
    policy = {**POLICIES[kind], "status": {"conditions": [{"type": "Ready"}]}}
    policy["metadata"] = {**policy["metadata"], **stored}
    assert unknown_fields(policy, KINDS[kind].type) == ()


def places(value: Any, path: str = "") -> list[tuple[str, dict[str, Any]]]:
    """Every object inside that has fields, but for maps of labels."""
    if isinstance(value, list):
        return [place for index, item in enumerate(value) for place in places(item, f"{path}[{index}]")]
    if not isinstance(value, dict) or path.endswith(("abels",)):
        return []
    below = (places(item, f"{path}.{key}" if path else key) for key, item in value.items())
    return [(path, value), *(place for each in below for place in each)]


@pytest.mark.parametrize("kind", sorted(POLICY_KINDS))
def test_an_unknown_field_is_found_wherever_it_is(kind: str) -> None:
    for number in range(len(places(POLICIES[kind]))):
        policy = json.loads(json.dumps(POLICIES[kind]))
        path, place = places(policy)[number]
        place["bogus"] = None
        assert convert(policy) is not None
        (unknown,) = unknown_fields(policy, KINDS[kind].type)
        assert unknown.path == (f"{path}.bogus" if path else "bogus")


def test_lines_of_what_is_no_yaml_are_not_known() -> None:
    assert field_lines(b'{"a": "\\ud83d\\ude00", "b": 1}', {1: frozenset({"b"})}) == {}
