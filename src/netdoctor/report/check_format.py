"""The formats of `check`, by themselves, because `--help` needs no more."""

from __future__ import annotations

from enum import StrEnum


class CheckFormat(StrEnum):
    """The output formats of `check -o`."""

    TABLE = "table"
    WIDE = "wide"
    JSON = "json"
    YAML = "yaml"
    MARKDOWN = "markdown"
    HTML = "html"
    JUNIT = "junit"
