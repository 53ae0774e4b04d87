"""The formats of a matrix; by itself, because `--help` needs no more."""

from __future__ import annotations

from enum import StrEnum


class MatrixFormat(StrEnum):
    """The output formats of `matrix -o`."""

    TABLE = "table"
    WIDE = "wide"
    JSON = "json"
    CSV = "csv"
    MERMAID = "mermaid"
    DOT = "dot"
    HTML = "html"
