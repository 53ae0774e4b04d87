"""The formats of `mesh`, by themselves, because `--help` needs no more."""

from __future__ import annotations

from enum import StrEnum


class MeshFormat(StrEnum):
    """The output formats of `mesh -o`."""

    TABLE = "table"
    WIDE = "wide"
    JSON = "json"
    YAML = "yaml"
    MARKDOWN = "markdown"
    HTML = "html"
