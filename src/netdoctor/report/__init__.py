"""Says a report aloud: one module per format behind `render`.

Plain functions from reports to text; where the text goes is the command line's business. Whatever stands in a
report may come from a cluster and is untrusted: `untrusted.printable` (table, wide) and ASCII-only documents
(json, yaml) keep it from speaking to the terminal.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING

from netdoctor.report.style import Style

if TYPE_CHECKING:  # `--help` needs `Format`, and not what reports are made of
    from netdoctor.model.report import CheckReport

__all__ = ["Format", "Style", "encode", "listed", "render"]


class Format(StrEnum):
    """The output formats of `-o`."""

    TABLE = "table"
    WIDE = "wide"
    JSON = "json"
    YAML = "yaml"


def render(reports: CheckReport | Sequence[CheckReport], output: Format, style: Style) -> str:
    """The whole output, with its closing newline.

    As kubectl does, one report is one document, and a sequence (of any length) is a document of kind List.
    """
    if output in (Format.JSON, Format.YAML):
        return encode(listed(reports) if isinstance(reports, Sequence) else reports, output)
    from netdoctor.report.table import tables  # noqa: PLC0415

    several = reports if isinstance(reports, Sequence) else [reports]
    return tables(several, style, wide=output is Format.WIDE)


def encode(document: object, output: Format) -> str:
    """Any document as JSON or YAML; the module of the other format is not loaded."""
    if output is Format.JSON:
        from netdoctor.report import json  # noqa: PLC0415

        return json.encode(document)
    from netdoctor.report import yaml  # noqa: PLC0415

    return yaml.encode(document)


def listed(items: Sequence[object]) -> dict[str, object]:
    """Several documents as one: kind List, as kubectl prints them."""
    return {"apiVersion": "v1", "kind": "List", "items": list(items)}
