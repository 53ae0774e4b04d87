"""get: objects as tables, YAML, JSON or names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import yaml

from netdoctor.lab.kubectl.call import Call, Outcome, chosen, named
from netdoctor.lab.kubectl.errors import wrong
from netdoctor.lab.kubectl.jsonpath import printed
from netdoctor.lab.kubectl.resources import resource_of, shown
from netdoctor.lab.kubectl.tables import NONE, columns, row
from netdoctor.lab.objects import Key, Manifest, kind_of

_FORMATS = "json, jsonpath=…, name, wide, yaml"


def get(call: Call) -> Outcome:
    """Print what is asked for."""
    keys = chosen(call)
    manifests = [call.objects[key] for key in sorted(keys, key=lambda key: (_order(keys, key), key[1], key[2]))]
    output = call.arguments.one("output")
    single = all(name for _, name in named(call.arguments.words)) and len(manifests) == 1
    if output in {"", "wide"}:
        return _tables(call, manifests, wide=bool(output))
    if output == "name":
        return Outcome(call.objects, "".join(f"{shown(manifest)}\n" for manifest in manifests))
    document: Any = manifests[0] if single else _list(manifests)
    if output == "json":
        text = msgspec.json.format(msgspec.json.encode(document), indent=4).decode() + "\n"
        return Outcome(call.objects, text)
    if output == "yaml":
        # Through JSON, so that what two objects share is written twice and not as an anchor.
        plain = msgspec.json.decode(msgspec.json.encode(document))
        return Outcome(call.objects, yaml.safe_dump(plain, default_flow_style=False))
    if output.startswith("jsonpath="):
        return Outcome(call.objects, printed(document, output.removeprefix("jsonpath=")))
    raise wrong(f'unable to match a printer suitable for the output format "{output}", allowed formats are: {_FORMATS}')


def _order(keys: Sequence[Key], key: Key) -> int:
    """Kinds in the order in which they were asked for."""
    return next(number for number, other in enumerate(keys) if other[0] == key[0])


def _list(manifests: list[Manifest]) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "List", "items": manifests, "metadata": {"resourceVersion": ""}}


def _tables(call: Call, manifests: list[Manifest], *, wide: bool) -> Outcome:
    if not manifests:
        if call.arguments.on("ignore-not-found"):
            return Outcome(call.objects)
        everywhere = call.arguments.on("all-namespaces") or not named(call.arguments.words)[0][0].namespaced
        where = "" if everywhere else f" in {call.arguments.namespace} namespace"
        return Outcome(call.objects, stderr=f"No resources found{where}{'' if everywhere else '.'}\n")
    kinds = dict.fromkeys(map(kind_of, manifests))
    tables = [
        _table(call, [m for m in manifests if kind_of(m) == kind], wide=wide, prefix=len(kinds) > 1) for kind in kinds
    ]
    return Outcome(call.objects, "\n".join(tables))


def _table(call: Call, manifests: list[Manifest], *, wide: bool, prefix: bool) -> str:
    arguments = call.arguments
    everywhere = arguments.on("all-namespaces") and resource_of(manifests[0]).namespaced
    rows = [] if arguments.on("no-headers") else [columns(kind_of(manifests[0]), wide=wide)]
    rows += [row(manifest, wide=wide) for manifest in manifests]
    if prefix:
        for cells, manifest in zip(rows[-len(manifests) :], manifests, strict=True):
            cells[0] = shown(manifest)
    if everywhere:
        names = [m["metadata"].get("namespace", "") for m in manifests]
        rows = [
            [cell, *cells]
            for cell, cells in zip([*["NAMESPACE"] * (len(rows) - len(names)), *names], rows, strict=True)
        ]
    if arguments.on("show-labels"):
        labels = [",".join(f"{k}={v}" for k, v in m["metadata"].get("labels", {}).items()) or NONE for m in manifests]
        last = [*["LABELS"] * (len(rows) - len(labels)), *labels]
        rows = [[*cells, cell] for cell, cells in zip(last, rows, strict=True)]
    return _aligned([[_printable(cell) for cell in cells] for cells in rows])


def _printable(cell: str) -> str:
    """Text from a cluster without what would steer the terminal."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in cell)


def _aligned(rows: list[list[str]]) -> str:
    widths = [max(len(cell) for cell in column) + 3 for column in zip(*rows, strict=True)]
    lines = ("".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)) for cells in rows)
    return "".join(f"{line.rstrip()}\n" for line in lines)
