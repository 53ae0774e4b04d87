"""A matrix from request to output: choose the part that was asked for, and write it while it is computed."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from netdoctor.cli.output import MAX_WIDTH, emit
from netdoctor.cli.policies import PolicyInput
from netdoctor.model.errors import InputError
from netdoctor.path.flows import EXTERNAL, parse_port_and_protocol, pods_of
from netdoctor.policy.by import By
from netdoctor.policy.classes import Distinctions
from netdoctor.policy.entities import View, view
from netdoctor.policy.matrix import matrix, port_space
from netdoctor.policy.reasons import Reasons
from netdoctor.policy.selection import numbers
from netdoctor.report import Format
from netdoctor.report.matrix import Selected, as_csv, as_dot, as_json, as_mermaid, edge_count
from netdoctor.report.matrix_format import MatrixFormat
from netdoctor.report.matrix_html import as_html
from netdoctor.report.matrix_table import as_table

_MOST_EDGES = 500  # that Mermaid draws; more than a person can read


@dataclass(frozen=True, slots=True)
class MatrixRequest:
    """What part of the matrix, in which form. No sources, destinations or port = all."""

    by: By
    sources: tuple[str, ...]
    destinations: tuple[str, ...]
    port: str | None
    output: MatrixFormat


def explain_cell(asked: PolicyInput, source: str, destination: str, output: MatrixFormat, *, quiet: bool) -> int:
    """`--why`: as `can`, but always exit code 0, since a denied cell is no failure."""
    from netdoctor.cli.answering import answer  # noqa: PLC0415 - what explains one flow takes long to load

    formats = {MatrixFormat.TABLE: Format.TABLE, MatrixFormat.WIDE: Format.WIDE, MatrixFormat.JSON: Format.JSON}
    if output not in formats:
        raise InputError(f"-o {output}: --why prints table, wide or json")
    answer(asked, source, destination, formats[output], quiet=quiet)
    return 0


def print_matrix(asked: PolicyInput, request: MatrixRequest) -> int:
    """Write the matrix to stdout, row by row. Raises InputError."""
    port = parse_port_and_protocol(request.port, "--port") if request.port else None
    distinctions = Distinctions.of([asked.policies])
    cut = [(port[1], port[0], port[0])] if port else []
    space = port_space(distinctions, [asked.policies.snapshot], cut)
    of = matrix(asked.policies, asked.profile, distinctions, space)
    found = view(of, request.by)
    sources = _chosen(asked, found, request.sources, "--from")
    destinations = _chosen(asked, found, request.destinations, "--to")
    ports = of.ports.holding(port[1], port[0]) if port else of.ports.everything
    selected = Selected(found, sources, numbers(destinations), ports)
    for text in _written(asked, request, selected):
        emit(text)
    return 0


def _chosen(asked: PolicyInput, found: View, names: Sequence[str], flag: str) -> int:
    """The entities with one of the pods that are named, as a mask; without names, all."""
    chosen = 0 if names else found.everyone
    for name in names:
        if name == EXTERNAL:
            matching = [number for number, entity in enumerate(found.entities) if not entity.members]
        else:
            pods = {pod.ref for pod in pods_of(asked.policies.snapshot, name, asked.namespace, flag)}
            matching = [
                number
                for number, entity in enumerate(found.entities)
                if any(member.ref in pods for member in entity.members)
            ]
        for number in matching:
            chosen |= 1 << number
    return chosen


def _written(asked: PolicyInput, request: MatrixRequest, selected: Selected) -> Iterator[str]:
    match request.output:
        case MatrixFormat.JSON:
            return as_json(selected, _head(asked, request))
        case MatrixFormat.CSV:
            return as_csv(selected)
        case MatrixFormat.DOT:
            return as_dot(selected)
        case MatrixFormat.MERMAID:
            if (count := edge_count(selected)) > _MOST_EDGES:
                raise InputError(
                    f"-o mermaid: {count} connections are too many to draw (at most {_MOST_EDGES})",
                    hint="choose with --from, --to or --port, or use --by namespace",
                )
            return as_mermaid(selected)
        case MatrixFormat.HTML:
            return as_html(selected, _head(asked, request))
    reasons = Reasons(selected.view) if request.output is MatrixFormat.WIDE else None
    return as_table(selected, _width(), reasons)


def _head(asked: PolicyInput, request: MatrixRequest) -> dict[str, Any]:
    """What the machine-readable forms say before the first row."""
    return {
        "apiVersion": "netdoctor.dev/v1",
        "kind": "ConnectivityMatrix",
        "by": request.by.value,
        "cni": asked.profile.name,
        "enforced": asked.profile.enforces,
        "policies": len(asked.policies.snapshot.network_policies),
        "problems": [{"object": str(ref), "text": text} for ref, text in asked.policies.problems],
    }


def _width() -> int:
    """Columns of the terminal; a file or a pipe takes lines as wide as a page."""
    return min(shutil.get_terminal_size((MAX_WIDTH, 24)).columns, MAX_WIDTH) if sys.stdout.isatty() else MAX_WIDTH
