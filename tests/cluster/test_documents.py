"""Files taken apart into objects with their lines."""

from __future__ import annotations

import json

import pytest

from netdoctor.cluster.documents import read_documents
from netdoctor.model.errors import InputError


def found(text: str) -> list[tuple[int, str, str]]:
    documents = read_documents(text.encode(), "f")
    return [(d.line, d.value["kind"], d.value["metadata"]["name"]) for d in documents]


ITEMS = [{"kind": "Pod", "metadata": {"name": name}} for name in ("a", "b", "a")]


def test_yaml_documents_and_lists() -> None:
    text = "kind: Pod\nmetadata: {name: a}\n---\nkind: List\nitems:\n- kind: Pod\n  metadata: {name: b}\n"
    assert found(text) == [(1, "Pod", "a"), (6, "Pod", "b")]


def test_json_lists_have_the_line_of_each_item() -> None:
    text = json.dumps({"kind": "List", "apiVersion": "v1", "items": ITEMS}, indent=1)
    assert [line for line, _, _ in found(text)] == [
        number for number, line in enumerate(text.splitlines(), 1) if line == "  {"
    ]


@pytest.mark.parametrize("dump", [json.dumps, lambda value: "# yaml\n" + json.dumps(value)], ids=["json", "yaml"])
def test_items_of_a_typed_list_get_their_kind(dump: object) -> None:
    assert callable(dump)
    text = dump({"kind": "ServiceList", "apiVersion": "v1", "items": [{"metadata": {"name": "a"}}]})
    (document,) = read_documents(text.encode(), "f")
    assert document.value == {"kind": "Service", "apiVersion": "v1", "metadata": {"name": "a"}}


@pytest.mark.parametrize("items", ["[]", "null"])
def test_an_empty_list(items: str) -> None:
    assert found(f'{{"kind": "List", "items": {items}}}') == []


NESTED = {"kind": "List", "items": [{"kind": "PodList", "items": [{"metadata": {"name": "a"}}]}, ITEMS[1]]}


@pytest.mark.parametrize("mark", ["", "# yaml\n"], ids=["json", "yaml"])
def test_lists_in_lists(mark: str) -> None:
    assert [(kind, name) for _, kind, name in found(mark + json.dumps(NESTED))] == [("Pod", "a"), ("Pod", "b")]


@pytest.mark.parametrize("mark", ["", "# yaml\n"], ids=["json", "yaml"])
@pytest.mark.parametrize("depth", [11, 50])
def test_lists_in_lists_without_end(mark: str, depth: int) -> None:
    text = '{"kind": "List", "items": [' * depth + "]}" * depth
    with pytest.raises(InputError, match=r"f:\d: lists are nested more than 10 deep"):
        found(mark + text)


def test_lines_of_json_do_not_depend_on_space_or_likeness() -> None:
    item = '{"kind": "Pod", "metadata": {"name": "a"}}'
    text = f'\n\n{{"kind": "List",\n"items": [\n\n{item} ,{item}\n,\n{item}]}}'
    assert [line for line, _, _ in found(text)] == [6, 6, 8]


def test_a_single_json_object_and_flow_style_yaml() -> None:
    assert found(json.dumps(ITEMS[0])) == [(1, "Pod", "a")]
    assert found("{kind: Pod, metadata: {name: a}}") == [(1, "Pod", "a")]


def test_byte_order_mark_and_windows_line_ends() -> None:
    assert found("\ufeffkind: Pod\r\nmetadata:\r\n  name: a\r\n") == [(1, "Pod", "a")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("kind: Pod\n a: b: c", r"^f:2: mapping values are not allowed"),
        ('{"kind": "Pod",\n"metadata": ', r"^f:3: did not find"),
        ("---\nkind: Pod\nmetadata: {name: a}\n---\nhello", r"^f:5: this is no Kubernetes object"),
        ("values:\n  a: 1", r"^f:1: this is no Kubernetes object: it has no kind"),
        ('{"kind": "List", "items": [1]}', r"^f:1: this is no Kubernetes object"),
        ('{"a": 1}', r"^f:1: this is no Kubernetes object"),
        (
            '{"kind": "List", "items":\n [{"kind":"Pod","metadata":{"name":"a"}},\n"x"]}',
            r"^f:3: this is no Kubernetes object",
        ),
        ('{"kind": "List", "items": {"a": 1}}', r"^f:1: items is no list"),
        ("kind: List\nitems: x", r"^f:1: items is no list"),
        ('{"kind": "Pod", "a":\n' + "[" * 100_000, r"^f:2: nested more than 200 deep"),
        ("a: 1\nb: \x00", r"^f:2: neither YAML nor JSON: control characters are not allowed"),
    ],
)
def test_errors_name_the_line_in_one_line(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        found(text)
    assert "\n" not in str(caught.value)


def test_bytes_that_are_no_text() -> None:
    with pytest.raises(InputError, match=r"^f:1: neither YAML nor JSON: "):
        list(read_documents(b"\xff\xfe\xfa\x00\xd8", "f"))
