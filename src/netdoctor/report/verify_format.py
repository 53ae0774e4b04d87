"""The formats of `verify`, by themselves, because `--help` needs no more."""

from __future__ import annotations

from enum import StrEnum


class VerifyFormat(StrEnum):
    """The output formats of `verify -o`."""

    TABLE = "table"
    WIDE = "wide"
    JSON = "json"
    YAML = "yaml"
    JUNIT = "junit"
    TAP = "tap"
