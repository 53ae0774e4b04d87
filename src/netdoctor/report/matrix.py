"""A matrix of who can reach whom, said as it is computed: one destination after the other, in any format.

Formats are generators of text, so that a big cluster's matrix needs no more memory than one of its rows.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from io import StringIO
from typing import Any

from netdoctor.policy.entities import Answer, Row, View
from netdoctor.policy.selection import numbers
from netdoctor.report.untrusted import printable


@dataclass(frozen=True, slots=True)
class Selected:
    """The part of a matrix that was asked for: entities as masks, ports as a mask of the matrix's port space."""

    view: View
    sources: int
    destinations: Sequence[int]
    ports: int

    def rows(self, destination: int) -> Iterator[Row]:
        """The rows of a destination, as far as they were asked for."""
        for row in self.view.rows(destination):
            ports, sources = row.ports & self.ports, row.sources & self.sources
            if ports and sources:
                yield Row(ports, row.answer, sources)

    def name(self, number: int) -> str:
        """An entity's name, which may come from anybody."""
        return self.view.entities[number].name

    def ports_text(self, ports: int) -> str:
        """Some ports in words; all that were asked for are `every port`."""
        return self.view.matrix.ports.text(ports)


def as_json(selected: Selected, head: dict[str, Any]) -> Iterator[str]:
    """One document; ASCII only, so that no name in it can speak to a terminal."""
    encoded = [json.dumps(entity.name).replace("\x7f", "\\u007f") for entity in selected.view.entities]

    @lru_cache(maxsize=64)  # neighbours often have the same sources
    def listed(mask: int) -> str:
        return "[" + ",".join(encoded[number] for number in numbers(mask)) + "]"

    yield json.dumps(head)[:-1] + ', "destinations": ['
    for count, destination in enumerate(selected.destinations):
        by_answer: dict[Answer, list[str]] = {answer: [] for answer in Answer}
        for row in selected.rows(destination):
            ports = json.dumps(selected.ports_text(row.ports))
            by_answer[row.answer].append(f'{{"ports": {ports}, "from": {listed(row.sources)}}}')
        answers = (
            f'"{answer}": [{", ".join(rows)}]' for answer, rows in by_answer.items() if answer is not Answer.DENIED
        )
        yield f'{"," if count else ""}\n{{"to": {encoded[destination]}, {", ".join(answers)}}}'
    yield "\n]}\n"


def as_csv(selected: Selected) -> Iterator[str]:
    """A line for each pair and set of ports that is not denied: source, destination, ports, answer (RFC 4180)."""
    quoted = [_csv(printable(entity.name)) for entity in selected.view.entities]
    yield "from,to,ports,answer\n"
    for destination in selected.destinations:
        for row in selected.rows(destination):
            if row.answer is not Answer.DENIED:
                rest = f",{quoted[destination]},{_csv(selected.ports_text(row.ports))},{row.answer}\n"
                yield rest.join(quoted[number] for number in numbers(row.sources)) + rest


def _csv(text: str) -> str:
    """One field; a spreadsheet must not take it for a formula (CWE-1236)."""
    buffer = StringIO()
    csv.writer(buffer, lineterminator="").writerow([f"'{text}" if text[:1] in "=+-@" else text])
    return buffer.getvalue()


def as_dot(selected: Selected) -> Iterator[str]:
    """A graph for Graphviz, with an edge for each pair that may connect."""
    yield "digraph connectivity {\n  rankdir=LR;\n  node [shape=box];\n"
    for number in _drawn(selected):
        yield f"  n{number} [label={_dot(selected.name(number))}];\n"
    for source, destination, label, answer in _edges(selected):
        style = "" if answer is Answer.ALLOWED else ", style=dashed"
        yield f"  n{source} -> n{destination} [label={_dot(label)}{style}];\n"
    yield "}\n"


def _dot(text: str) -> str:
    return '"' + printable(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


def as_mermaid(selected: Selected) -> Iterator[str]:
    """A flowchart for Mermaid, as Markdown pages show it."""
    yield "flowchart LR\n"
    for number in _drawn(selected):
        yield f'  n{number}["{_entities(selected.name(number))}"]\n'
    for source, destination, label, answer in _edges(selected):
        arrow = "-->" if answer is Answer.ALLOWED else "-.->"
        yield f'  n{source} {arrow}|"{_entities(label)}"| n{destination}\n'


def _entities(text: str) -> str:
    """Everything that could end a label as Mermaid's own character codes."""
    return "".join(c if c.isascii() and (c.isalnum() or c in " -_./:,()") else f"#{ord(c)};" for c in printable(text))


def _drawn(selected: Selected) -> list[int]:
    mask = selected.sources
    for destination in selected.destinations:
        mask |= 1 << destination
    return numbers(mask)


def _edges(selected: Selected) -> Iterator[tuple[int, int, str, Answer]]:
    for destination in selected.destinations:
        for row in selected.rows(destination):
            if row.answer is not Answer.DENIED:
                for source in numbers(row.sources):
                    yield source, destination, selected.ports_text(row.ports), row.answer


def edge_count(selected: Selected) -> int:
    """How many edges a graph of it has."""
    rows = (row for destination in selected.destinations for row in selected.rows(destination))
    return sum(row.sources.bit_count() for row in rows if row.answer is not Answer.DENIED)
