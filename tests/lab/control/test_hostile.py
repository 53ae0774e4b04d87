"""Whatever stands in a document: it is carried out, or refused in one line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from netdoctor.lab.control.shape import Shape
from netdoctor.lab.control.start import start
from netdoctor.lab.objects import snapshot_of
from netdoctor.lab.programs import programs
from netdoctor.model.errors import InputError
from tests.lab.builders import parsed

TEXT = (Path(__file__).parent / "everything.yaml").read_text()
ODD: list[Any] = [
    0,
    -1,
    99999,
    "",
    "a/b",
    [],
    {},
    [None],
    True,
    1.5,
    ["x"],
    [{}],
    {"name": 1},
    "\x1b[2J",
    "1" * 5000,
    None,
]
DOCUMENTS = len(parsed(TEXT))


def spots(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, below in inner:
        yield (*path, step)
        yield from spots(below, (*path, step))


def with_odd(document: Any, path: tuple[Any, ...], odd: Any) -> None:
    for step in path[:-1]:
        document = document[step]
    document[path[-1]] = odd


@pytest.mark.parametrize("number", range(DOCUMENTS))
def test_no_value_brings_the_controllers_down(number: int) -> None:
    carried_out = refused = 0
    for place, path in enumerate(spots(parsed(TEXT)[number])):
        documents = parsed(TEXT)
        with_odd(documents[number], path, ODD[(place + number) % len(ODD)])
        said = outcome(documents)
        assert "\n" not in said
        refused += bool(said)
        carried_out += not said
    assert refused
    assert carried_out


def outcome(documents: list[dict[str, Any]]) -> str:
    """Why the documents are refused; empty where a lab comes of them."""
    try:
        objects = start(documents, Shape())
    except InputError as error:
        return error.what
    snapshot_of(objects, "lab")
    for (kind, _, _), manifest in objects.items():
        if kind == "Pod":
            programs(manifest)
    return ""
