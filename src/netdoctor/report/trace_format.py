"""The formats of `trace`, by themselves, because `--help` needs no more."""

from __future__ import annotations

from enum import StrEnum


class TraceFormat(StrEnum):
    """The output formats of `trace -o`."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"
    MARKDOWN = "markdown"
